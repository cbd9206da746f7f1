"""Plan: how a chip is trained, from its .train, .nudge and .output cards.

The cards were checked where they stand (netlists.roles); a Plan made in Python is checked here by the same
table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from eqchip.errors import InputError, nearest
from eqchip.netlists.circuit import Circuit, Nudging
from eqchip.netlists.training import BETA_UNIT, PAIRS, check_durations, complete_train, pair_table
from eqchip.simulator.chip import Chip, Settling
from eqchip.simulator.cost.costs import Cost, cost
from eqchip.simulator.learning.estimators.estimator import Estimator
from eqchip.simulator.learning.methods import estimator, rule
from eqchip.simulator.learning.rules.rule import Rule
from eqchip.simulator.learning.schedules import SCHEDULES


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that training needs to know beside the chip and the samples."""

    estimator: str = "centered"  # "": none, for rules without a β
    rule: str = "contrast"
    beta: float = 0.1  # over the energy scale of the outputs
    free: Settling = field(default_factory=Settling)
    nudged: Settling = field(default_factory=Settling)
    batch: int = 20
    epochs: int = 10
    seed: int = 0
    persistent: bool = False
    kind: str = "live"  # of the nudge: live | frozen
    cost: str = "mse"
    schedule: str = "constant"  # of the rates, over the epochs
    gamma: float = 1.0  # for schedule=exponential
    points: int = 0  # on the circle of complex β (holomorphic)
    average: int = 0  # steps at the end of each phase that its signal is averaged over; 0: its end alone
    period: float = 0.0  # s from one sample to the next; 0: as long as its phases take

    def __post_init__(self) -> None:
        if self.estimator not in estimators_of(self.rule):
            raise InputError(
                f"rule={self.rule} does not go with estimator={self.estimator or 'none'}",
                expected=pair_table(),
            )
        if self.beta == 0.0:
            raise InputError("beta=0 nudges nothing", expected="a number other than 0")
        if self.batch < 1 or self.epochs < 0:
            raise InputError(f"batch={self.batch} epochs={self.epochs}", expected="batch ≥ 1 and epochs ≥ 0")
        if self.kind not in ("live", "frozen"):
            raise InputError(f"kind={self.kind}: no such nudge", expected="live | frozen")
        if self.estimator == "holomorphic" and self.nudged.solve != "equilibrium":
            raise InputError(
                f"estimator=holomorphic does not go with solve={self.nudged.solve}: no circuit has complex "
                "voltages to step through",
                expected="solve=equilibrium",
            )
        if self.average:
            self._check_average()
        if self.schedule not in SCHEDULES:
            raise InputError(
                f"schedule={self.schedule}: no such schedule",
                expected=" | ".join(SCHEDULES),
                near=nearest(self.schedule, SCHEDULES),
            )
        self.methods()

    def _check_average(self) -> None:
        """Raise where there are no signals of steps to average."""
        if self.rule != "contrast" or self.estimator == "holomorphic":
            raise InputError(
                f"average= is over the contrast of a phase's last steps: not of rule={self.rule}"
                + (f" estimator={self.estimator}" if self.estimator else ""),
                expected="rule=contrast with estimator=onesided, random or centered",
            )
        for one in (self.free, self.nudged):
            if one.solve == "equilibrium" or (one.steps and one.steps < self.average):
                raise InputError(
                    f"average={self.average} is over steps at the end of each phase: "
                    + (f"one has {one.steps}" if one.steps else f"solve={one.solve} takes none"),
                    expected="solve=euler, expeuler or heun, and no more than free_steps= and nudged_steps=",
                )

    def methods(self) -> tuple[Estimator, Rule, Cost]:
        """Return what the names stand for; a name that this version does not do yet is refused."""
        return estimator(self.estimator, self.points), rule(self.rule), cost(self.cost)

    def share(self, epoch: int) -> float:
        """Return what the schedule leaves of the rates in an epoch, counted from 1."""
        return SCHEDULES[self.schedule](epoch, self.epochs, self.gamma)

    def with_(self, **changes: Any) -> Plan:
        """Return a plan with some values changed."""
        return replace(self, **changes)


def estimators_of(rule: str) -> tuple[str, ...]:
    """Return the estimators a rule goes with; "" alone for a rule that has no β."""
    return PAIRS.get(rule, ()) or (("",) if rule in PAIRS else ())


def plan_of(circuit: Circuit) -> Plan:
    """Return the plan of a circuit's cards, defaults filled in."""
    if not circuit.nudges:
        raise InputError("there is nothing to train with: no .nudge card", expected=".nudge BUS cost=mse")
    check_durations(circuit.train)
    given = complete_train(circuit.train)
    free, nudged = phases(given)
    nudging = _nudging(circuit)
    return Plan(
        estimator=str(given["estimator"]) if PAIRS[str(given["rule"])] else "",
        rule=str(given["rule"]),
        beta=float(given["beta"]),
        free=free,
        nudged=nudged,
        batch=int(given["batch"]),
        epochs=int(given["epochs"]),
        seed=int(given["seed"]),
        persistent=bool(given["persistent"]),
        kind=nudging.kind,
        cost=nudging.cost,
        schedule=str(given["schedule"]),
        gamma=float(given.get("gamma", 1.0)),
        points=int(given.get("points", 0)),
        average=int(given["average"]),
        period=float(given["period"]),
    )


def _nudging(circuit: Circuit) -> Nudging:
    """Return how all outputs are nudged; each must be, and alike: the cost is that of all of them."""
    pulled = np.concatenate([one.nodes for one in circuit.nudges])
    for output in circuit.outputs:
        missing = np.setdiff1d(output.nodes, pulled)
        if len(missing):
            raise InputError(
                f"{circuit.nodes[missing[0]]} is an output that no .nudge card pulls: its targets would be "
                "for nothing",
                expected=f".nudge {output.bus}",
            )
    first = circuit.nudges[0]
    if first.cost == "crossentropy" and len(circuit.nudges) > 1:
        raise InputError(
            f"cost=crossentropy is over one bus: .nudge {first.bus} and .nudge {circuit.nudges[1].bus}",
            expected="one .nudge card, or cost=mse",
        )
    for other in circuit.nudges[1:]:
        for name in ("kind", "cost"):
            one, two = getattr(first, name), getattr(other, name)
            if one != two:
                raise InputError(
                    f".nudge {first.bus} {name}={one} and .nudge {other.bus} {name}={two}: nudges that "
                    "differ are not supported yet",
                    expected=f"the same {name}= for all",
                )
    return first


def phases(given: Mapping[str, float | str]) -> tuple[Settling, Settling]:
    """Return how the free and the nudged phases are run."""
    solve, tol = str(given["solve"]), float(given["tol"])
    eps = float(given.get("eps", 0.0))
    free, nudged = (
        Settling(
            solve,
            tol=tol,
            steps=int(given.get(f"{phase}_steps", 0)),
            eps=eps,
            seconds=float(given.get(phase, 0.0)),
        )
        for phase in ("free", "nudged")
    )
    return free, nudged


def plan_for(chip: Chip) -> Plan:
    """Return the plan of a chip's circuit, with an absolute β (`beta=1uS`) made relative to its outputs."""
    plan = plan_of(chip.circuit)
    if chip.circuit.train.get(BETA_UNIT) == "S":
        return plan.with_(beta=plan.beta / chip.output_conductance)
    return plan
