"""The squared error, and the refusal of what is not there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqchip.errors import InputError, Location
from eqchip.simulator.cost.costs import COSTS, cost


def test_the_squared_error_carries_a_half_and_sums_over_outputs() -> None:
    losses = cost("mse").losses(np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [3.0, -1.0]]))
    assert losses.tolist() == [2.5, 5.0]


@pytest.mark.parametrize("name", COSTS)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_slope_of_a_cost_is_its_derivative(name: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    y, t, along = random.standard_normal((3, 4, 3))
    one, h = COSTS[name], 1e-5
    found = (one.losses(y + h * along, t) - one.losses(y - h * along, t)) / (2 * h)
    np.testing.assert_allclose(found, np.sum(one.slope(y, t) * along, axis=1), atol=1e-8)


def test_crossentropy_is_refused_by_name() -> None:
    at = Location("a.cir", 3, 10, ".nudge y cost=crossentropy", 17)
    with pytest.raises(InputError, match=r"a\.cir:3:10: cost=crossentropy is not supported yet"):
        cost("crossentropy", at)


def test_an_unknown_cost_names_the_nearest() -> None:
    with pytest.raises(InputError, match="cost=mes: no such cost; did you mean 'mse'"):
        cost("mes")
