"""Leaky neuron: a node with capacitance, leak, bias and an activation.

    state s = v/vunit, activity ρ(s) (node_law.py)
    i = gleak·v − gleak·vunit·(b + o)·ρ′(s)       drive=energy;  under drive=direct the factor ρ′ is left out
    q = c·v
    E = ½·gleak·v² − gleak·vunit²·(b + o)·ρ(s)    so i = ∂E/∂v;  under drive=direct  − gleak·vunit²·(b + o)·s

    c F, gleak S, vunit V: τ = c/gleak, one state unit is vunit volts; b has no unit,
    nor has the offset o, a bias that is nobody's wish and does not learn
    signal ∂E/∂b = −gleak·vunit²·ρ(s), under either drive (the local signal of the contrast rule)

hardsigmoid and relu are clamps of the state itself: v is held in [0, vunit], [0, ∞) and ρ′ = 1 on the
closed interval. low= and high= are supply rails: they hold the state of any activation, ρ′ as it is.

drive=through: the sum of all inputs passes ρ on its way in, and what it charges is the activity itself:

    τ ds/dt = −s + ρ(ΣWs + b)      others see s; signal −gleak·vunit²·s

The sum is a quantity of its own, which no terminal has: the array form alone knows such neurons.

Source: LANGUAGE of eqchip; Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017), equation 1.
Mismatch: Pelgrom, Duinmaijer & Welbers, IEEE J. Solid-State Circuits 24:1433 (1989).
Limits: mismatch is drawn once a chip (*_dtod), without gradients over a die; no bandwidth; vdd and ibias
count in energy reports only.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.family import Family, FloatArray, Given, Learning
from eqchip.devices.neurons.noise import PARAMETERS as NOISE
from eqchip.devices.neurons.noise import node_noise
from eqchip.devices.node_law import (
    ACTIVATIONS,
    CODE,
    COLUMNS,
    ENERGY_DRIVE,
    GLEAK,
    INTERVALS,
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
from eqchip.errors import InputError
from eqchip.kernels import kernel

#: The drive whose activation stands between the sum of the inputs and the node.
THROUGH = "through"

_EP = "Scellier & Bengio 2017"
_MATCHING = "Pelgrom et al. 1989"
_HELD = "data sheets of sample-and-hold amplifiers"
_CAPACITANCE = COLUMNS
_BIAS = COLUMNS + 1
_OFFSET = COLUMNS + 2
_VDD = COLUMNS + 3
_IBIAS = COLUMNS + 4


def node_law(given: Given) -> FloatArray:
    """Return what activity its node has."""
    drive = given.words["drive"]
    code = LINEAR if drive == THROUGH else ACTIVATIONS[given.words["activation"]]
    laws = np.empty((given.count, COLUMNS))
    laws[:, CODE] = code
    laws[:, SLOPE] = given.values["slope"]
    laws[:, SHIFT] = given.values["shift"]
    laws[:, VUNIT] = given.values["vunit"]
    laws[:, ENERGY_DRIVE] = 1.0 if drive == "energy" else 0.0
    laws[:, GLEAK] = given.values["gleak"]
    return laws


def bounds(given: Given) -> tuple[FloatArray, FloatArray]:
    """Return the voltages between which rails, or a clamped activation, hold its node."""
    through = given.words["drive"] == THROUGH  # then it is the sum that the activation clamps
    activation = given.words["activation"]
    inside = (-np.inf, np.inf) if through else INTERVALS.get(ACTIVATIONS[activation], (-np.inf, np.inf))
    low, high = (
        np.where(np.isnan(given.values[name]), end, given.values[name])
        for name, end in zip(("low", "high"), inside, strict=True)
    )
    if np.any(low >= high):
        at = int(np.argmax(low >= high))
        raise InputError(
            f"rails low={low[at]:g} and high={high[at]:g} leave nothing between them",
            expected="low below high",
        )
    if np.any(low < inside[0]) or np.any(high > inside[1]):
        raise InputError(
            f"activation={activation} holds its state from {inside[0]:g} to {inside[1]:g}: rails beyond have "
            "no meaning",
            expected="rails within, or activation=linear with low= and high=",
        )
    return low * given.values["vunit"], high * given.values["vunit"]


def inlet(given: Given) -> FloatArray | None:
    """Return code, slope and shift of what the sum of its inputs passes; None: nothing."""
    if given.words["drive"] != THROUGH:
        return None
    code = np.full(given.count, float(ACTIVATIONS[given.words["activation"]]))
    return np.column_stack([code, given.values["slope"], given.values["shift"]])


def prepare(given: Given) -> FloatArray:
    """Return the node law's columns, the capacitance, the bias and the offset, and its supply."""
    own = [given.values[name] for name in ("c", "bias", "offset", "vdd", "ibias")]
    return np.column_stack([node_law(given), *own])


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
    """i = gleak·(v − vunit·(b + o)·ρ′), q = c·v."""
    vunit, bias = p[VUNIT], p[_BIAS] + p[_OFFSET]
    code = p[CODE] if p[ENERGY_DRIVE] != 0.0 else float(LINEAR)
    s = u[0] / vunit
    i[0] = p[GLEAK] * (u[0] - vunit * bias * activity_slope(code, p[SLOPE], p[SHIFT], s))
    g[0, 0] = p[GLEAK] * (1.0 - bias * activity_curvature(code, p[SLOPE], p[SHIFT], s))
    q[0] = p[_CAPACITANCE] * u[0]
    c[0, 0] = p[_CAPACITANCE]
    return 0


