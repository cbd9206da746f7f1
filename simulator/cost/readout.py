"""From the .output card and the samples to a Readout."""

from __future__ import annotations

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.cost.decoding import Readout
from eqchip.simulator.samples import Dataset


def readout_of(circuit: Circuit, data: Dataset) -> Readout:
    """Return how the outputs of a circuit are read; the threshold lies midway between the two targets."""
    if not circuit.outputs:
        raise InputError("there is no output to read: no .output card", expected=".output BUS")
    output = circuit.outputs[0]
    width = data.train.targets.shape[1]
    if output.decode == "argmax" and width < 2:
        raise InputError(
            f"decode=argmax of the single output of .output {output.bus} always gives the same answer",
            expected="decode=threshold | sign | linear, or a bus of one output for each class",
        )
    middle = None
    if output.decode == "threshold":
        low, high = data.target_levels()
        middle = 0.5 * (low + high)
    return Readout(output.decode, output.pairs, middle)
