"""Learning between wires: from the local drop it is the gradient, from the edge of the array it is not."""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Array, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.fidelity import Fidelity, fidelity
from eqchip.simulator.learning.plan import plan_of
from eqchip.simulator.sparse_form import SparseChip

CHIP = """a resistive chip of 4-4-2 with wires and diodes
.bus x[4] h[4] y[2]
.options gunit=100u vunit=1
.model r R(r=10k rrow=200 rcol=100 rdriver=500 rload=300 {wires})
Yxh x h r
Yhy h y r rowend=both colend=top
Dh h 0 d
Dg 0 h d
.model d D(is=1n)
.input x
.output y
.nudge y
.learn Yxh rate=0.1 min=1u
.learn Yhy rate=0.1 min=1u
.data xor
.train estimator=centered beta=0.01 batch=4 epochs=1
.end
"""


def chip(wires: str = "", text: str = CHIP) -> SparseChip:
    """Compile a chip whose conductances lie between 10 µS and 300 µS."""
    made = compile_chip(elaborate(parse(text.format(wires=wires), "wired.cir")))
    assert isinstance(made, SparseChip)
    random = np.random.default_rng(8)
    shapes = {one.name: one.shape for one in made.learnables}
    made.write({name: 10.0 ** random.uniform(-5.0, -3.5, shape) for name, shape in shapes.items()})
    return made


def samples(count: int = 4) -> tuple[Array, Array]:
    random = np.random.default_rng(4)
    return random.uniform(-0.5, 0.5, (count, 4)), random.uniform(-0.2, 0.2, (count, 2))


def held_against_the_gradient(wires: str = "") -> Fidelity:
    made = chip(wires)
    x, t = samples()
    return fidelity(made, x, t, plan_of(made.circuit), betas=(1e-6, 1e-5, 1e-4, 1e-3))


def test_the_local_drop_follows_the_gradient() -> None:
    found = held_against_the_gradient()
    assert found.reciprocity < 1e-12
    for one in found.arrays.values():
        assert one.best_error is not None
        assert one.best_error < 1e-7


def test_the_edge_of_the_array_does_not() -> None:
    """The bias does not go away as β → 0, and `check` reports it."""
    found = held_against_the_gradient("signal=port")
    for one in found.arrays.values():
        assert one.best_error is not None
        assert one.best_error > 0.1
        assert min(error for error in one.errors if error is not None) > 0.1


def test_the_gradient_is_that_of_finite_differences() -> None:
    """Of the loss, with one device after another moved and the whole network settled again."""
    made = chip()
    x, t = samples()
    still = Settling(tol=1e-13)

    def loss() -> float:
        y = made.outputs(made.settle(x, still))
        return float(np.mean(0.5 * np.sum((y - t) ** 2, axis=1)))

    gradient = made.gradient(made.settle(x, still), x, t)
    for name, place in (("Yxh", (2, 1)), ("Yxh", (0, 3)), ("Yhy", (3, 0))):
        start = made.parameters()
        h = 1e-3 * start[name][place]
        ends = []
        for sign in (1.0, -1.0):
            moved = {key: value.copy() for key, value in start.items()}
            moved[name][place] += sign * h
            made.write(moved)
            ends.append(loss())
        made.write(start)
        wanted = (ends[0] - ends[1]) / (2.0 * h) * 1e-4  # per gunit
        assert gradient[name][place] == pytest.approx(wanted, rel=1e-5)


def test_ideal_wires_are_those_of_the_plain_chip() -> None:
    """As wires grow thick, currents and signals become those without wires; and port and drop agree."""
    text = CHIP.replace("rrow=200 rcol=100 rdriver=500 rload=300", "rrow=1m rcol=1m")
    plain = CHIP.replace("rrow=200 rcol=100 rdriver=500 rload=300", "").replace(" rowend=both colend=top", "")
    x, t = samples()
    still = Settling(tol=1e-13)
    found = []
    for one, wires in ((text, ""), (text, "signal=port"), (plain, "")):
        made = chip(wires, one)
        free = made.settle(x, still)
        found.append((made.outputs(free), made.gradient(free, x, t)))
    for outputs, gradient in found[:2]:
        np.testing.assert_allclose(outputs, found[2][0], atol=1e-6)
        for name, value in gradient.items():
            np.testing.assert_allclose(value, found[2][1][name], atol=1e-5 * np.max(np.abs(value)))
