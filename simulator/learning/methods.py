"""The estimators and rules there are, by the names the language gives them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from eqchip.errors import InputError, nearest
from eqchip.netlists.roles import ESTIMATORS as ESTIMATOR_WORDS
from eqchip.netlists.roles import RULES as RULE_WORDS
from eqchip.simulator.learning.estimators.alone import ALONE
from eqchip.simulator.learning.estimators.centered import CENTERED
from eqchip.simulator.learning.estimators.estimator import Estimator
from eqchip.simulator.learning.estimators.holomorphic import holomorphic
from eqchip.simulator.learning.estimators.onesided import ONESIDED
from eqchip.simulator.learning.estimators.random_sign import RANDOM
from eqchip.simulator.learning.rules.bptt import BPTT
from eqchip.simulator.learning.rules.chl import CHL
from eqchip.simulator.learning.rules.continual import CONTINUAL
from eqchip.simulator.learning.rules.contrast import CONTRAST
from eqchip.simulator.learning.rules.rbp import RBP
from eqchip.simulator.learning.rules.rule import Rule
from eqchip.simulator.learning.rules.stdp import STDP
from eqchip.simulator.learning.rules.vectorfield import VECTORFIELD

ESTIMATORS: Mapping[str, Estimator] = {one.name: one for one in (ONESIDED, RANDOM, CENTERED)}
RULES: Mapping[str, Rule] = {
    one.name: one for one in (CONTRAST, STDP, VECTORFIELD, CONTINUAL, CHL, RBP, BPTT)
}


@cache  # asked for at every batch, and a circle of points is made
def estimator(name: str, points: int = 0) -> Estimator:
    """Return the estimator of that name; none, "", is that of rules without a β.

    `points` are those on the circle of complex β, which the holomorphic one has.
    """
    if not name:
        return ALONE
    if name == "holomorphic":
        return holomorphic(points)
    if name not in ESTIMATORS:
        raise _unknown("estimator", name, ESTIMATORS, ESTIMATOR_WORDS)
    return ESTIMATORS[name]


def rule(name: str) -> Rule:
    """Return the rule of that name."""
    if name not in RULES:
        raise _unknown("rule", name, RULES, RULE_WORDS)
    return RULES[name]


def _unknown(what: str, name: str, there: Mapping[str, object], words: tuple[str, ...]) -> InputError:
    expected = " | ".join(there)
    if name in words:
        return InputError(f"{what}={name} is not supported yet", expected=expected)
    return InputError(f"{what}={name}: no such {what}", expected=expected, near=nearest(name, there))
