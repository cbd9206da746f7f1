"""Every family there is: the packaged ones, then those of installed packages (entry point `eqchip.families`).

The list is fixed when this module is imported, because the machine code of the dispatcher depends on it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from eqchip.devices.circuit import behavioural, capacitor, controlled, diode, inductor, resistor, sources
from eqchip.devices.family import Family
from eqchip.devices.memristors import (
    linear_drift,
    metastable,
    pershin,
    stanford_pku,
    umich,
    vteam,
    yakopcic,
)
from eqchip.devices.neurons import leaky
from eqchip.devices.periphery import nudge, softmax_nudge
from eqchip.devices.synapses import synapse

PACKAGED: tuple[Family, ...] = (
    resistor.RESISTOR,
    capacitor.CAPACITOR,
    inductor.INDUCTOR,
    sources.VOLTAGE_SOURCE,
    sources.CURRENT_SOURCE,
    diode.DIODE,
    controlled.VCVS,
    controlled.VCCS,
    controlled.CCCS,
    controlled.CCVS,
    behavioural.BEHAVIOURAL_VOLTAGE,
    behavioural.BEHAVIOURAL_CURRENT,
    synapse.SYNAPSE,
    leaky.NEURON,
    nudge.NUDGE,
    softmax_nudge.SOFTMAX_NUDGE,
    linear_drift.LINEAR_DRIFT,
    vteam.VTEAM,
    yakopcic.YAKOPCIC,
    stanford_pku.STANFORD_PKU,
    metastable.METASTABLE,
    umich.UMICH,
    pershin.PERSHIN,
)


def _installed() -> tuple[Family, ...]:
    found = [point.load() for point in sorted(entry_points(group="eqchip.families"), key=lambda p: p.name)]
    taken = {family.name for family in PACKAGED}
    for family in found:
        if not isinstance(family, Family):
            raise TypeError(f"entry point eqchip.families: {family!r} is not a Family")
        if family.name in taken:
            raise ValueError(f"entry point eqchip.families: the name '{family.name}' is taken")
        taken.add(family.name)
    return tuple(found)


FAMILIES: tuple[Family, ...] = PACKAGED + _installed()


@cache
def families_by_name() -> dict[str, Family]:
    """Index the families by name."""
    return {family.name: family for family in FAMILIES}


def owners_of(name: str) -> list[str]:
    """Return the names of the families that have a parameter of this name."""
    word = name.lower()
    return [family.name for family in FAMILIES if word in family.all_parameters()]


@cache
def families_by_letter() -> dict[str, tuple[Family, ...]]:
    """Index the families by the letters of their cards; where several share one, the model says."""
    letters = {letter for family in FAMILIES for letter in family.letters}
    return {letter: tuple(f for f in FAMILIES if letter in f.letters) for letter in sorted(letters)}


@cache
def families_by_model_type() -> dict[str, Family]:
    """Index the families by the type word of a .model card."""
    return {word: family for family in FAMILIES for word in family.model_types}
