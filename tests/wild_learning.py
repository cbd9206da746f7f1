"""What must hold of learning on any chip, each as one check of one seed: wild chips against their plain twin.

tests/simulator/learning/test_wild_chips.py makes each for a few seeds, verification/test_random_learning.py
for many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Chip, Nudge, Settling, State, Weights
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import Plan
from naive_rules import circuit_of, volts
from wild_chips import Array, Plain, samples, wild

STILL = Settling(tol=1e-13)
EULER = Settling("euler", steps=5, eps=0.3)
#: Form, precision, largest error of states.
KINDS: tuple[tuple[str, Any, float], ...] = (
    ("array", np.float64, 1e-11),
    ("array", np.float32, 2e-5),
    ("sparse", np.float64, 1e-11),
)


class Case:
    """A wild chip, its samples, a β that no leak of an output gives way to."""

    def __init__(self, seed: int, **more: Any) -> None:
        self.seed = seed
        self.cost = "crossentropy" if seed % 3 == 0 else "mse"
        self.circuit = circuit_of(wild(seed, cost=self.cost, **more))
        self.plain = Plain(self.circuit)
        self.inputs, self.targets = samples(self.circuit, seed)
        plain = self.plain
        own = plain.leak[plain.outputs] * plain.unit[plain.outputs] ** 2
        self.beta = 0.3 / max(1.0, float(np.max(plain.scale / own)))

    def chip(self, form: str, dtype: Any = np.float64) -> Chip:
        made = compile_chip(self.circuit, form, dtype)
        assert made.form == form
        return made

    def plan(self, rule: str, estimator: str, settling: Settling = STILL, **more: Any) -> Plan:
        given = {"beta": self.beta, "cost": self.cost, "free": settling, "nudged": settling} | more
        return Plan(rule=rule, estimator=estimator, **given)

    def nudges(self, outputs: Array) -> list[tuple[Nudge, Array | None]]:
        """Live and frozen, towards the targets and away from them."""
        return [
            (Nudge(self.targets, beta, anchor), anchor)
            for beta in (self.beta, -self.beta)
            for anchor in (None, outputs)
        ]

    def force(self, nudge: Nudge, anchor: Array | None, row: int) -> Callable[[Array], Array]:
        at = None if anchor is None else anchor[row]
        return lambda v: self.plain.nudged(v, self.targets[row], nudge.beta, self.cost, at)


def near(found: Weights, wanted: Weights, tolerance: float) -> None:
    """Hold every array to another, over the largest number of any; what is next to nothing is nothing."""
    assert set(found) == set(wanted)
    largest = max(1e-4, *(float(np.max(np.abs(value), initial=0.0)) for value in wanted.values()))
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance * largest, err_msg=name)


def equilibria(seed: int) -> None:
    """No node moves where a phase ends, and the contrast is what every device felt."""
    case = Case(seed)
    plain = case.plain
    for form in ("array", "sparse"):
        chip = case.chip(form)
        free = chip.settle(case.inputs, STILL)
        before = volts(chip, free)
        assert max(plain.left(v, plain.current(v)) for v in before) < 1e-10
        for nudge, anchor in case.nudges(chip.outputs(free)):
            state = chip.settle(case.inputs, STILL, nudge, free)
            after = volts(chip, state)
            for row, v in enumerate(after):
                assert plain.left(v, case.force(nudge, anchor, row)(v)) < 1e-10
            felt = [(plain.naive.local(v), plain.naive.local(w)) for v, w in zip(before, after, strict=True)]
            found = chip.contrast(free, state)
            near(
                found,
                {name: np.mean([w[name] - v[name] for v, w in felt], axis=0) / plain.scale for name in found},
                1e-8,
            )


def euler(seed: int) -> None:
    """Euler's steps are those of the plain twin, every node with its own τ, in both forms and precisions."""
    case = Case(seed)
    plain, length = case.plain, EULER.eps * case.plain.tau
    for form, dtype, error in KINDS:
        chip = case.chip(form, dtype)
        free = chip.settle(case.inputs, EULER)
        begun = volts(chip, free)
        for row, v in enumerate(begun):
            wanted = plain.euler(plain.begin(case.inputs[row]), plain.current, EULER.steps, length)
            np.testing.assert_allclose(v, wanted, rtol=0, atol=error)
        for nudge, anchor in case.nudges(chip.outputs(free)):
            state = chip.settle(case.inputs, EULER, nudge, free)
            for row, v in enumerate(volts(chip, state)):
                force = case.force(nudge, anchor, row)
                np.testing.assert_allclose(
                    v, plain.euler(begun[row], force, EULER.steps, length), rtol=0, atol=error
                )
                assert abs(plain.left(v, force(v)) - state.residual[row]) < 10 * error


