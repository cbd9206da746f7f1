"""Windows: factors that slow a state down near its ends.

    none         f = 1                                          (the bounds of state.py still hold)
    joglekar     f = 1 − (2x − 1)^2p                            0 at both ends: a state that reaches one stays
    biolek       f = 1 − (x − stp)^2p                           stp = 0 while x grows, 1 while it falls:
                                                                0 only at the end it moves to
    prodromakis  f = j·(1 − [(x − ½)² + ¾]^p)                   like joglekar, with a height j

    p  how sharp: the larger, the nearer to no window (of prodromakis: the higher); need not be an integer

They are shapes that keep equations inside their bounds, not physics. Biolek's jumps where the motion changes
its direction; times a rate that is zero there it is a kink. Peers have both others wrong: 1 − (2x − 1)
with the power around all of it, and ¾ outside of the bracket.

Source: Joglekar & Wolf, Eur. J. Phys. 30 (2009) 661; Biolek, Biolek & Biolkova, Radioengineering 18 (2009)
210; Prodromakis et al., IEEE Trans. Electron Devices 58 (2011) 3099.
"""

from __future__ import annotations

from eqchip.devices.parameter import Parameter
from eqchip.kernels import kernel

WINDOWS = ("none", "joglekar", "biolek", "prodromakis")
NONE, JOGLEKAR, BIOLEK, PRODROMAKIS = map(float, range(4))

_SOURCE = "Joglekar 2009, Biolek 2009, Prodromakis 2011"
WINDOW = Parameter("window", "", "none", "what slows the state near its ends", words=WINDOWS, source=_SOURCE)
POWER = Parameter("p", "", 1.0, "exponent of the window", low=0.5, source=_SOURCE)
HEIGHT = Parameter("j", "", 1.0, "height of Prodromakis' window", low=0.0, open_low=True, source=_SOURCE)


@kernel
def powered(base: float, exponent: float) -> tuple[float, float]:
    """Return |base|^exponent and its derivative by base."""
    size = abs(base)
    if size == 0.0:
        return 0.0, 0.0
    value = size**exponent
    return value, exponent * value / base


@kernel
def window(kind: float, x: float, grows: bool, p: float, j: float) -> tuple[float, float]:
    """Return the window at a state inside its bounds, and its derivative by the state."""
    if kind == JOGLEKAR:
        value, slope = powered(2.0 * x - 1.0, 2.0 * p)
        return 1.0 - value, -2.0 * slope
    if kind == BIOLEK:
        value, slope = powered(x if grows else x - 1.0, 2.0 * p)
        return 1.0 - value, -slope
    if kind == PRODROMAKIS:
        middle = x - 0.5
        value, slope = powered(middle * middle + 0.75, p)
        return j * (1.0 - value), -j * slope * 2.0 * middle
    return 1.0, 0.0
