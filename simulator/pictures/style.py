"""How pictures look: colours that colour-blind people tell apart, readable sizes, engineering units.

Colours: Okabe & Ito's palette (2008), without its yellow, which is lost on white. Sizes: a page's width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure, FigureBase

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", ":")
GREY = "#555555"
#: Values of one sign, and values of both.
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
#: Inches: of two columns of a journal.
WIDTH = 7.2
SMALL = 7.5

_RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same picture everywhere, with µ and Ω
    "font.size": 8.5,
    "axes.titlesize": SMALL,
    "axes.titlelocation": "left",
    "axes.titlecolor": GREY,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "pdf.fonttype": 42,  # text stays text, in PDF and in SVG
    "svg.fonttype": "none",
    "svg.hashsalt": "eqchip",  # the same picture, the same file
    "savefig.dpi": 200.0,
}

_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_PLAIN = ("", "%", "°C")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: how tall it wants to be, in inches, and how it fills a figure or a part of one."""

    height: float
    paint: Callable[[FigureBase], Sequence[Axes]]


@contextmanager
def style() -> Iterator[None]:
    """Draw and save within: pictures look alike, and a user's own settings come back."""
    try:
        import matplotlib
    except ImportError:
        raise MissingExtra("matplotlib", "plot", "drawing") from None
    with matplotlib.rc_context(_RC):
        yield


def figure(height: float, width: float = WIDTH) -> Figure:
    """Return a figure of that size in inches; no window, no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def dress(axes: Axes, grid: str = "both") -> None:
    """Give axes of ours their ticks and a thin grid: `both`, `x`, `y` or `none`."""
    axes.tick_params(labelsize=8.0, width=0.7, length=3.0)
    axes.tick_params(which="minor", width=0.5, length=1.8)
    axes.grid(False)
    if grid != "none":
        axes.grid(True, axis=grid, color="#e2e2e2", linewidth=0.5)  # type: ignore[arg-type]


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
    # Volts are volts down to a tenth: 0.9 V, not 900 mV.
    if unit in _PLAIN or largest == 0.0 or (unit == "V" and 0.1 <= largest < 1000.0):
        return 1.0, unit
    # 0.995 A still reads as amperes: ticks at 1000 mA would look odd.
    power = min(12, max(-18, 3 * math.floor(math.log10(1.01 * largest) / 3)))
    return 10.0**power, f"{_PREFIXES[power]}{unit}"


def label_axis(axis: Axis, name: str, values: NDArray[Any], unit: str) -> None:
    """Label an axis in engineering units; the data stay in SI."""
    factor, shown = scale_of(values, unit)
    axis.set_label_text(f"{name} ({shown})" if shown and name else name or shown)
    if unit:
        scale_ticks(axis, factor)


def scale_ticks(axis: Axis, factor: float = 1.0) -> None:
    """Write ticks divided by a factor, all with as many decimals as the one that needs most."""
    from matplotlib.ticker import FuncFormatter

    def write(x: float, _: object = None) -> str:
        places = _decimals([float(tick) / factor for tick in axis.get_major_locator()()])
        return f"{x / factor + 0.0:.{places}f}".replace("-", "−")

    axis.set_major_formatter(FuncFormatter(write))


def _decimals(ticks: Sequence[float]) -> int:
    """Return the decimals that tell ticks apart exactly: 2 for 0.25, 0.5."""
    if len(ticks) < 2:
        return 3
    step = min(abs(b - a) for a, b in pairwise(ticks)) or 1.0
    for places in range(9):
        if all(abs(round(tick, places) - tick) < 1e-6 * step for tick in ticks):
            return places
    return 9


def whole_numbers(axis: Axis, bins: int = 8) -> None:
    """Tick an axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(bins, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def legend(axes: Axes, count: int, outside: bool = True) -> None:
    """Put the legend beside the data, never over them; in axes of a user's where they leave room."""
    if not outside:
        axes.legend(loc="upper right", frameon=True, framealpha=0.85, edgecolor="none")
        return
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.03),
        borderaxespad=0.0,
        ncols=1 if count <= 16 else 2,
        handlelength=1.5,
        labelspacing=0.35,
    )


def label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], height: float) -> None:
    """Write (value, text, colour) beside the ends of curves, moved apart where they would overlap.

    `height` is about that of the axes in inches. Limits are held from here on.
    """
    axes.set_ylim(axes.get_ylim())
    transform = axes.yaxis.get_transform()
    low, high = (float(v) for v in transform.transform(np.array(axes.get_ylim())))
    at = {text: (float(transform.transform(np.array([y]))[0]) - low) / (high - low) for y, text, _ in ends}
    gap = 1.3 * SMALL / 72.0 / height
    order = sorted(ends, key=lambda end: at[end[1]])
    places = [at[text] for _, text, _ in order]
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + gap)
    over = max(0.0, places[-1] - 1.0) if places else 0.0
    for k in range(len(places) - 1, -1, -1):  # what was pushed beyond the top comes down again
        ceiling = 1.0 if k == len(places) - 1 else places[k + 1] - gap
        places[k] = min(places[k], ceiling) if over else places[k]
    for place, (_, text, colour) in zip(places, order, strict=True):
        axes.text(
            1.015,
            place,
            text,
            transform=axes.transAxes,
            color=colour,
            va="center",
            fontsize=SMALL,
            clip_on=False,
        )
