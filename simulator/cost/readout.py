"""From the .output cards and the samples to how outputs are read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Output
from eqchip.simulator.cost.decoding import Readout, Several
from eqchip.simulator.samples import Dataset

Array = NDArray[np.float64]


def readout_of(circuit: Circuit, data: Dataset) -> Readout | Several:
    """Return how the outputs of a circuit are read; the threshold lies midway between the two targets."""
    if not circuit.outputs:
        raise InputError("there is no output to read: no .output card", expected=".output BUS")
    low, high = (np.asarray(levels, dtype=np.float64) for levels in data.target_levels())
    parts, begin = [], 0
    for output in circuit.outputs:
        width = len(output.nodes) // 2 if output.pairs else len(output.nodes)
        parts.append(_readout(output, low[begin : begin + width], high[begin : begin + width], data.name))
        begin += width
    if len(parts) == 1:
        return parts[0]
    return Several(tuple(parts), tuple(len(one.nodes) for one in circuit.outputs))


def _readout(output: Output, low: Array, high: Array, name: str) -> Readout:
    if output.decode == "argmax" and len(low) < 2:
        raise InputError(
            f"decode=argmax of the single output of .output {output.bus} always gives the same answer",
            expected="decode=threshold | sign | linear, or a bus of one output for each class",
        )
    middle = None
    if output.decode == "threshold":
        if not np.any(low < high):
            raise InputError(
                f"decode=threshold of .output {output.bus}: {name} wants {float(low[0]):g} of every sample, "
                "there is nothing to tell apart",
                expected="data with two answers, or decode=sign | linear",
            )
        # An output with one answer throughout is told apart as the others of its bus are.
        same = low == high
        low, high = np.where(same, np.min(low), low), np.where(same, np.max(high), high)
        middle = 0.5 * (low + high)
    return Readout(output.decode, output.pairs, middle)
