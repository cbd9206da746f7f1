"""What temperature does to a value: polynomials of R and C, and the constants of junctions.

    x(T) = x(T_nom)·(1 + tc1·ΔT + tc2·ΔT²),   ΔT = T − T_nom

The physical constants are those compiled into ngspice 39 (CODATA 2014), so that junction currents agree
to the last digits; the SI values of 2019 differ from them by parts in 10⁷.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.family import CELSIUS, FloatArray, Given
from eqchip.devices.parameter import Parameter

BOLTZMANN = 1.38064852e-23  # J/K
CHARGE = 1.6021766208e-19  # C

_MANUAL = "ngspice 39 manual"

TC1 = Parameter("tc1", "1/K", 0.0, "linear temperature coefficient", source=_MANUAL, aliases=("tc",))
TC2 = Parameter("tc2", "1/K²", 0.0, "quadratic temperature coefficient", source=_MANUAL)
TEMP = Parameter(
    "temp",
    "°C",
    None,
    "temperature of this element; the chip's (.temp) if not given",
    -CELSIUS,
    source=_MANUAL,
)


def temperature(given: Given) -> FloatArray:
    """Return each element's temperature in kelvin."""
    own = given.values["temp"]
    return np.where(np.isnan(own), given.settings.temperature, own + CELSIUS)


def factor(given: Given) -> FloatArray:
    """Return 1 + tc1·ΔT + tc2·ΔT² of each element."""
    rise = temperature(given) - given.settings.nominal
    result: FloatArray = 1.0 + given.values["tc1"] * rise + given.values["tc2"] * rise * rise
    return result
