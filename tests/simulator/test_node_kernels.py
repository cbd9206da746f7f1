"""Loops over states against the laws of single nodes, in both precisions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eqchip.devices import node_law
from eqchip.devices.node_law import ACTIVATIONS
from eqchip.simulator import node_kernels
from eqchip.simulator.node_kernels import Law
from eqchip.simulator.single_precision import exp_negative, log1p_small

CODES = sorted(ACTIVATIONS.values())
SMOOTH = [ACTIVATIONS[name] for name in ("sigmoid", "tanh", "softplus")]
#: (dtype, `exact`, error of ρ, of ρ′ over slope, of ρ″ over slope²): what node_kernels states.
PRECISIONS = [(np.float64, 1, 1e-15, 2e-15, 6e-15), (np.float32, None, 4e-7, 4e-7, 1e-6)]


def law_of(
    code: int, size: int, dtype: Any, slope: float = 1.0, shift: float = 0.0, energy: bool = True
) -> Law:
    low, high = node_law.INTERVALS.get(code, (-np.inf, np.inf))
    return Law(code, energy, *(np.full(size, x, dtype) for x in (slope, shift, low, high)))


def evaluate(law: Law, s: Any, exact: int | None) -> list[Any]:
    out = [np.empty_like(s) for _ in range(3)]
    node_kernels.activities(law, s, *out, exact)
    return out


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("dtype", "exact", "error", "rise_error", "bend_error"), PRECISIONS)
@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (4.0, 0.5), (0.3, -1.5)])
def test_activities_are_those_of_the_node_law(
    code: int,
    dtype: Any,
    exact: int | None,
    error: float,
    rise_error: float,
    bend_error: float,
    slope: float,
    shift: float,
) -> None:
    grid = np.concatenate(
        [np.linspace(-6, 6, 4001), [-200.0, -30.0, -1e-9, 0.0, 1e-9, 0.5, 1.0, 30.0, 200.0]]
    )
    low, high = node_law.INTERVALS.get(code, (-np.inf, np.inf))
    s = np.clip(grid, low, high).astype(dtype)[None, :]
    law = law_of(code, s.shape[1], dtype, slope, shift)
    slope, shift = float(law.slope[0]), float(law.shift[0])  # as float32 has them
    laws = (node_law.activity, node_law.activity_slope, node_law.activity_curvature)
    exactly = [np.array([f(code, slope, shift, float(x)) for x in s[0]]) for f in laws]
    # In float32, z itself is rounded: to half an ulp of |s| + |shift|, and of z.
    blur = 0.0 if exact else 6e-8 * slope * (2 * np.abs(s[0]) + abs(shift) + 1)
    for found, wanted, allowed, steepest in zip(
        evaluate(law, s, exact),
        exactly,
        (error, rise_error * slope, bend_error * slope**2),
        (1, slope, slope**2),
        strict=True,
    ):
        limit = allowed * np.maximum(1.0, np.abs(wanted)) + (blur * steepest if code in SMOOTH else 0.0)
        assert np.all(np.abs(found[0] - wanted) <= limit)


def test_exponentials_of_single_precision_are_as_good_as_stated() -> None:
    x = np.linspace(-86.9, 0, 20001).astype(np.float32)
    found = np.array([exp_negative(one) for one in x], dtype=np.float64)
    assert np.max(np.abs(found / np.exp(x.astype(np.float64)) - 1)) < 2e-7
    assert exp_negative(np.float32(-1000.0)) == exp_negative(np.float32(-87.0)) < 2e-38
    assert np.isnan(exp_negative(np.float32(np.nan)))
    e = np.linspace(1e-6, 1, 10001).astype(np.float32)
    found = np.array([log1p_small(one) for one in e], dtype=np.float64)
    assert np.max(np.abs(found / np.log1p(e.astype(np.float64)) - 1)) < 3e-7


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("energy", [True, False])
@pytest.mark.parametrize(("dtype", "exact"), [(np.float64, 1), (np.float32, None)])
def test_a_solved_node_stands_still(code: int, energy: bool, dtype: Any, exact: int | None) -> None:
    random = np.random.default_rng(code)
    n = 200
    law = law_of(code, n, dtype, 3.0, 0.4, energy)
    d = (4 * random.standard_normal((5, n))).astype(dtype)
    k = random.standard_normal((5, n)).astype(dtype)
    a = random.uniform(0.4, 2.0, n).astype(dtype)
    s = np.clip(3 * random.standard_normal((5, n)), law.low, law.high).astype(dtype)
    rho = np.empty_like(s)
    node_kernels.solve(law, a, k, d, s, rho, exact)
    values, rise, bend = evaluate(law, s, exact)
    np.testing.assert_array_equal(rho, values)
    residual, floor = np.zeros(5), np.zeros(5)
    node_kernels.rates(law, a, k, d, s, rise, residual, floor)
    assert np.max(residual) < 300 * np.finfo(dtype).eps
    if code in SMOOTH and energy:  # of several zeros, one where F falls
        assert np.all(bend * d - a < 0)


@given(
    st.sampled_from(SMOOTH),
    st.floats(0.1, 8.0),
    st.floats(-2, 2),
    st.floats(0.05, 3.0),
    hnp.arrays(float, (1, 8), elements=st.floats(-30, 30)),
    hnp.arrays(float, (1, 8), elements=st.floats(-5, 5)),
    hnp.arrays(float, (1, 8), elements=st.floats(-40, 40)),
)
def test_a_node_moves_the_way_time_would(
    code: int, slope: float, shift: float, a: float, d: Any, k: Any, start: Any
) -> None:
    law = law_of(code, 8, float, slope, shift)
    weights, s, rho = np.full(8, a), start.copy(), np.empty((1, 8))
    node_kernels.solve(law, weights, k, d, s, rho, 1)

    def force(x: Any) -> Any:
        _, rise, _ = evaluate(law, x, 1)
        return rise * d + k - a * x

    scale = np.abs(slope * d) + np.abs(k) + np.abs(a * s) + 1.0
    assert np.all(np.abs(force(s)) < 1e-12 * scale * (1 + slope * (np.abs(s) + abs(shift))) * (1 + slope))
    # Never against the force it starts with, once its start is within reach of any zero.
    reach = slope * np.abs(d)
    inside = (start >= (k - reach) / a) & (start <= (k + reach) / a)
    way = force(start)
    tiny = 1e-9 * scale
    assert np.all(
        (np.sign(s - start) * np.sign(way) >= 0)[inside & (np.abs(way) > tiny) & (np.abs(s - start) > 1e-9)]
    )


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("energy", [True, False])
def test_a_step_is_that_of_the_equation(code: int, energy: bool) -> None:
    random = np.random.default_rng(code)
    law = law_of(code, 6, float, 2.0, 0.1, energy)
    s = np.clip(random.standard_normal((3, 6)), law.low, law.high)
    d, k = random.standard_normal((2, 3, 6))
    a, step = random.uniform(0.5, 1.5, 6), random.uniform(0.1, 0.9, 6)
    rho, rise, _ = evaluate(law, s, 1)
    f = (rise if energy else 1.0) * d + k - a * s
    wanted = np.clip(s + step * f, law.low, law.high)
    node_kernels.euler(law, step, a, k, d, s, rho, rise, 1)
    np.testing.assert_allclose(s, wanted, atol=1e-15)
    values, slopes, _ = evaluate(law, s, 1)
    np.testing.assert_array_equal(rho, values)
    if energy:
        np.testing.assert_array_equal(rise, slopes)


def test_the_residual_of_a_lost_state_is_not_small() -> None:
    law = law_of(ACTIVATIONS["tanh"], 2, float)
    s, d = np.array([[0.0, np.nan]]), np.zeros((1, 2))
    residual, floor = np.zeros(1), np.zeros(1)
    node_kernels.rates(law, np.ones(2), d, d, s, np.ones((1, 2)), residual, floor)
    assert not residual[0] <= 1.0


def test_a_state_at_its_bound_can_leave_it() -> None:
    law = law_of(ACTIVATIONS["hardsigmoid"], 3, float)
    s = np.array([[0.0, 1.0, 1.0]])
    d, k, a = np.array([[0.3, 0.4, 1.7]]), np.zeros((1, 3)), np.ones(3)
    rise = np.ones((1, 3))
    node_kernels.euler(law, np.full(3, 0.5), a, k, d, s, s.copy(), rise, 1)
    np.testing.assert_allclose(s, [[0.15, 0.7, 1.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_number_that_is_none_is_the_largest_residual_wherever_it_stands(dtype: Any, lost: int) -> None:
    ones, wide = np.ones(3, dtype), np.full(3, np.inf, dtype)
    law = node_kernels.Law(node_law.LINEAR, False, ones, ones, -wide, wide)
    states = np.array([[1.0, 2.0, 3.0]], dtype)
    states[0, lost] = np.nan
    nothing, residual, floor = np.zeros((1, 3), dtype), np.zeros(1), np.zeros(1)
    node_kernels.rates(law, ones, nothing, nothing, states, states, residual, floor)
    assert np.isnan(residual[0])
    # a group that is well after one that is not
    node_kernels.rates(law, ones, nothing, nothing, np.ones((1, 3), dtype), states, residual, floor)
    assert np.isnan(residual[0])
