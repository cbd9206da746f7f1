"""Each cost in closed form; its slope and curvature as derivatives; what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqchip.errors import InputError, Location
from eqchip.netlists.circuit import Circuit, Nudging
from eqchip.simulator.cost.costs import COSTS, cost, cost_of
from eqchip.simulator.cost.crossentropy import softmax

SEEDS = st.integers(0, 2**32 - 1)


def draw(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs, targets that add up to 1, a direction."""
    random = np.random.default_rng(seed)
    y, t, along = random.standard_normal((3, 4, 3))
    return 2.0 * y, softmax(t), along


def test_the_squared_error_carries_a_half_and_sums_over_outputs() -> None:
    losses = cost("mse").losses(np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [3.0, -1.0]]))
    assert losses.tolist() == [2.5, 5.0]


def test_crossentropy_is_the_logarithm_of_what_softmax_gives_the_target() -> None:
    y, t = np.array([[1.0, 3.0, -0.5]]), np.array([[0.0, 0.25, 0.75]])
    p = np.exp(y) / np.exp(y).sum()
    assert cost("crossentropy").losses(y, t) == pytest.approx(
        -0.25 * np.log(p[0, 1]) - 0.75 * np.log(p[0, 2])
    )
    even = cost("crossentropy").losses(np.zeros((1, 10)), np.eye(10)[:1])
    assert even == pytest.approx(np.log(10.0))


def test_crossentropy_of_large_outputs_is_finite_and_only_differences_count() -> None:
    y, t = np.array([[800.0, 0.0, -800.0]]), np.array([[0.0, 1.0, 0.0]])
    assert cost("crossentropy").losses(y, t) == pytest.approx(800.0)
    assert cost("crossentropy").slope(y, t) == pytest.approx(np.array([[1.0, -1.0, 0.0]]))
    near, far = (cost("crossentropy").losses(np.array([[0.3, -0.2]]) + k, t[:, :2]) for k in (0.0, 1e4))
    assert near == pytest.approx(far, rel=1e-10)


@pytest.mark.parametrize("name", COSTS)
@given(seed=SEEDS)
def test_the_slope_of_a_cost_is_its_derivative_and_its_bend_that_of_the_slope(name: str, seed: int) -> None:
    y, t, along = draw(seed)
    one, h = COSTS[name], 1e-5
    found = (one.losses(y + h * along, t) - one.losses(y - h * along, t)) / (2 * h)
    np.testing.assert_allclose(found, np.sum(one.slope(y, t) * along, axis=1), atol=1e-8)
    bent = (one.slope(y + h * along, t) - one.slope(y - h * along, t)) / (2 * h)
    np.testing.assert_allclose(bent, np.einsum("bij,bj->bi", one.bend(y), along), atol=1e-8)


@pytest.mark.parametrize("name", COSTS)
@given(seed=SEEDS)
def test_a_spring_of_its_curvature_touches_a_cost_from_above(name: str, seed: int) -> None:
    y, t, along = draw(seed)
    one = COSTS[name]
    spring = one.losses(y, t) + np.sum(one.slope(y, t) * along + 0.5 * one.curvature * along**2, axis=1)
    apart = spring - one.losses(y + along, t)
    assert np.all(apart >= -1e-12)
    if one.quadratic:
        np.testing.assert_allclose(apart, 0.0, atol=1e-12)


@given(seed=SEEDS)
def test_the_slope_of_crossentropy_is_analytic(seed: int) -> None:
    y, t, along = draw(seed)
    one, h = COSTS["crossentropy"], 1e-30
    found = np.imag(one.slope(y + 1j * h * along, t)) / h  # the complex step is exact
    np.testing.assert_allclose(found, np.einsum("bij,bj->bi", one.bend(y), along), atol=1e-13)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[1.0, 0.0], [1.0, 1.0]], "the targets of a sample add up to 2"),
        ([[1.5, -0.5]], "the targets of a sample go below 0"),
        ([[1.0], [0.0]], "of a single output: its softmax is always 1"),
    ],
)
def test_crossentropy_takes_distributions_only(targets: list[list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        cost("crossentropy").check(np.array(targets))
    assert "cost=mse" in (caught.value.expected or "")
    cost("crossentropy").check(np.array([[0.0, 1.0], [0.5, 0.5]]))
    cost("mse").check(np.array(targets))


def test_an_unknown_cost_names_the_nearest_and_the_place() -> None:
    with pytest.raises(InputError, match=r"a\.cir:3:10: cost=mes: no such cost; did you mean 'mse'"):
        cost("mes", Location("a.cir", 3, 10, ".nudge y cost=mes", 8))


def test_the_cost_of_a_circuit_is_that_of_its_nudge_cards() -> None:
    circuit = Circuit(nudges=[Nudging("y", np.arange(2), cost="crossentropy")])
    assert cost_of(circuit) is COSTS["crossentropy"]
    assert cost_of(circuit, "mse") is COSTS["mse"]
    assert cost_of(Circuit()) is COSTS["mse"]
