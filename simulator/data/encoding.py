"""From data to the states of input nodes, and from answers to targets.

inputs   gain·scale·x + offset on each .input bus in turn; encode=complement puts their negatives behind;
         bytes, such as grey values, become float32, everything else float64
targets  class numbers become one 1 among 0 on a bus of several nodes, one 1 among −1 with decode=sign; on a
         single node −1 or 1 (sign), or what they are; with decode=linear answers stay what they are
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError, Location
from eqchip.netlists.circuit import Input, Output

Array = NDArray[Any]


def features(inputs: Sequence[Input]) -> int:
    """Return how many numbers of a datum the inputs of a chip take."""
    return sum(_share(one) for one in inputs)


def _share(one: Input) -> int:
    return len(one.nodes) // 2 if one.encode == "complement" else len(one.nodes)


def encode(
    data: Array, scale: float, inputs: Sequence[Input], name: str, at: Location | None = None
) -> Array:
    """Return the states of all input nodes, (N, nodes), bus after bus."""
    wanted = features(inputs)
    if data.shape[1] != wanted:
        buses = ", ".join(f"{one.bus}[{len(one.nodes)}]" for one in inputs)
        raise InputError(
            f"{name} has {data.shape[1]} numbers a sample, the inputs {buses} take {wanted}",
            at,
            expected=f"data of {wanted} numbers a sample, or inputs for {data.shape[1]}",
        )
    exact = np.float32 if data.dtype.itemsize == 1 else np.float64
    states = np.empty((len(data), sum(len(one.nodes) for one in inputs)), exact)
    column = start = 0
    for one in inputs:
        width = _share(one)
        part = states[:, column : column + width]
        np.multiply(data[:, start : start + width], exact(one.gain * scale), out=part)
        if one.offset:
            part += exact(one.offset)
        column, start = column + width, start + width
        if one.encode == "complement":
            np.negative(part, out=states[:, column : column + width])
            column += width
    return states


def targets_of(answers: Array, outputs: Sequence[Output], name: str, at: Location | None = None) -> Array:
    """Return the targets of all outputs, (N, outputs), bus after bus."""
    column = answers[:, None] if answers.ndim == 1 else answers
    values = column.astype(np.float64)
    widths = [_width(one) for one in outputs]
    # A class number is one column, whatever the number of nodes that tell the classes apart.
    pairs = list(zip(outputs, widths, strict=True))
    largest = [1 if one.decode == "argmax" else width for one, width in pairs]
    classes = [width if one.decode == "linear" else 1 for one, width in pairs]
    for columns in (widths, largest, classes):
        if values.shape[1] == sum(columns):
            cut = np.split(values, np.cumsum(columns)[:-1], axis=1)
            parts = [_targets(part, one, name, at) for part, one in zip(cut, outputs, strict=True)]
            return np.ascontiguousarray(np.concatenate(parts, axis=1))
    asked = " and ".join(
        f"the output {one.bus} has {width} node{'s' * (width != 1)}"
        for one, width in zip(outputs, widths, strict=True)
    )
    counts = dict.fromkeys((sum(widths), sum(largest), sum(classes)))
    numbers = " or ".join(map(str, counts))
    raise InputError(
        f"{name} has {values.shape[1]} answer{'s' * (values.shape[1] != 1)} a sample, {asked}",
        at,
        expected=f"{numbers} answers a sample"
        + (" (a class number counts as one)" if classes != widths else ""),
    )


def _width(output: Output) -> int:
    return len(output.nodes) // 2 if output.pairs else len(output.nodes)


def _targets(values: Array, output: Output, name: str, at: Location | None) -> Array:
    """Return the targets of one output bus from its columns of the answers."""
    classes = values.shape[1] == 1 and output.decode != "linear"
    if classes and (_width(output) > 1 or output.decode == "argmax"):
        values = _one_of(values[:, 0], _width(output), output, name, at)
    if output.decode == "sign":
        return _signs(values, name, at)
    return values


def _one_of(classes: Array, width: int, output: Output, name: str, at: Location | None) -> Array:
    whole = classes.astype(np.int64)
    if np.any(whole != classes) or np.any(whole < 0) or np.any(whole >= width):
        wrong = classes[(whole != classes) | (whole < 0) | (whole >= width)][0]
        raise InputError(
            f"{name} has the class {wrong:g}, the output {output.bus} has nodes for classes 0 to {width - 1}",
            at,
            expected=f"an output of {int(np.max(whole)) + 1} nodes, or decode=threshold | sign | linear",
        )
    return np.asarray(np.eye(width)[whole])


def _signs(values: Array, name: str, at: Location | None) -> Array:
    levels = set(np.unique(values).tolist())
    if levels <= {0.0, 1.0}:
        return np.asarray(2.0 * values - 1.0)
    if levels <= {-1.0, 1.0}:
        return values
    raise InputError(
        f"{name} has answers that are no signs", at, expected="0 and 1, or −1 and 1 (decode=sign)"
    )
