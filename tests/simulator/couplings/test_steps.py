"""Steps of weights in place, and products that leave out zeros, against plain products."""

from typing import Any

import numpy as np
import pytest

from eqchip import threads
from eqchip.simulator.couplings import products, sparse_rows
from eqchip.simulator.couplings.coupling import Coupling, End, Ends
from eqchip.simulator.couplings.kinds import kind_of
from eqchip.simulator.couplings.products import multiply
from eqchip.simulator.couplings.sparse_rows import add_outer, add_product

KINDS = [(np.float64, 1e-13), (np.float32, 1e-5)]


def coupling(
    dtype: Any, rows: int, columns: int, *, paired: bool = False, uneven: bool = False, masked: bool = False
) -> Coupling:
    rng = np.random.default_rng(3)

    def end(n: int) -> End:
        vunit = rng.uniform(0.5, 2, n) if uneven else np.ones(n)
        return End(vunit, np.full(n, 2e-6))

    pre = end(rows)
    mask = rng.uniform(size=(rows, columns)) < 0.7 if masked else None
    if mask is not None and paired:
        mask = mask | mask.T
    ends = Ends(
        "Y",
        rng.normal(size=(rows, columns)),
        np.full((rows, columns), 1e-6),
        pre,
        pre if paired else end(columns),
        into_post=True,
        into_pre=True,
        diagonal=False,
        energy_scale=2e-6,
        dtype=dtype,
        mask=mask,
    )
    return kind_of("dense", paired, ends)(ends)


def mostly_zero(rng: Any, dtype: Any, shape: tuple[int, int], share: float) -> Any:
    return (rng.normal(size=shape) * (rng.uniform(size=shape) < share)).astype(dtype)


@pytest.mark.parametrize("held", [False, True], ids=["moving", "held rows"])
@pytest.mark.parametrize("share", [0.1, 1.0], ids=["mostly zero", "full"])
@pytest.mark.parametrize(
    "options", [{}, {"uneven": True}, {"masked": True}], ids=["plain", "uneven", "masked"]
)
@pytest.mark.parametrize(("dtype", "error"), KINDS)
def test_a_step_is_the_contrast_times_its_factor(
    dtype: Any, error: float, options: dict[str, bool], share: float, held: bool
) -> None:
    rng = np.random.default_rng(0)
    first = mostly_zero(rng, dtype, (11, 90), share), rng.normal(size=(11, 70)).astype(dtype)
    second = (
        first[0] if held else mostly_zero(rng, dtype, (11, 90), share),
        rng.normal(size=(11, 70)).astype(dtype),
    )
    for low, high in ((-np.inf, np.inf), (-0.5, 0.8)):
        made, twin = (coupling(dtype, 90, 70, **options) for _ in range(2))
        for one in (made, twin):
            one.set(np.clip(one.theta, low, high))
        before = np.array(made.drive(first[0]))
        wanted = np.clip(twin.theta - 0.7 * twin.contrast(first, second), low, high)
        made.descend(first, second, 0.7, low, high)
        np.testing.assert_allclose(made.theta, wanted, rtol=0, atol=error)
        assert made.theta.dtype == dtype
        # Drives see the new weights.
        twin.set(wanted)
        assert np.max(np.abs(made.drive(first[0]) - before)) > 1e-3
        np.testing.assert_allclose(made.drive(first[0]), twin.drive(first[0]), rtol=0, atol=100 * error)
        np.testing.assert_allclose(made.back(first[1]), twin.back(first[1]), rtol=0, atol=100 * error)


@pytest.mark.parametrize("masked", [False, True])
def test_a_step_of_pairs_keeps_them_alike(masked: bool) -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(5, 12)) for _ in range(2))
    made, twin = (coupling(np.float64, 12, 12, paired=True, masked=masked) for _ in range(2))
    made.descend((first, first), (second, second), 0.3, -np.inf, np.inf)
    twin.set(twin.theta - 0.3 * twin.contrast((first, first), (second, second)))
    np.testing.assert_allclose(made.theta, twin.theta, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(made.theta, made.theta.T)
    np.testing.assert_array_equal(np.diagonal(made.theta), 0.0)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.12])