def held(seed: int) -> None:
    """With outputs held (chl) the other nodes go on in steps of the same length."""
    case = Case(seed)
    plain, length = case.plain, EULER.eps * case.plain.tau

    def force(v: Array) -> Array:
        into = plain.current(v)
        into[plain.outputs] = 0.0
        return into

    for form, dtype, error in KINDS:
        chip = case.chip(form, dtype)
        free = chip.settle(case.inputs, EULER)
        state = chip.settle(case.inputs, EULER, Nudge(case.targets, clamp=True), free)
        for v, begun, target in zip(volts(chip, state), volts(chip, free), case.targets, strict=True):
            begun[plain.outputs] = np.clip(
                target * plain.unit[plain.outputs], plain.low[plain.outputs], plain.high[plain.outputs]
            )
            np.testing.assert_allclose(v, plain.euler(begun, force, EULER.steps, length), rtol=0, atol=error)


def integrators(seed: int) -> None:
    """Both forms step alike by every integrator; steps of `course` end where `settle` does."""
    case = Case(seed)
    for solve in ("heun", "rk4", "expeuler", "trap", "adaptive"):
        for settling in (
            Settling(solve, steps=3, eps=0.3),
            Settling(solve, tol=1e-9),
            Settling(solve, seconds=2.3 * case.plain.tau),
        ):
            until_still = not settling.steps and not settling.seconds
            ends = []
            for form in ("array", "sparse"):
                chip = case.chip(form)
                free = chip.settle(case.inputs, settling)
                found = [volts(chip, free)]
                for nudge, _ in case.nudges(chip.outputs(free))[:3:2]:
                    *_, last = chip.course(case.inputs, settling, nudge, free)
                    state = chip.settle(case.inputs, settling, nudge, free)
                    np.testing.assert_allclose(volts(chip, last), volts(chip, state), rtol=0, atol=1e-12)
                    found.append(volts(chip, state))
                ends.append(np.array(found))
            error = 1e-5 if solve == "adaptive" else 1e-7 if until_still else 1e-10
            np.testing.assert_allclose(ends[0], ends[1], rtol=0, atol=error, err_msg=f"{settling}")


