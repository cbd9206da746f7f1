"""Weights before training: what is drawn, and what it depends on."""

import numpy as np
import pytest

from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.spread import spread
from eqchip.simulator.weights import draw, with_weights

CHIP = """a chip
.bus x[3] h[{h}] y[2]
.model syn synapse({init})
.model cell neuron()
{first}
{second}
Yhh h h syn{self}
Nh h cell
Ny y cell
.input x
.output y
.train seed={seed}
.end
"""


def chip(
    init: str = "init=glorot", h: int = 4, seed: int = 0, first: str = "Yxh x h syn", **more: str
) -> Circuit:
    text = CHIP.format(
        init=init,
        h=h,
        seed=seed,
        first=first,
        second=more.get("second", "Yhy h y syn"),
        self=more.get("loop", ""),
    )
    return with_weights(elaborate(parse(text, "a.cir")))


def weights(circuit: Circuit, name: str) -> np.ndarray:  # type: ignore[type-arg]
    instance = circuit.instance(name)
    assert instance is not None
    return np.asarray(instance.given()["w"])


def test_glorot_fills_its_interval() -> None:
    drawn = draw("glorot", 0.1, (300, 200), 0, "Y")
    width = np.sqrt(6 / 500)
    assert np.max(np.abs(drawn)) <= width
    assert np.max(drawn) > 0.999 * width
    # A uniform variable: variance width²/3, whose estimate over n draws has relative deviation √(0.8/n).
    assert np.var(drawn) == pytest.approx(width**2 / 3, rel=5 * np.sqrt(0.8 / drawn.size))


def test_other_words_do_what_they_say() -> None:
    assert not np.any(draw("zeros", 0.1, (3, 4), 0, "Y"))
    normal = draw("normal", 0.3, (300, 200), 0, "Y")
    assert np.std(normal) == pytest.approx(0.3, rel=5 / np.sqrt(2 * normal.size))
    assert np.max(np.abs(normal)) > 0.9
    uniform = draw("uniform", 0.3, (300, 200), 0, "Y")
    assert 0.299 < np.max(np.abs(uniform)) <= 0.3


def test_draws_depend_on_seed_and_name_alone() -> None:
    one, turned = chip(), chip(first="Yhy h y syn", second="Yxh x h syn")
    for name in ("Yxh", "Yhy"):
        np.testing.assert_array_equal(weights(one, name), weights(turned, name))
    assert not np.array_equal(weights(one, "Yxh"), weights(chip(seed=1), "Yxh"))
    other = chip(first="Yother x h syn")
    np.testing.assert_array_equal(weights(one, "Yhy"), weights(other, "Yhy"))
    assert not np.array_equal(weights(one, "Yxh"), weights(other, "Yother"))


def test_a_bus_coupled_to_itself_is_drawn_symmetric() -> None:
    drawn = weights(chip(loop=" self=1"), "Yhh")
    np.testing.assert_array_equal(drawn, drawn.T)
    assert len(np.unique(drawn)) == 10


def test_given_weights_stay() -> None:
    circuit = chip(first="Yxh x h syn w=0.25")
    assert np.all(weights(circuit, "Yxh") == 0.25)
    assert weights(circuit, "Yhy").shape == (4, 2)


def test_a_circuit_without_synapses_is_left_alone() -> None:
    circuit = elaborate(parse("plain\nV1 a 0 1\nR1 a 0 1k\n.end\n", "a.cir"))
    assert with_weights(circuit) is circuit


def test_what_was_learned_stands_above_the_netlist_and_below_what_is_set_since() -> None:
    netlist = parse(
        "t\n.bus x[2] h[2]\n.model s synapse\n.model c neuron\nYxh x h s w=9\nNh h c\n.input x\n"
        ".set Yxh[0,1].w=7\n.end\n",
        "t.cir",
    )
    learned = {"Yxh": np.array([[1.0, 2.0], [3.0, 4.0]]), "Nh": np.array([0.5, 0.6])}
    trained = LoadedChip(netlist, "t", {"Yxh[1,0].w": 8.0}, learned)

    def theta(chip: LoadedChip, name: str = "Yxh") -> list[float]:
        (group,) = spread(chip.circuit, [chip.circuit.instance(name)])  # type: ignore[list-item]
        return group.given.values["w" if name == "Yxh" else "bias"].tolist()

    assert theta(LoadedChip(netlist, "t", {"Yxh[1,0].w": 8.0})) == [9, 7, 8, 9]
    assert theta(trained) == [1, 2, 3, 4]
    assert theta(trained.set({"yxh[0,1].w": -1.0})) == [1, -1, 3, 4]
    assert theta(trained.set({"Yxh.w": 0.0})) == [0, 0, 0, 0]
    assert theta(trained.set({"Nh.bias": 0.25}), "Nh") == [0.25, 0.25]
    assert theta(trained.set({"c.gleak": 2e-6}).set({"Nh[1].bias": 0.0}), "Nh") == [0.5, 0.0]
    assert theta(trained.untrained()) == [9, 7, 8, 9]