@pytest.mark.parametrize("samples", [1, 2, 9, 40])
@pytest.mark.parametrize(("dtype", "error"), KINDS)
def test_leaving_out_zeros_changes_nothing(dtype: Any, error: float, samples: int, share: float) -> None:
    rng = np.random.default_rng(samples)
    x = mostly_zero(rng, dtype, (samples, 150), share)
    weights = rng.normal(size=(150, 83)).astype(dtype)
    changes = rng.normal(size=(samples, 83)).astype(dtype)
    out = np.ones((samples, 83), dtype)
    assert add_product(x, weights, out)
    np.testing.assert_allclose(out, 1.0 + x.astype(float) @ weights, rtol=0, atol=30 * error)
    wanted = weights - 0.3 * (x.astype(float).T @ changes)
    assert add_outer(weights, -0.3, x, changes)
    np.testing.assert_allclose(weights, wanted, rtol=0, atol=30 * error)


def test_full_or_narrow_products_are_left_to_others() -> None:
    ones, out = np.ones((3, 100)), np.zeros((3, 80))
    assert not add_product(ones, np.ones((100, 80)), out)
    assert not add_outer(np.ones((100, 80)), 1.0, ones, out)
    assert not add_product(0.0 * ones, np.ones((100, 10)), np.zeros((3, 10)))
    assert not add_outer(np.ones((10, 10)), 1.0, ones[:, :10], ones[:, :10])
    np.testing.assert_array_equal(out, 0.0)


@pytest.mark.parametrize(("dtype", "error"), KINDS)
def test_narrow_arrays_step_alike(dtype: Any, error: float) -> None:
    rng = np.random.default_rng(1)
    x, changes = rng.normal(size=(7, 150)).astype(dtype), rng.normal(size=(7, 10)).astype(dtype)
    weights = rng.normal(size=(150, 10)).astype(dtype)
    wanted = weights + 0.3 * (x.astype(float).T @ changes)
    assert add_outer(weights, 0.3, x, changes)
    np.testing.assert_allclose(weights, wanted, rtol=0, atol=30 * error)


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, changes = mostly_zero(rng, np.float32, (6, 90), 0.2), rng.normal(size=(6, 200)).astype(np.float32)
    weights = rng.normal(size=(90, 200)).astype(np.float32)

    def both() -> tuple[Any, Any]:
        out, stepped = np.zeros((6, 200), np.float32), weights.copy()
        assert add_product(x, weights, out)
        assert add_outer(stepped, 0.1, x, changes)
        return out, stepped

    one = both()
    monkeypatch.setattr(sparse_rows, "WORTH", 1)
    monkeypatch.setattr(threads, "_count", 3)
    monkeypatch.setattr(threads, "_team", [])
    three = both()
    assert len(threads._team) == 2
    for mine, other in zip(one, three, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_work_that_fails_in_another_thread_fails_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 2)

    def work(first: int, last: int) -> None:
        if first:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        threads.share(work, 10)
    done = []
    threads.share(lambda first, last: done.append((first, last)), 10)  # others take their place
    assert sorted(done) == [(at * 10 // 4, (at + 1) * 10 // 4) for at in range(4)]


@pytest.mark.parametrize(("dtype", "error"), KINDS)
def test_products_are_cut_by_their_shape_alone(
    dtype: Any, error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "WIDE", 16)
    monkeypatch.setattr(products, "WORTH", 100)
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(7, 40)).astype(dtype), rng.normal(size=(40, 101)).astype(dtype)
    found = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "_count", count)
        stepped = right.copy()
        products.accumulate(stepped, -0.3, left, multiply(left, right))
        found.append((multiply(left, right), stepped))
    wanted = left.astype(float) @ right
    np.testing.assert_allclose(found[0][0], wanted, rtol=0, atol=100 * error)
    np.testing.assert_allclose(found[0][1], right - 0.3 * (left.T @ wanted), rtol=0, atol=1000 * error)
    for one, three in zip(*found, strict=True):
        np.testing.assert_array_equal(one, three)
