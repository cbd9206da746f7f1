"""Couplings: drives, their transposes, contrasts and gradients, dense and symmetric."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from eqchip.simulator.couplings.coupling import End, Ends
from eqchip.simulator.couplings.dense import Dense
from eqchip.simulator.couplings.masked import Masked, MaskedPairs
from eqchip.simulator.couplings.symmetric import Symmetric

RANDOM = np.random.default_rng(5)


def ends(rows: int = 3, columns: int = 4, alike: bool = False, **changes: Any) -> Ends:
    def drawn(*shape: int) -> Any:
        return np.ones(shape) if alike else RANDOM.uniform(0.5, 2.0, shape)

    made = Ends(
        "Y",
        RANDOM.standard_normal((rows, columns)),
        drawn(rows, columns),
        End(drawn(rows), drawn(rows)),
        End(drawn(columns), drawn(columns)),
        into_post=True,
        into_pre=True,
        diagonal=False,
        energy_scale=1.7,
        dtype=np.float64,
    )
    return replace(made, **changes)


def square(diagonal: bool, alike: bool = False) -> Ends:
    one = ends(4, 4, alike)
    return replace(one, pre=one.post, diagonal=diagonal)


def test_drives_are_the_currents_of_the_devices() -> None:
    given = ends()
    coupling = Dense(given)
    rho, post = RANDOM.standard_normal((2, 3)), RANDOM.standard_normal((2, 4))
    into_post, into_pre = np.zeros((2, 4)), np.zeros((2, 3))
    for i in range(3):
        for j in range(4):
            siemens = given.gunit[i, j] * given.theta[i, j]
            into_post[:, j] += siemens * given.pre.vunit[i] * rho[:, i]
            into_pre[:, i] += siemens * given.post.vunit[j] * post[:, j]
    into_post /= given.post.gleak * given.post.vunit
    into_pre /= given.pre.gleak * given.pre.vunit
    np.testing.assert_allclose(coupling.drive(rho), into_post, rtol=1e-13)
    np.testing.assert_allclose(coupling.back(post), into_pre, rtol=1e-13)
    out = np.empty((2, 4))
    assert coupling.drive(rho, out) is out
    np.testing.assert_allclose(coupling.row_sums(), coupling.drive(np.eye(3)).sum(axis=1))


@pytest.mark.parametrize("kind", [Dense, Symmetric])
def test_adjoints_are_transposes(kind: Any) -> None:
    coupling = kind(square(True))
    rho, mu = RANDOM.standard_normal((2, 3, 4))
    assert np.sum(coupling.drive(rho) * mu) == pytest.approx(np.sum(rho * coupling.drive_adjoint(mu)))
    assert np.sum(coupling.back(rho) * mu) == pytest.approx(np.sum(rho * coupling.back_adjoint(mu)))
    np.testing.assert_allclose(coupling.drive(rho), rho @ coupling.forward_matrix())
    np.testing.assert_allclose(coupling.back(rho), rho @ coupling.backward_matrix().T)


def test_alike_scales_leave_the_weights_as_they_are() -> None:
    coupling = Dense(ends(alike=True))
    assert coupling.forward_matrix() is coupling.theta


def test_a_write_is_felt_both_ways() -> None:
    coupling = Dense(ends(alike=True))
    coupling.drive(np.eye(3))
    coupling.back(np.eye(4))
    values = RANDOM.standard_normal((3, 4))
    coupling.set(values)
    np.testing.assert_array_equal(coupling.drive(np.eye(3)), values)
    np.testing.assert_array_equal(coupling.back(np.eye(4)), values.T)
    coupling.write(np.ones((3, 4)))
    np.testing.assert_array_equal(coupling.drive(np.eye(3)), values + 1)
    np.testing.assert_array_equal(coupling.back(np.eye(4)), values.T + 1)


def states(n: int, step: float) -> tuple[Any, Any]:
    first = RANDOM.standard_normal((5, n))
    return first, first + step * RANDOM.standard_normal((5, n))


def test_a_contrast_is_the_mean_of_the_samples_own() -> None:
    given = ends()
    (a, c), (b, d) = states(3, 0.5), states(4, 0.5)
    found = Dense(given).contrast((a, b), (c, d))
    scale = given.gunit * given.pre.vunit[:, None] * given.post.vunit / given.energy_scale
    wanted = -scale * np.mean([np.outer(c[k], d[k]) - np.outer(a[k], b[k]) for k in range(5)], axis=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    # Rows that are clamped are one array in both states.
    same = Dense(given).contrast((a, b), (a, d))
    np.testing.assert_allclose(same, Dense(given).contrast((a, b), (a.copy(), d)), rtol=1e-13)


def test_a_contrast_of_nearly_equal_states_keeps_its_digits() -> None:
    given = ends(alike=True, dtype=np.float32)
    a, b = (RANDOM.uniform(0.5, 1.0, (5, n)).astype(np.float32) for n in (3, 4))
    step = np.float32(2.0**-18)  # of which differences are exact
    c, d = a + step, b + step
    exactly = [x.astype(np.float64) for x in (a, b, c, d)]
    wanted = -(exactly[2].T @ exactly[3] - exactly[0].T @ exactly[1]) / 5 / given.energy_scale
    found = Dense(given).contrast((a, b), (c, d))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("diagonal", [False, True])
def test_a_pair_counts_once(diagonal: bool) -> None:
    coupling = Symmetric(square(diagonal))
    a, c = states(4, 0.5)
    found = coupling.contrast((a, a), (c, c))
    np.testing.assert_array_equal(found, found.T)
    one = ends(4, 4, alike=True)
    plain = Symmetric(replace(one, pre=one.post, diagonal=diagonal, energy_scale=1.0))
    found = plain.contrast((a, a), (c, c))
    for i in range(4):
        for j in range(4):
            pair = -np.mean(c[:, i] * c[:, j] - a[:, i] * a[:, j])
            share = 1.0 if i != j else 0.5 if diagonal else 0.0
            assert found[i, j] == pytest.approx(share * pair, abs=1e-15)


@pytest.mark.parametrize("diagonal", [False, True])
def test_a_symmetric_coupling_has_one_value_a_pair(diagonal: bool) -> None:
    coupling = Symmetric(square(diagonal, alike=True))
    assert coupling.into_post
    assert not coupling.into_pre
    values = RANDOM.standard_normal((4, 4))
    coupling.set(values)
    kept = coupling.theta
    np.testing.assert_array_equal(kept, kept.T)
    np.testing.assert_array_equal(np.triu(kept, 1), np.triu(values, 1))
    np.testing.assert_array_equal(np.diagonal(kept), np.diagonal(values) if diagonal else np.zeros(4))
    coupling.write(np.ones((4, 4)))
    np.testing.assert_allclose(coupling.theta[0, 1], values[0, 1] + 1)


@pytest.mark.parametrize("kind", ["dense", "symmetric", "symmetric with diagonal"])
def test_gradients_are_slopes_of_the_drives(kind: str) -> None:
    given = ends() if kind == "dense" else square(kind.endswith("diagonal"))
    coupling = Dense(given) if kind == "dense" else Symmetric(given)
    n, m = coupling.theta.shape
    rho = (RANDOM.standard_normal((5, n)), RANDOM.standard_normal((5, m)))
    mu = (RANDOM.standard_normal((5, n)), RANDOM.standard_normal((5, m)))
    if kind != "dense":
        rho, mu = (rho[0], rho[0]), (mu[0], mu[0])

    def power() -> float:
        total = np.sum(coupling.drive(rho[0]) * mu[1]) * coupling.into_post
        return float(total + np.sum(coupling.back(rho[1]) * mu[0]) * coupling.into_pre) / 5

    found = coupling.gradient(rho, mu)
    before = coupling.theta.copy()
    for i in range(n):
        for j in range(i if kind != "dense" else 0, m):
            change = np.zeros((n, m))
            change[i, j] = 1.0  # the power is linear in θ: the difference is exact
            base = power()
            coupling.write(change)
            assert power() - base == pytest.approx(found[i, j], abs=1e-12)
            coupling.set(before)


def test_a_clamped_end_feels_nothing() -> None:
    coupling = Dense(ends(into_pre=False))
    rho, post = RANDOM.standard_normal((5, 3)), RANDOM.standard_normal((5, 4))
    mu = RANDOM.standard_normal((5, 4))
    found = coupling.gradient((rho, post), (None, mu))
    np.testing.assert_allclose(found, rho.T @ mu / 5 * coupling.forward_scale, rtol=1e-12)


def masked(kind: Any, **changes: Any) -> Any:
    mask = RANDOM.random((4, 4)) < 0.5
    mask[0, 1], mask[2, 3] = True, False
    mask = mask | mask.T if kind is MaskedPairs else mask
    if kind is MaskedPairs:
        mask[2, 3] = mask[3, 2] = False
    return kind(replace(square(True), mask=mask, **changes)), mask


@pytest.mark.parametrize(("kind", "whole"), [(Masked, Dense), (MaskedPairs, Symmetric)])
def test_where_there_is_no_device_nothing_is_driven_felt_or_kept(kind: Any, whole: Any) -> None:
    coupling, mask = masked(kind)
    gap = np.argwhere(~mask)
    assert len(gap)
    a, c = states(4, 0.5)
    for found in (
        coupling.theta,
        coupling.forward_matrix(),
        coupling.backward_matrix(),
        coupling.contrast((a, a), (c, c)),
        coupling.gradient((a, a), (c, c)),
    ):
        np.testing.assert_array_equal(found[~mask], 0.0)
        assert np.all(found[mask & ~np.eye(4, dtype=bool)] != 0.0)
    values = coupling.theta + 1.0
    coupling.set(values)
    coupling.write(np.ones((4, 4)))
    np.testing.assert_array_equal(coupling.theta[~mask], 0.0)
    plain = whole(square(True, alike=True))
    plain.set(coupling.theta)
    coupling = kind(replace(square(True, alike=True), mask=mask, theta=coupling.theta))
    np.testing.assert_allclose(coupling.drive(a), plain.drive(a))
    np.testing.assert_allclose(coupling.contrast((a, a), (c, c))[mask], plain.contrast((a, a), (c, c))[mask])


def test_columns_alike_and_rows_that_are_not_stand_transposed_too() -> None:
    one = ends(3, 4, alike=True)
    one = replace(one, pre=End(one.pre.vunit, np.array([0.5, 1.0, 2.0])))
    dense = Dense(one)
    np.testing.assert_allclose(dense.forward_transposed(), dense.forward_matrix().T, rtol=0, atol=0)
    np.testing.assert_allclose(dense.backward_transposed(), dense.backward_matrix().T, rtol=0, atol=0)
    assert np.ptp(dense.backward_matrix() / dense.forward_matrix()) > 1.0
