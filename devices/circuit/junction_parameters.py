"""The parameters of a junction diode, with SPICE's names and defaults."""

from __future__ import annotations

from eqchip.devices.circuit.thermal import TEMP
from eqchip.devices.family import CELSIUS
from eqchip.devices.parameter import Parameter

_MANUAL = "ngspice 39 manual, chapter 7"

INSTANCE = (
    Parameter("area", "", 1.0, "scales Is, Cj0 and 1/rs", 0.0, open_low=True, source=_MANUAL),
    Parameter("m", "", 1.0, "how many of it are in parallel", 0.0, open_low=True, source=_MANUAL),
    Parameter("ic", "V", None, "initial voltage, for uic", source=_MANUAL),
    TEMP,
)

MODEL = (
    Parameter("is", "A", 1e-14, "saturation current", 0.0, open_low=True, source=_MANUAL, aliases=("js",)),
    Parameter("n", "", 1.0, "emission coefficient", 0.0, open_low=True, source=_MANUAL),
    Parameter("rs", "Ω", 0.0, "series resistance", 0.0, source=_MANUAL),
    Parameter("cjo", "F", 0.0, "junction capacitance at 0 V", 0.0, source=_MANUAL, aliases=("cj0", "cj")),
    Parameter("vj", "V", 1.0, "junction potential", 0.0, open_low=True, source=_MANUAL, aliases=("pb",)),
    Parameter("mj", "", 0.5, "grading coefficient", 0.0, 0.9, source=_MANUAL, aliases=("m",)),
    Parameter("fc", "", 0.5, "where the capacitance goes on as its tangent", 0.0, 0.95, source=_MANUAL),
    Parameter("tt", "s", 0.0, "transit time", 0.0, source=_MANUAL),
    Parameter("eg", "eV", 1.11, "activation energy", 0.1, source=_MANUAL),
    Parameter("xti", "", 3.0, "temperature exponent of Is", source=_MANUAL),
    Parameter("bv", "V", None, "breakdown voltage; none if not given", 0.0, open_low=True, source=_MANUAL),
    Parameter("ibv", "A", 1e-3, "current at the breakdown voltage", 0.0, open_low=True, source=_MANUAL),
    Parameter("nbv", "", None, "emission coefficient of the breakdown; n if not given", 0.0, source=_MANUAL),
    Parameter(
        "tnom",
        "°C",
        None,
        "temperature of these values; .options tnom if not given",
        -CELSIUS,
        source=_MANUAL,
    ),
)
