"""What shakes a neuron's node while time passes.

    thermal K           white current of two-sided density 2kT·(gleak + noise_factor·Σ g): its leak, and the
                        transconductances g = gunit·|W| of the synapses that drive it. With the leak alone the
                        variance of the node is kT/C.
    langevin T          white current of intensity 2T·C (T in units of the chip's energy scale): what makes
                        a reciprocal chip visit its states as often as exp(−F/T); no device is so noisy
    flicker A           one-sided spectrum A²/f from flicker_low to flicker_high, in state units: a current
                        gleak·vunit times that
    telegraph J         a current gleak·vunit·J that a trap turns on and off (its mean left in: a full trap
                        shifts the node by J at rest)

All are additive, so Itô's and Stratonovich's integral are the same. Steps: simulator/noise/.

Source: Nyquist, Phys. Rev. 32:110 (1928); Kirton & Uren, Adv. Phys. 38:367 (1989); Scellier & Bengio,
Front. Comput. Neurosci. 11:24 (2017) (langevin).
Limits: noise enters where the leak does, not multiplied by ρ′; that of synapses is taken at the weights a
phase begins with, whatever the activities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eqchip.devices.family import FloatArray, Given
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place
from eqchip.errors import InputError

_NYQUIST = "Nyquist 1928"
_MOS = "Tsividis, Operation and Modeling of the MOS Transistor"
_TRAPS = "Kirton & Uren 1989"


@dataclass(frozen=True, slots=True)
class NodeNoise:
    """One number per neuron."""

    thermal: FloatArray  # K
    noise_factor: FloatArray
    langevin: FloatArray  # over the energy scale
    flicker: FloatArray  # state units
    flicker_low: FloatArray  # Hz
    flicker_high: FloatArray
    telegraph: FloatArray  # state units
    telegraph_up: FloatArray  # 1/s
    telegraph_down: FloatArray


def _node(
    name: str, unit: str, default: float, text: str, effect: str, source: str, positive: bool = False
) -> Parameter:
    return Parameter(
        name, unit, default, text, 0.0, open_low=positive, place=Place.NODE, effect=effect, source=source
    )


PARAMETERS = (
    _node("thermal", "K", 0.0, "temperature of the thermal noise of its leak", "thermal", _NYQUIST),
    _node("noise_factor", "", 0.0, "noise of a synapse's transconductance over 4kTg", "thermal", _MOS),
    _node(
        "langevin",
        "",
        0.0,
        "temperature of behavioural noise 2T·C, over the energy scale of the outputs",
        "langevin",
        "Scellier & Bengio 2017",
    ),
    _node("flicker", "", 0.0, "A of 1/f noise A²/f, in state units", "flicker_node", "van der Ziel 1950"),
    _node("flicker_low", "Hz", 1.0, "where 1/f noise begins", "flicker_node", "van der Ziel 1950", True),
    _node("flicker_high", "Hz", 1e6, "where 1/f noise ends", "flicker_node", "van der Ziel 1950", True),
    _node("telegraph", "", 0.0, "jump of a trap at the node, in state units", "telegraph_node", _TRAPS),
    _node("telegraph_up", "1/s", 1e5, "rate at which it is filled", "telegraph_node", _TRAPS, True),
    _node("telegraph_down", "1/s", 1e5, "rate at which it is emptied", "telegraph_node", _TRAPS, True),
)


def node_noise(given: Given) -> NodeNoise | None:
    """Return what shakes the nodes; None: nothing."""
    found = NodeNoise(**{one.name: given.values[one.name] for one in PARAMETERS})
    wrong = (found.flicker > 0.0) & (found.flicker_low >= found.flicker_high)
    if np.any(wrong):
        at = int(np.argmax(wrong))
        raise InputError(
            f"flicker_low={found.flicker_low[at]:g} flicker_high={found.flicker_high[at]:g} leave no band",
            expected="flicker_low below flicker_high",
        )
    shaken = (found.thermal, found.langevin, found.flicker, found.telegraph)
    return found if any(np.any(one) for one in shaken) else None
