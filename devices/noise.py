"""Noise: the capability of a device whose currents fluctuate while time passes.

A source is a white current between two pins, +i at one and −i at the other, so that charge is kept. Its
density is two-sided, A²/Hz, ⟨i(t)i(t′)⟩ = D·δ(t − t′): half of what noise figures, one-sided, quote.

    conductance g at temperature T      D = 2kTg        (4kTg one-sided)
    junction with current I             D = q(I + 2Is)  (2q(I + 2Is) one-sided)

A junction's is 2kTg at zero bias, g = qIs/(nkT), for emission coefficient n = 1 alone: with another n it is n
times what equilibrium at T demands, and a capacitor on it has n·kT/C.

Source: Nyquist, Phys. Rev. 32:110 (1928); van der Ziel, Noise in Solid State Devices and Circuits (1986).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place


@dataclass(frozen=True, slots=True)
class Noise:
    """What fluctuates in a family.

    density(u, p, t, out) -> None, a @kernel over elements: local unknowns (N, pins), rows of `prepare`'s
    columns (N, …), temperatures (N) in K; sets out (N, sources). A temperature of 0 K: no noise.
    """

    pins: tuple[tuple[int, int], ...]  # of each source, among the element's pins
    density: Callable[..., None]
    constant: bool  # whether it depends on no voltage
    #: A parameter that multiplies what equilibrium at T demands at zero bias: with 1 the noise is thermal.
    excess: str = ""


THERMAL = Parameter(
    "thermal",
    "K",
    0.0,
    "temperature of its noise in time, in chips that learn by steps in time",
    0.0,
    place=Place.NODE,
    source="Nyquist 1928",
)
