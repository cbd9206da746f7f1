"""Conversions: what the converters at a chip's ends take, by a figure of merit.

    E = fom·2^bits            J of one conversion of one node

fom is Walden's figure of merit, the energy of one of 2^bits steps, used for DACs in the same way. A DAC
converts each datum once a sample, an ADC each output once an inference; in training each output is converted
once a phase, for the cost and its nudge need it.

Source: R. H. Walden, "Analog-to-digital converter survey and analysis", IEEE J. Sel. Areas Commun. 17 (1999)
539. Limits: one figure a card; drivers and references are in it or are left out; targets are not converted.
"""

from __future__ import annotations

from dataclasses import dataclass

from eqchip.netlists.circuit import Circuit, Input, Output


@dataclass(frozen=True, slots=True)
class Conversions:
    """J of one sample, by phase."""

    dac: float  # all inputs, once a sample
    adc: float  # all outputs, once

    def __bool__(self) -> bool:
        return self.dac > 0.0 or self.adc > 0.0


def conversions_of(circuit: Circuit) -> Conversions:
    """Return what the cards .input and .output say."""
    return Conversions(_all(circuit.inputs), _all(circuit.outputs))


def _all(cards: list[Input] | list[Output]) -> float:
    return sum(len(one.nodes) * one.fom * 2.0**one.bits for one in cards if one.bits)
