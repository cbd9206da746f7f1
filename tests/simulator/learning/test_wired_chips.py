"""Learning between wires: from the local drop it is the gradient, from the edge of the array it is not."""

from __future__ import annotations

import numpy as np
import pytest

import eqchip
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


WAVEFORM = """conductances that learn between wires, in one waveform
.bus x[2] y[1]
.options gunit=1m vunit=1 reltol=1e-6
.model r R(r=1k r_dtod=0.2 rrow=300 rcol=150 rdriver=200 rload=100 crow=10f ccol=10f {wires})
Yxy x y r
Cy y 0 1p
Ry y 0 2k
.input x
.output y decode=threshold
.nudge y
.learn Yxy rate=0.5 min=10u
.data xor
.train rule=contrast estimator=onesided beta=0.4
.protocol free=40n nudged=20n gap=5n
.save v(x) v(y) v(Yxy.row) v(Yxy.col) w(Yxy)
.tran 1n 65n learn
.end
"""


@pytest.mark.parametrize("wires", ["signal=drop", "signal=port"])
def test_conductances_move_by_the_voltage_they_are_said_to_feel(wires: str) -> None:
    """Over the nudge, Δg = −(rate/β)·gunit·½[Δv² at its end − Δv² at its start], in units of 1 V."""
    run = eqchip.simulate(eqchip.parse(WAVEFORM.format(wires=wires), "waveform.cir"))
    time = np.asarray(run["time"])
    begin, end = int(np.argmin(np.abs(time - 45e-9))), len(time) - 1
    ends = ("v(x)", "v(y)") if wires == "signal=port" else ("v(yxy.row)", "v(yxy.col)")
    drop = run[ends[0]] - run[ends[1]]
    moved = run["w(yxy)"][end] - run["w(yxy)"][begin]
    wanted = -0.5 / 0.4 * 1e-3 * 0.5 * (drop[end] ** 2 - drop[begin] ** 2)
    np.testing.assert_allclose(np.ravel(moved), np.ravel(wanted), rtol=1e-3, atol=1e-12)
    assert np.max(np.abs(moved)) > 1e-7
