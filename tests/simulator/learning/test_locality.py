"""Which parts have no energy, by what they feel and do."""

import pytest

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.learning.locality import parts_without_energy

CHIP = """* parts
.bus x[2] h[3] y[2]
.model syn synapse
.model cell neuron(c=1p gleak=1u activation={activation} drive={drive} vunit=0.3)
.model out neuron(c=1p gleak=2u activation=tanh slope=2)
Yxh x h syn w=0.1 {xh}
Yhh h h syn w=0.2
Yhy h y syn w=0.3 {hy}
Nh h cell
Ny y out
{more}
.input x
.output y
.nudge y
.end
"""


def lost(activation: str = "tanh", drive: str = "energy", xh: str = "", hy: str = "", more: str = "") -> str:
    text = CHIP.format(activation=activation, drive=drive, xh=xh, hy=hy, more=more)
    return " ".join(parts_without_energy(elaborate(parse(text, "parts.cir"))))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "linear", "hardsigmoid", "relu"])
def test_tied_synapses_and_neurons_with_energy_drive_have_an_energy(activation: str) -> None:
    assert lost(activation) == ""


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_one_way_synapse_between_free_nodes_has_none(direction: str) -> None:
    assert lost(hy=f"dir={direction}") == "Yhy"


def test_a_synapse_from_an_input_has_one_whatever_it_does_to_the_input() -> None:
    assert lost(xh="dir=forward") == ""
    assert lost(xh="dir=backward") == "Yxh"


def test_direct_drive_behind_a_curved_activity_has_none() -> None:
    assert lost(drive="direct") == "Yxh Yhh Yhy Nh"
    assert lost("linear", "direct") == ""
    assert lost("hardsigmoid", "direct") == ""  # ρ′ = 1 on the closed interval


def test_circuits_parts_have_one_and_controlled_sources_none() -> None:
    assert lost(more="R1 h[0] y[1] 1meg\nD1 h[0] y[0] d\n.model d D\nC1 h[0] 0 1p") == ""
    assert lost(more="G1 h[0] 0 y[0] 0 1u\nB1 h[1] 0 I={1e-6*v(y[1])}") == "G1 B1"
