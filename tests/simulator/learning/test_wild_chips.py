"""Every rule, estimator, cost and solver on chips with everything in them: a few of those in verification/.

What must hold is in tests/wild_learning.py and wild_training.py, the chips in wild_chips.py.
"""

from collections.abc import Callable

import pytest

import wild_training
from wild_learning import equilibria, euler, held, integrators, targets, through_time


@pytest.mark.parametrize("check", [equilibria, euler, held, targets, through_time])
@pytest.mark.parametrize("seed", [6, 22, 45, 47])
def test_it_holds(check: Callable[[int], None], seed: int) -> None:
    check(seed)


@pytest.mark.parametrize("seed", [14, 21])
def test_both_forms_step_alike(seed: int) -> None:
    integrators(seed)


@pytest.mark.parametrize("seed", range(9, 9 + 2 * len(wild_training.RULES)))
def test_a_training_is_its_steps_one_by_one(seed: int) -> None:
    wild_training.training(seed)
