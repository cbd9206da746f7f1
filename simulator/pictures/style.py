"""How pictures look: colours that colour-blind people tell apart, readable sizes, engineering units.

Colours: Okabe & Ito's palette (2008), without its yellow, which is lost on white.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", ":")
#: Values of one sign, and values of both.
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"

_RC: Any = {
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "svg.fonttype": "none",  # text stays text
    "savefig.dpi": 150.0,
}

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_PLAIN = ("", "%", "°C")


@contextmanager
def style() -> Iterator[None]:
    """Draw and save within: pictures look alike, and a user's own settings come back."""
    try:
        import matplotlib
    except ImportError:
        raise MissingExtra("matplotlib", "plot", "drawing") from None
    with matplotlib.rc_context(_RC):
        yield


def figure(width: float, height: float) -> Figure:
    """Return a figure of that size in inches; no window, no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def line_style(index: int) -> dict[str, Any]:
    """Return colour and dashes of line number `index`; 21 differ."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": DASHES[(index // len(COLOURS)) % len(DASHES)],
    }


def scale_of(values: NDArray[Any], unit: str) -> tuple[float, str]:
    """Return the factor and the name of the unit in which values read well: (1e-6, 'µs')."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    if unit in _PLAIN or largest == 0.0:
        return 1.0, unit
    # 0.995 V still reads as volts: ticks at 1000 mV would look odd.
    power = min(12, max(-18, 3 * math.floor(math.log10(1.01 * largest) / 3)))
    return 10.0**power, f"{_PREFIXES[power]}{unit}"


def label_axis(axis: Axis, name: str, values: NDArray[Any], unit: str) -> None:
    """Label an axis in engineering units; the data stay in SI."""
    from matplotlib.ticker import FuncFormatter

    factor, shown = scale_of(values, unit)
    axis.set_label_text(f"{name} ({shown})" if shown else name)
    if factor != 1.0:
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / factor:.6g}".replace("-", "−")))


def whole_numbers(axis: Axis) -> None:
    """Tick an axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def legend(axes: Axes, count: int) -> None:
    """Put the legend beside the data, never over them."""
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        borderaxespad=0.0,
        ncols=1 if count <= 16 else 2,
        handlelength=1.6,
    )