@kernel
def energy(u: FloatArray, p: FloatArray) -> float:
    """E = ½·gleak·v² − gleak·vunit²·(b + o)·ρ(s)."""
    vunit = p[VUNIT]
    code = p[CODE] if p[ENERGY_DRIVE] != 0.0 else float(LINEAR)
    rho = activity(code, p[SLOPE], p[SHIFT], u[0] / vunit)
    return float(p[GLEAK] * (0.5 * u[0] * u[0] - vunit * vunit * (p[_BIAS] + p[_OFFSET]) * rho))


@kernel
def signal(u: FloatArray, p: FloatArray) -> float:
    """∂E/∂b = −gleak·vunit²·ρ(s)."""
    rho = activity(p[CODE], p[SLOPE], p[SHIFT], u[0] / p[VUNIT])
    return float(-p[GLEAK] * p[VUNIT] * p[VUNIT] * rho)


@kernel
def slope(u: FloatArray, p: FloatArray, out: FloatArray) -> None:
    """∂i/∂b = −gleak·vunit·ρ′(s)."""
    code = p[CODE] if p[ENERGY_DRIVE] != 0.0 else float(LINEAR)
    out[0] = -p[GLEAK] * p[VUNIT] * activity_slope(code, p[SLOPE], p[SHIFT], u[0] / p[VUNIT])


@kernel
def supply(u: FloatArray, p: FloatArray, out: FloatArray) -> float:
    """What it draws: vdd·ibias whatever it does, and vdd·|i| for the current i of its bias."""
    bias = p[_BIAS] + p[_OFFSET]
    code = p[CODE] if p[ENERGY_DRIVE] != 0.0 else float(LINEAR)
    unit = p[VUNIT]
    rise = activity_slope(code, p[SLOPE], p[SHIFT], u[0] / unit)
    out[0] = p[_VDD] * p[GLEAK] * unit * abs(bias * rise)
    return float(p[_VDD] * p[_IBIAS])


