"""Synapse: a pair of controlled currents between two neurons, with one weight.

A synapse between pre (row) and post (column) delivers, into each of them,

    i_post = gunit·vunit_pre·W·ρ(s_pre)·ρ′(s_post)         i_pre = gunit·vunit_post·W·ρ(s_post)·ρ′(s_pre)

both if tied (the default), only i_post under dir=forward, only i_pre under dir=backward. A neuron with
drive=direct takes its current without the factor ρ′. Tied and with drive=energy at both ends it has

    E = −gunit·vunit_pre·vunit_post·W·ρ(s_pre)·ρ(s_post)

W has no unit, gunit is in siemens (default: gleak of the column's neuron; where the column is no neuron,
an input, of the row's; without both, `.options gunit`). A tied synapse with both ends on one node
(`Y h h self=1`) counts half, E = −½·…, as every pair of a self-coupled array does in ½ρᵀWρ. The local
signal is −gunit·vunit_pre·vunit_post·ρ(s_pre)·ρ(s_post), whatever the drive.

Source: Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017), equations 1 and 9; LANGUAGE of eqchip.
Limits: ideal and continuous weights, unless the parameters of cells (devices/cells) say otherwise.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.cells import declarations as cells
from eqchip.devices.family import Family, FloatArray, Given, Learning
from eqchip.devices.node_law import (
    CODE,
    COLUMNS,
    ENERGY_DRIVE,
    GLEAK,
    LINEAR,
    SHIFT,
    SLOPE,
    VUNIT,
    activity,
    activity_curvature,
    activity_slope,
)
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place
from eqchip.kernels import kernel

_EP = "Scellier & Bengio 2017"

# The row: node laws of pre and post, then these.
_W, _GUNIT, _INTO_PRE, _INTO_POST, _SHARE, _FALLBACK, _GAIN, _VDD = range(2 * COLUMNS, 2 * COLUMNS + 8)


def prepare(given: Given) -> FloatArray:
    """Return W, gunit (0: a neuron's leak), ends it drives, its share, the fallback scale, gain, vdd."""
    direction = given.words["dir"]
    gunit = np.nan_to_num(given.values["gunit"], nan=0.0)
    columns = np.empty((given.count, 8))
    columns[:, 0] = given.values["w"]
    columns[:, 1] = gunit
    columns[:, 2] = direction != "forward"
    columns[:, 3] = direction != "backward"
    half = given.looped if direction == "tied" else None  # one-way, it drives its node once
    columns[:, 4] = 1.0 if half is None else np.where(half, 0.5, 1.0)
    columns[:, 5] = given.settings.gunit
    columns[:, 6] = given.values["gain"]
    columns[:, 7] = given.values["vdd"]
    return columns


@kernel
def transconductance(p: FloatArray) -> float:
    """Return gunit times gain, weighted with the share of a looped synapse."""
    unit = p[_GUNIT]
    if unit == 0.0:
        unit = p[COLUMNS + GLEAK]
    if unit == 0.0:
        unit = p[GLEAK]
    if unit == 0.0:
        unit = p[_FALLBACK]
    return float(unit * p[_SHARE] * p[_GAIN])


@kernel
def law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """Currents that leave the nodes: the negatives of what the docstring delivers into them."""
    gain = -transconductance(p) * p[_W]
    for into in range(2):
        if p[_INTO_PRE + into] == 0.0:
            continue
        a = into * COLUMNS  # the law of the node that is driven
        b = (1 - into) * COLUMNS  # and of the node that drives
        code = p[a + CODE] if p[a + ENERGY_DRIVE] != 0.0 else float(LINEAR)
        s = u[into] / p[a + VUNIT]
        r = u[1 - into] / p[b + VUNIT]
        rho = activity(p[b + CODE], p[b + SLOPE], p[b + SHIFT], r)
        rho_slope = activity_slope(p[b + CODE], p[b + SLOPE], p[b + SHIFT], r)
        back = activity_slope(code, p[a + SLOPE], p[a + SHIFT], s)
        bend = activity_curvature(code, p[a + SLOPE], p[a + SHIFT], s)
        scale = gain * p[b + VUNIT]
        i[into] = scale * rho * back
        g[into, into] = scale * rho * bend / p[a + VUNIT]
        g[into, 1 - into] = gain * rho_slope * back
    return 0


@kernel
def energy(u: FloatArray, p: FloatArray) -> float:
    """E = −gunit·vunit_pre·vunit_post·W·ρ·ρ; NaN where one-way, or ρ is curved and the drive direct."""
    for end in range(2):
        a = end * COLUMNS
        if p[_INTO_PRE + end] == 0.0 or (p[a + ENERGY_DRIVE] == 0.0 and p[a + CODE] != LINEAR):
            return np.nan
    return float(signal(u, p) * p[_W])


@kernel
def signal(u: FloatArray, p: FloatArray) -> float:
    """∂E/∂W = −gunit·vunit_pre·vunit_post·ρ(s_pre)·ρ(s_post)."""
    product = -transconductance(p)
    for end in range(2):
        a = end * COLUMNS
        unit = p[a + VUNIT]
        product *= unit * activity(p[a + CODE], p[a + SLOPE], p[a + SHIFT], u[end] / unit)
    return product


@kernel
def slope(u: FloatArray, p: FloatArray, out: FloatArray) -> None:
    """∂i/∂W at both ends."""
    gain = -transconductance(p)
    for into in range(2):
        a = into * COLUMNS
        b = (1 - into) * COLUMNS
        code = p[a + CODE] if p[a + ENERGY_DRIVE] != 0.0 else float(LINEAR)
        unit = p[b + VUNIT]
        out[into] = (
            gain
            * p[_INTO_PRE + into]
            * unit
            * activity(p[b + CODE], p[b + SLOPE], p[b + SHIFT], u[1 - into] / unit)
            * activity_slope(code, p[a + SLOPE], p[a + SHIFT], u[into] / p[a + VUNIT])
        )


@kernel
def supply(u: FloatArray, p: FloatArray, out: FloatArray) -> float:
    """What its output stages draw: vdd·|i| for the current i that each end is driven with.

    A stage stands between rails at ±vdd: what flows into a node comes down from the one, what flows out of it
    goes to the other. Of vdd·|i|, v·i goes into the node, the rest heats the stage.
    """
    gain = abs(transconductance(p) * p[_W]) * p[_VDD]
    for into in range(2):
        a = into * COLUMNS
        b = (1 - into) * COLUMNS
        code = p[a + CODE] if p[a + ENERGY_DRIVE] != 0.0 else float(LINEAR)
        unit = p[b + VUNIT]
        rho = activity(p[b + CODE], p[b + SLOPE], p[b + SHIFT], u[1 - into] / unit)
        back = activity_slope(code, p[a + SLOPE], p[a + SHIFT], u[into] / p[a + VUNIT])
        out[into] = gain * p[_INTO_PRE + into] * unit * abs(rho * back)
    return 0.0


def driving(values: FloatArray) -> FloatArray:
    """Return gunit·gain·|W| into pre and post, S: of the stages that drive them."""
    unit = values[:, _GUNIT]
    for fallback in (values[:, COLUMNS + GLEAK], values[:, GLEAK], values[:, _FALLBACK]):
        unit = np.where(unit == 0.0, fallback, unit)
    found = np.abs(unit * values[:, _SHARE] * values[:, _GAIN] * values[:, _W])
    return np.asarray(found[:, None] * values[:, _INTO_PRE : _INTO_POST + 1])


SYNAPSE = Family(
    name="synapse",
    text="a weight between two neurons, used both ways unless dir= says otherwise",
    letters=(),
    terminals=("pre", "post"),
    parameters=(
        Parameter("w", "", None, "weight W; drawn as init= says if not given", source=_EP),
        Parameter(
            "dir",
            "",
            "tied",
            "both ways with one weight, or only from rows to columns or back",
            words=("tied", "forward", "backward"),
        ),
        Parameter("self", "", "0", "whether a self-coupled array has a diagonal", words=("0", "1")),
        *cells.INSTANCE,
    ),
    model_types=("synapse",),
    model_parameters=(
        Parameter(
            "gunit",
            "S",
            None,
            "transconductance of W = 1; gleak of the column's neuron (else the row's) if not given",
            0.0,
            open_low=True,
        ),
        Parameter("gain", "", 1.0, "factor on gunit, the same in both directions", place=Place.READ),
        Parameter(
            "gain_dtod",
            "",
            0.0,
            "relative spread of gain from synapse to synapse",
            0.0,
            place=Place.DRAWN,
            effect="gain",
            source="Pelgrom et al. 1989",
            spreads="gain",
        ),
        Parameter(
            "init",
            "",
            "glorot",
            "how weights start: uniform within ±√(6/(rows + columns)), 0, or of width spread",
            words=("glorot", "zeros", "normal", "uniform"),
            source="Glorot & Bengio 2010, equation 16",
        ),
        Parameter("spread", "", 0.1, "standard deviation of init=normal, half width of init=uniform", 0.0),
        Parameter("vdd", "V", 1.0, "supply voltage of its output stages, for energy reports", 0.0),
        *cells.PARAMETERS,
    ),
    law=law,
    prepare=prepare,
    reads_nodes=True,
    energy=energy,
    supply=supply,
    learning=Learning("w", 0, signal, slope),
    transconductance=driving,
    coupling="dense",
    source="Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017)",
)
