"""Periphery: what stands between a chip and those who use it, and between its nudges and their wish.

    .input    bits= low= high= inl=                      a DAC at every input
    .output   bits= low= high= inl= offset_dtod= noise=  an ADC at every output
    .nudge    gain_error= gain_dtod= sign_error=         β·(1 + gain_error)(1 + gain_dtod·ξ)(1 ± sign_error/2)

All is in state units. Spreads and shapes are drawn once a chip; the noise of an ADC once a sample and phase,
for chips that have a moment. A sign error makes positive β stronger by half of it, and negative weaker: what
a centered estimate believes to be symmetric is not.

Outputs go through their ADC wherever they leave the chip: to be decoded, to be held as the anchor of a frozen
nudge, to be compared with targets. What the devices feel does not.

Source: DESIGN of eqchip, places converter and clock; the curves: devices/periphery/converter.py.
Limits: targets reach the nudge exactly; conversions take no time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.periphery.converter import Converter, drawn
from eqchip.netlists.circuit import Circuit, Input, Output
from eqchip.simulator.manufacture import chip_seed
from eqchip.simulator.moment import Moment
from eqchip.simulator.streams import stream

Array = NDArray[Any]


class Periphery:
    """The converters of a chip's buses, and the errors of its nudges."""

    def __init__(self, circuit: Circuit) -> None:
        seed = chip_seed(circuit)
        self._dacs = _cut(circuit.inputs, seed, "dac")
        self._adcs = _cut(circuit.outputs, seed, "adc")
        self._noise = np.concatenate(
            [np.full(len(one.nodes), one.noise) for one in circuit.outputs] or [np.zeros(0)]
        )
        offsets = [
            one.offset_dtod * stream(seed, "drawn", one.bus.lower(), "offset").standard_normal(len(one.nodes))
            for one in circuit.outputs
        ]
        self._offset = np.concatenate(offsets or [np.zeros(0)])
        self.reads = bool(self._adcs) or bool(np.any(self._noise)) or bool(np.any(self._offset))
        gains = []
        for each in circuit.nudges:
            xi = stream(seed, "drawn", each.bus.lower(), "nudge").standard_normal(len(each.nodes))
            gains.append((1.0 + each.gain_error) * (1.0 + each.gain_dtod * xi))
        bare = sum(len(each.nodes) for each in circuit.outputs)  # nudged where no card says what is
        self._gain = np.concatenate(gains) if gains else np.ones(bare)
        halves = [np.full(len(one.nodes), 0.5 * one.sign_error) for one in circuit.nudges]
        self._half = np.concatenate(halves) if halves else np.zeros(bare)
        self.pulls_exactly = bool(np.all(self._gain == 1.0) and not np.any(self._half))
        self.pulls_alike = (
            bool(np.ptp(self._gain) == 0.0 and np.ptp(self._half) == 0.0) if len(gains) else True
        )

    def given(self, inputs: Array) -> Array:
        """Return inputs (B, n) as the chip gets them."""
        if not self._dacs:
            return inputs
        out = np.array(inputs)
        for part, dac in self._dacs:
            out[:, part] = dac.to_analog(out[:, part])
        return out

    def answered(self, outputs: Array, moment: Moment | None, phase: str) -> Array:
        """Return outputs (B, m) as they are read."""
        if not self.reads:
            return outputs
        out = outputs + self._offset
        if moment is not None and np.any(self._noise):
            out = out + self._noise * moment.at(phase).normals(len(self._noise), "adc")
        for part, adc in self._adcs:
            out[:, part] = adc.to_digital(out[:, part])
        return np.asarray(out, dtype=outputs.dtype)

    def strength(self, beta: float) -> Array:
        """Return the factor on β at every nudged node."""
        return np.asarray(self._gain * (1.0 + np.sign(beta) * self._half))


def _cut(buses: list[Input] | list[Output], seed: int, kind: str) -> list[tuple[slice, Converter]]:
    """Return the converters of those buses that have some, and which columns are theirs."""
    found, begin = [], 0
    for one in buses:
        part = slice(begin, begin + len(one.nodes))
        begin = part.stop
        if one.bits:
            random = stream(seed, "drawn", one.bus.lower(), kind)
            found.append((part, drawn(int(one.bits), one.low, one.high, one.inl, len(one.nodes), random)))
    return found