NEURON = Family(
    name="neuron",
    text="leaky integrator with an activation and a trainable bias",
    letters=("N",),
    terminals=("node",),
    parameters=(Parameter("bias", "", 0.0, "initial bias b", source=_EP),),
    model_types=("neuron",),
    model_parameters=(
        Parameter("c", "F", 1e-12, "capacitance of the node", 0.0),
        Parameter("gleak", "S", 1e-6, "leak conductance; τ = c/gleak", 0.0, open_low=True),
        Parameter("vunit", "V", 1.0, "volts of one state unit", 0.0, open_low=True),
        Parameter(
            "activation", "", "hardsigmoid", "activity ρ of the state", words=tuple(ACTIVATIONS), source=_EP
        ),
        Parameter(
            "drive",
            "",
            "energy",
            "whether inputs are weighted with ρ′ (gradient of an energy), taken as they are, or their sum "
            "passes ρ and s is the activity (array form only)",
            words=("energy", "direct", THROUGH),
            source=_EP,
        ),
        Parameter("slope", "", 1.0, "slope of sigmoid, tanh, softplus", 0.0, open_low=True),
        Parameter("shift", "", 0.0, "shift of sigmoid, tanh, softplus, in state units"),
        Parameter(
            "low",
            "",
            None,
            "lower supply rail, in state units: the state is held above it; 0 of hardsigmoid and relu",
        ),
        Parameter("high", "", None, "upper supply rail, in state units; 1 of hardsigmoid"),
        Parameter("bias", "", 0.0, "initial bias b", source=_EP),
        Parameter(
            "init",
            "",
            "zeros",
            "how biases start that are not given: 0, or of width spread",
            words=("zeros", "normal", "uniform"),
        ),
        Parameter("spread", "", 0.1, "standard deviation of init=normal, half width of init=uniform", 0.0),
        Parameter(
            "offset",
            "",
            0.0,
            "input offset o: a bias that does not learn",
            place=Place.NODE,
            effect="offset",
            source=_MATCHING,
        ),
        Parameter(
            "offset_dtod",
            "",
            0.0,
            "spread of the offset from neuron to neuron, in state units",
            0.0,
            place=Place.DRAWN,
            effect="offset",
            source=_MATCHING,
            spreads="offset",
            spread_law="absolute",
        ),
        Parameter(
            "c_dtod",
            "",
            0.0,
            "relative spread of c: mismatch of τ",
            0.0,
            place=Place.DRAWN,
            effect="tau_mismatch",
            source=_MATCHING,
            spreads="c",
        ),
        Parameter(
            "gleak_dtod",
            "",
            0.0,
            "relative spread of gleak: mismatch of leak and τ",
            0.0,
            place=Place.DRAWN,
            effect="leak_mismatch",
            source=_MATCHING,
            spreads="gleak",
        ),
        Parameter(
            "slope_dtod",
            "",
            0.0,
            "relative spread of slope: mismatch of gain (sigmoid, tanh, softplus)",
            0.0,
            place=Place.DRAWN,
            effect="gain_mismatch",
            source=_MATCHING,
            spreads="slope",
        ),
        Parameter(
            "shift_dtod",
            "",
            0.0,
            "spread of shift in state units: mismatch of threshold (sigmoid, tanh, softplus)",
            0.0,
            place=Place.DRAWN,
            effect="threshold_mismatch",
            source=_MATCHING,
            spreads="shift",
            spread_law="absolute",
        ),
        *NOISE,
        Parameter(
            "slew",
            "V/s",
            0.0,
            "how fast its amplifier can move the node; 0: as fast as its current does",
            0.0,
            place=Place.NODE,
            effect="slew",
            source="data sheets of amplifiers",
        ),
        Parameter(
            "hold_c",
            "F",
            0.0,
            "capacitor on which a state is held to be compared; 0: held ideally",
            0.0,
            place=Place.CONVERTER,
            effect="sample_hold",
            source=_HELD,
        ),
        Parameter(
            "hold_charge",
            "C",
            0.0,
            "charge that the switch injects into hold_c",
            place=Place.CONVERTER,
            effect="sample_hold",
            source=_HELD,
        ),
        Parameter(
            "hold_leak",
            "A",
            0.0,
            "current that leaks off hold_c",
            place=Place.CONVERTER,
            effect="sample_hold",
            source=_HELD,
        ),
        Parameter(
            "hold_time",
            "s",
            0.0,
            "how long the first state is held until it is compared",
            0.0,
            place=Place.CONVERTER,
            effect="sample_hold",
            source=_HELD,
        ),
        Parameter("vdd", "V", 1.0, "supply voltage, for energy reports", 0.0),
        Parameter("ibias", "A", 0.0, "quiescent supply current, for energy reports", 0.0),
    ),
    law=law,
    prepare=prepare,
    node_law=node_law,
    bounds=bounds,
    inlet=inlet,
    energy=energy,
    supply=supply,
    learning=Learning("bias", _BIAS, signal, slope),
    node_noise=node_noise,
    nodes="leaky",
    source="Scellier & Bengio, Front. Comput. Neurosci. 11:24 (2017)",
)
