"""Flat SPICE of chips with every activation, drive and wiring: ngspice settles it to the same voltages."""

from pathlib import Path

import numpy as np
import pytest

from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.flatten import flat_spice
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.manufacture import manufactured
from eqchip.simulator.weights import with_weights
from spice_runs import TIGHT, spice

#: Recurrent with and without symmetry, skip and lateral arrays, an untied pair, two hidden buses, two scales;
#: neurons and synapses that differ from device to device.
TEXT = """{activation} {drive}
.options chipseed=3
.bus x[3] h[3] g[2] y[2]
.model syn synapse(init=uniform spread=0.3)
.model strong synapse(init=uniform spread=0.2 gunit=2u gain=0.9 gain_dtod=0.3)
.model cell neuron(c=1p gleak=1u activation={activation} drive={drive} slope=1.3 shift=0.1 bias=0.15)
.model other neuron(c=2p gleak=3u vunit=0.5 activation={activation} drive={drive} bias=-0.1
+                   offset=0.2 offset_dtod=0.1 gleak_dtod=0.1 {curved})
Yxh x h syn
Yhh h h syn self=1
Yhg h g strong dir=forward
Ygh h g syn dir=backward values=Yhg
Ygg g g syn dir=forward
Ygy g y syn
Yxy x y syn
Nh h cell
Ng g other
Ny y cell
.input x
.output y decode=linear
.nudge y
.end
"""


@pytest.mark.ngspice
@pytest.mark.parametrize("drive", ["energy", "direct"])
@pytest.mark.parametrize(
    "activation",
    [
        *("hardsigmoid", "sigmoid", "tanh", "softplus", "relu", "linear"),
        *("tanh low=-0.06 high=0.09", "sigmoid high=0.2", "linear low=-0.05 high=0.1", "relu high=0.1"),
    ],
)
def test_ngspice_settles_to_the_same_voltages(activation: str, drive: str, tmp_path: Path) -> None:
    straight = activation.startswith(("hardsigmoid", "relu", "linear"))
    curved = "" if straight else "slope_dtod=0.2 shift_dtod=0.1"
    text = TEXT.format(activation=activation, drive=drive, curved=curved)
    circuit = with_weights(elaborate(parse(text, "shapes.cir")))
    volts = np.array([[0.7, -0.4, 0.9]])
    found = {}
    for form in ("array", "sparse"):
        chip = compile_chip(circuit, form)
        found[form] = chip.voltages(chip.settle(volts, Settling(tol=1e-12)))
    for bus, values in found["array"].items():
        np.testing.assert_allclose(values, found["sparse"][bus], atol=1e-10)
    plots = spice(TIGHT + _held(flat_spice(manufactured(circuit)), circuit, volts[0]), tmp_path)
    for bus in ("h", "g", "y"):
        for k, value in enumerate(found["array"][f"v({bus})"][0]):
            # A clamp of SPICE lets a state stand 1/STIFFNESS beyond its bound.
            assert abs(float(plots[0][f"v({bus}[{k}])"][0]) - value) < 1e-6


def _held(flat: str, circuit: Circuit, volts: np.ndarray) -> str:
    """Return the cards of a flat netlist, its inputs held at these voltages."""
    kept = [line for line in flat.splitlines()[1:] if "v_x" not in line.lower() and line != ".end"]
    nodes = [circuit.nodes[int(node)] for node in circuit.buses["x"]]
    held = [f"Vheld{k} {node} 0 {volt}" for k, (node, volt) in enumerate(zip(nodes, volts, strict=True))]
    return "\n".join([*held, *kept])