def targets(seed: int) -> None:
    """Every rule gives the slope of what it says it descends, by differences of the twin's energy."""
    case = Case(seed, reciprocal=seed % 2 == 0)
    reciprocal, unit = seed % 2 == 0, case.beta
    for form in ("array", "sparse"):
        chip = case.chip(form)
        free = chip.settle(case.inputs, STILL)
        cost = case.plan("rbp", "").methods()[2]

        def loss(chip: Chip = chip, free: State = free, cost: Any = cost) -> float:
            here = chip.settle(case.inputs, STILL, None, free)
            return float(np.mean(cost.losses(chip.outputs(here), case.targets)))

        def at(beta: float, chip: Chip = chip, free: State = free) -> float:
            """F(β) by the twin; infinite β: outputs held."""
            here = chip.settle(case.inputs, STILL, None, free)
            if beta:
                nudge = Nudge(case.targets, beta) if np.isfinite(beta) else Nudge(case.targets, clamp=True)
                here = chip.settle(case.inputs, STILL, nudge, here)
            plain, beta = Plain(_now(case.circuit, chip)), beta if np.isfinite(beta) else 0.0
            return float(
                np.mean(
                    [
                        plain.total(v, t, beta, case.cost)
                        for v, t in zip(volts(chip, here), case.targets, strict=True)
                    ]
                )
            )

        gradient = estimate(chip, case.inputs, case.targets, case.plan("rbp", "")).values
        _slopes(chip, gradient, loss, seed)
        plan = case.plan("vectorfield", "onesided", beta=1e-5)
        found = estimate(chip, case.inputs, case.targets, plan).values
        aim = plan.methods()[1].aim
        assert aim is not None
        near(found, aim(chip, free, case.inputs, case.targets, plan), 1e-3)
        if not reciprocal:
            continue
        near(found, gradient, 1e-3)
        for rule, estimator, sign, one, other in (
            ("contrast", "onesided", 1.0, unit, 0.0),
            ("contrast", "centered", 1.0, unit, -unit),
            ("contrast", "random", -1.0, -unit, 0.0),
            ("stdp", "random", -1.0, -unit, 0.0),
        ):
            plan = case.plan(rule, estimator)
            values = estimate(chip, case.inputs, case.targets, plan, sign).values
            apart = one - other
            _slopes(chip, values, lambda a=one, b=other, d=apart: (at(a) - at(b)) / d, seed)
        values = estimate(chip, case.inputs, case.targets, case.plan("chl", "")).values
        _slopes(chip, values, lambda: at(np.inf) - at(0.0), seed)


def through_time(seed: int) -> None:
    """Backpropagation through time is the slope of the loss by θ that changes for the last steps only."""
    case = Case(seed)
    first, last = Settling("euler", steps=5, eps=0.4), Settling("euler", steps=4, eps=0.4)
    for form in ("array", "sparse"):
        chip = case.chip(form)
        plan = case.plan("bptt", "", replace(first, steps=9), nudged=last)
        values = estimate(chip, case.inputs, case.targets, plan).values
        begun, cost = chip.settle(case.inputs, first), plan.methods()[2]

        def loss(chip: Chip = chip, begun: State = begun, cost: Any = cost) -> float:
            state = chip.settle(case.inputs, last, start=begun)
            return float(np.mean(cost.losses(chip.outputs(state), case.targets)))

        _slopes(chip, values, loss, seed)


def _slopes(chip: Chip, found: Weights, function: Callable[[], float], seed: int, count: int = 4) -> None:
    """Hold some elements to central differences of a function of θ."""
    random, step = np.random.default_rng(seed), 1e-5
    largest = max(float(np.max(np.abs(value), initial=0.0)) for value in found.values())
    start = chip.parameters()
    for _ in range(count):
        name = str(random.choice(list(start)))
        index = tuple(int(random.integers(size)) for size in start[name].shape)
        ends = []
        for sign in (1.0, -1.0):
            moved = start[name].copy()
            moved[index] += sign * step
            instance = chip.circuit.instance(name)
            if instance is not None and instance.paired:
                moved[index[::-1]] = moved[index]
            chip.write({name: moved})
            ends.append(function())
        chip.write(start)
        slope = (ends[0] - ends[1]) / (2.0 * step)
        assert abs(found[name][index] - slope) < 1e-6 * largest + 2e-9, (name, index)


def _now(circuit: Circuit, chip: Chip) -> Circuit:
    """Return the circuit with the weights and biases that a chip has now."""
    values = chip.parameters()
    changed = [
        replace(one, values={**one.values, one.family.learning.parameter: np.asarray(values[one.name])})
        if one.name in values and one.family.learning is not None
        else one
        for one in circuit.instances
    ]
    return replace(circuit, instances=changed)
