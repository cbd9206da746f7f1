"""Solves and slowest modes without the matrix, against the dense ones."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from eqchip.errors import SimulationError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator import adjoint, array_linear, krylov
from eqchip.simulator.array_form import ArrayChip
from eqchip.simulator.chip import Settling
from eqchip.simulator.compile import compile_chip
from naive_arrays import random_chip

STILL = Settling(tol=1e-13)


def made(text: str) -> ArrayChip:
    chip = compile_chip(elaborate(parse(text, "chip.cir")), "array", np.float64)
    assert isinstance(chip, ArrayChip)
    return chip


def samples(chip: ArrayChip, count: int = 3) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    width, outputs = (len(one[0].nodes) for one in (chip.circuit.inputs, chip.circuit.nudges))
    return random.uniform(-1, 1, (count, width)), random.uniform(-1, 1, (count, outputs))


@given(random_chip())
@settings(max_examples=25)
def test_products_solves_and_modes_are_those_of_the_matrix(text: str) -> None:
    chip = made(text)
    x, t = samples(chip)
    free = chip.settle(x, STILL)
    at = chip._point(free)
    dense = at.jacobian(chip.wiring.matrix())
    random = np.random.default_rng(1)
    for row in range(3):
        j = krylov.Jacobian(chip.wiring, at.part(slice(row, row + 1)))
        v = random.standard_normal(len(j.move))
        here = dense[row][np.ix_(j.move, j.move)]
        np.testing.assert_allclose(j.product(v), here @ v, atol=1e-12)
        np.testing.assert_allclose(j.transposed(v), here.T @ v, atol=1e-12)
    wanted, margin = chip.gradient(free, x, t), chip.stability(free)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adjoint, "LARGE", 0)
        patch.setattr(array_linear, "LARGE", 0)
        for name, value in chip.gradient(free, x, t).items():
            np.testing.assert_allclose(value, wanted[name], atol=1e-11 * (1 + np.max(np.abs(value))))
        assert chip.stability(free) == pytest.approx(margin, rel=1e-6)


LAYERS = """layers
.bus x[20] h[60] k[50] y[5]
.model syn synapse(init=glorot)
.model cell neuron(activation={law} {more})
.model slow neuron(activation={law} {more} c=4p gleak=2u vunit=0.5)
Yxh x h syn
Nh h cell
Yhk h k syn {way}
Nk k slow
Yky k y syn
Ny y cell
.learn Yhk rate=1
.input x
.output y
.nudge y cost={cost}
.end
"""


@pytest.mark.parametrize(
    ("law", "more", "way", "cost"),
    [
        ("tanh", "", "", "mse"),
        ("hardsigmoid", "bias=0.2", "", "mse"),
        ("tanh", "drive=direct", "", "crossentropy"),
        ("sigmoid", "slope=2", "dir=forward", "mse"),
    ],
)
def test_iterations_find_what_factors_do(law: str, more: str, way: str, cost: str) -> None:
    chip = made(LAYERS.format(law=law, more=more, way=way, cost=cost))
    x, _ = samples(chip, 4)
    free = chip.settle(x, STILL)
    t = np.eye(5)[:4]
    wanted, margin = chip.gradient(free, x, t, cost), chip.stability(free)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adjoint, "LARGE", 10)
        patch.setattr(array_linear, "LARGE", 10)
        found = chip.gradient(free, x, t, cost)["Yhk"]
        np.testing.assert_allclose(found, wanted["Yhk"], atol=1e-11 * np.max(np.abs(found)))
        assert chip.stability(free) == pytest.approx(margin, rel=1e-6)


def test_the_worst_sample_of_a_batch_is_reported() -> None:
    # Two neurons hold each other up; an input drives them to where tanh is flat, and stability is high.
    text = """pair
.bus x[1] s[2]
.model cell neuron(activation=tanh)
.model syn synapse()
Yx x s[0] syn w=5
Nh s[0] cell
Ny s[1] cell
Yw s[0] s[1] syn w=0.9
.learn Yw rate=1
.input x
.output s[1]
.nudge s[1]
.end
"""
    for form in ("array", "sparse"):
        chip = compile_chip(elaborate(parse(text, "chip.cir")), form)
        x = np.array([[3.0], [0.0], [2.0]])
        apart = [chip.stability(chip.settle(x[row : row + 1], STILL)) for row in range(3)]
        assert apart[1][0] == pytest.approx(0.1, rel=1e-9)  # 1 − w at s = 0
        assert apart[1][0] < min(apart[0][0], apart[2][0])
        assert chip.stability(chip.settle(x, STILL)) == pytest.approx(apart[1], rel=1e-9)


def test_an_adjoint_that_is_not_found_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = made(LAYERS.format(law="tanh", more="", way="", cost="mse"))
    x, t = samples(chip, 1)
    monkeypatch.setattr(adjoint, "LARGE", 10)
    monkeypatch.setattr(krylov, "_BASIS", 2)
    monkeypatch.setattr(krylov, "_RESTARTS", 1)
    with pytest.raises(SimulationError, match="the adjoint of a chip of 115 nodes was not found"):
        chip.gradient(chip.settle(x, STILL), x, t)


def test_modes_that_are_not_found_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: Any, **named: Any) -> Any:
        raise krylov.ArpackNoConvergence("no", np.zeros(0), np.zeros((0, 0)))

    chip = made(LAYERS.format(law="tanh", more="", way="", cost="mse"))
    monkeypatch.setattr(array_linear, "LARGE", 10)
    monkeypatch.setattr(krylov, "eigsh", never)
    with pytest.raises(SimulationError, match="the slowest mode of a chip of 115 free nodes was not found"):
        chip.stability(chip.settle(samples(chip, 1)[0], STILL))
