"""The parameters of memory devices: what families whose weights are held by cells add to their own.

Values of a device are in its own unit, in which the nominal half range is 1; a weight is W = wscale·(value).
Names follow the papers and tools that publish such numbers, so that they can be read off; every default is
the ideal device, and `--ideal` and `--only` know the words that are given here as effects.

Sources: Gokmen & Vlasov, Front. Neurosci. 10:333 (2016): pulses, bounds, spreads; Rasch et al., AICAS (2021):
the names; Agarwal et al., IJCNN (2016); Chen, Peng & Yu, IEEE TCAD 37:3067 (2018): labels of non-linearity;
Nandakumar et al., ICECS (2019) and Joshi et al., Nat. Commun. 11:2473 (2020): phase-change memory.
"""

from __future__ import annotations

import math

from eqchip.devices.cells.declarations_in_time import KEPT, SEEN
from eqchip.devices.cells.declaring import LABELS as _LABELS
from eqchip.devices.cells.declaring import NAMES as _NAMES
from eqchip.devices.cells.declaring import PAIRS as _PAIRS
from eqchip.devices.cells.declaring import PCM as _PCM
from eqchip.devices.cells.declaring import PULSES as _PULSES
from eqchip.devices.cells.declaring import TOOL as _TOOL
from eqchip.devices.cells.declaring import one as _one
from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place

#: Nodes that a measured step (update=table) may have.
NODES = 11

_PROGRAMMED, _DRAWN = Place.PROGRAMMED, Place.DRAWN


def _update(
    name: str, default: float | None, text: str, low: float = -math.inf, source: str = _NAMES
) -> Parameter:
    return _one(name, default, text, low, place=_PROGRAMMED, effect="update", source=source)


def _drawn(name: str, text: str, source: str = _PULSES) -> Parameter:
    return _one(name, 0.0, text, 0.0, place=_DRAWN, effect="dtod", source=source)


#: What a device is, whatever is imperfect about it.
_DEVICE = (
    _one("wscale", 1.0, "weight W of a device value of 1", 0.0, open_low=True, source="eqchip"),
    Parameter(
        "cells",
        "",
        "single",
        "devices a weight: one; a pair of which both move by half; a pair of which each is only pulsed up; "
        "one against a reference column",
        source=_PAIRS,
        words=("single", "pair", "onesided", "reference"),
    ),
    _one(
        "refresh",
        0.0,
        "changes between two refreshes of a pair; 0: never",
        integer=True,
        low=0.0,
        source=_PAIRS,
    ),
    _one("dw_min", 1e-3, "mean step of one pulse", 0.0, open_low=True, source=_PULSES),
    _one("bl", 31, "pulses in the longest train", 1, integer=True, source=_PULSES),
    _one(
        "gmax",
        None,
        "conductance of a value of w_max; gunit·wscale if not given",
        0.0,
        unit="S",
        source=_LABELS,
    ),
    _one("gmin", 0.0, "conductance of a value of w_min", 0.0, unit="S", source=_LABELS),
    _one(
        "pulse_v",
        None,
        "voltage of a pulse; without it no energy of programming is known",
        unit="V",
        source=_LABELS,
    ),
    _one(
        "pulse_t",
        None,
        "length of a pulse; without it no energy of programming is known",
        0.0,
        unit="s",
        source=_LABELS,
    ),
)

_UPDATE = (
    Parameter(
        "update",
        "",
        "ideal",
        "how the step of a pulse depends on the value of the device",
        place=_PROGRAMMED,
        effect="update",
        source=_NAMES,
        words=("ideal", "constant", "linear", "softbounds", "exponential", "power", "pmax", "table"),
    ),
    _update("up_down", 0.0, "up steps are larger by this share of dw_min than down steps", source=_PULSES),
    _update("gamma_up", 0.0, "linear: slope of up steps; exponential: their exponent"),
    _update("gamma_down", 0.0, "linear: slope of down steps; exponential: their exponent"),
    _update("a_up", 0.0, "exponential: factor A of up steps"),
    _update("a_down", 0.0, "exponential: factor A of down steps"),
    _update("exp_a", 0.244, "exponential: scale a of the value"),
    _update("exp_b", 0.2425, "exponential: shift b of the value"),
    _update("pow_gamma", 1.0, "power: exponent of the distance to the bound", 0.0),
    _update("pow_up_down", 0.0, "power: difference of the exponents of up and down steps"),
    _update("p_max", 1000.0, "pmax: pulses from one bound to the other", 1.0, source=_LABELS),
    _update("nl_up", 0.0, "pmax: label of non-linearity of up steps", source=_LABELS),
    _update("nl_down", 0.0, "pmax: label of non-linearity of down steps", source=_LABELS),
    _update("reference", 0.0, "value that stands for W = 0"),
    Parameter(
        "symmetry",
        "",
        "0",
        "1: each device's symmetry point stands for W = 0, beside reference",
        place=_PROGRAMMED,
        effect="update",
        source=_NAMES,
        words=("0", "1"),
    ),
    *(
        _update(f"{way}_{node}", None, f"table: {way} step over dw_min at node {node} from w_min to w_max")
        for way in ("up", "down")
        for node in range(NODES)
    ),
)

_WRITTEN = (
    Parameter(
        "pulses",
        "",
        "expected",
        "how many pulses a change takes: as many as it needs, fractions too; rounded; drawn for each device; "
        "coincidences of trains on rows and columns",
        place=_PROGRAMMED,
        effect="pulses",
        source=_PULSES,
        words=("expected", "deterministic", "independent", "shared"),
    ),
    _one(
        "w_max",
        None,
        "upper bound; 1 where update is not ideal, else none",
        place=_PROGRAMMED,
        effect="bounds",
        source=_PULSES,
    ),
    _one(
        "w_min",
        None,
        "lower bound; −1 where update is not ideal, else none",
        place=_PROGRAMMED,
        effect="bounds",
        source=_PULSES,
    ),
    _one(
        "levels",
        0.0,
        "levels from w_min to w_max, two or more; 0: any value",
        0.0,
        place=_PROGRAMMED,
        source=_TOOL,
        integer=True,
    ),
    _one("stuck_prob", 0.0, "share of devices that never change", 0.0, 1.0, place=_DRAWN, effect="stuck"),
    _one(
        "stuck_range",
        0.1,
        "stuck devices stand anywhere within ± this value",
        0.0,
        place=_DRAWN,
        effect="stuck",
    ),
    _one("dw_min_std", 0.0, "noise of a pulse over its step", 0.0, place=_PROGRAMMED, effect="ctoc"),
    _one(
        "dw_min_std_add",
        0.0,
        "exponential: noise of a pulse beside that of its step, over dw_min",
        0.0,
        place=_PROGRAMMED,
        effect="ctoc",
    ),
    _one(
        "dw_min_std_slope",
        0.0,
        "exponential: noise of a pulse over |value|·dw_min",
        0.0,
        place=_PROGRAMMED,
        effect="ctoc",
    ),
    Parameter(
        "mult_noise",
        "",
        "0",
        "1: noise of a pulse goes with its step, 0: with the step at value 0",
        place=_PROGRAMMED,
        effect="ctoc",
        source=_NAMES,
        words=("0", "1"),
    ),
    _one(
        "write_noise_std",
        0.0,
        "noise of what stands after a write, over dw_min; the value below it persists",
        0.0,
        place=_PROGRAMMED,
        effect="writenoise",
    ),
    *(
        _one(
            f"prog_{order}",
            0.0,
            f"programming error: factor of |value/w_max|^{order} in its deviation",
            place=_PROGRAMMED,
            effect="programming",
            source="Joshi et al. 2020",
        )
        for order in range(5)
    ),
    _one(
        "prog_sat",
        0.0,
        "programming error that saturates: prog_sat·(1 − exp(−|value/w_max|/prog_knee)) of its deviation",
        0.0,
        place=_PROGRAMMED,
        effect="programming",
        source="Agrawal et al. 2022",
    ),
    _one(
        "prog_knee",
        0.1,
        "|value/w_max| over which prog_sat comes up",
        0.0,
        open_low=True,
        place=_PROGRAMMED,
        effect="programming",
        source="Agrawal et al. 2022",
    ),
    _one(
        "endurance",
        0.0,
        "pulses a device takes before its range shrinks; 0: any number",
        0.0,
        place=_PROGRAMMED,
        source="eqchip",
    ),
    _one(
        "endurance_slope",
        0.0,
        "share of the range lost in each decade of pulses beyond endurance",
        0.0,
        1.0,
        place=_PROGRAMMED,
        effect="endurance",
        source="eqchip",
    ),
)

_SPREADS = (
    _drawn("dw_min_dtod", "spread of dw_min from device to device, relative"),
    Parameter(
        "dtod_law",
        "",
        "normal",
        "how dw_min is spread: dw_min·(1 + s·ξ), or dw_min·exp(s·ξ)",
        place=_DRAWN,
        effect="dtod",
        source=_NAMES,
        words=("normal", "lognormal"),
    ),
    _drawn("up_down_dtod", "spread of up_down from device to device, absolute"),
    _drawn("w_max_dtod", "spread of w_max from device to device, relative"),
    _drawn("w_min_dtod", "spread of w_min from device to device, relative"),
    _drawn("gamma_up_dtod", "spread of gamma_up from device to device, absolute", _NAMES),
    _drawn("gamma_down_dtod", "spread of gamma_down from device to device, absolute", _NAMES),
    _drawn("pow_gamma_dtod", "spread of pow_gamma from device to device, relative", _NAMES),
    _drawn("pow_up_down_dtod", "spread of pow_up_down from device to device, absolute", _NAMES),
    _drawn("nl_dtod", "spread of nl_up and nl_down from device to device, absolute", _LABELS),
    _drawn("reference_dtod", "spread of reference from device to device, absolute", _NAMES),
    _drawn("reset_dtod", "spread of reset from device to device, absolute", _NAMES),
    _drawn("lifetime_dtod", "spread of lifetime from device to device, relative", _NAMES),
    _drawn("drift_dtod", "spread of drift_nu from device to device, absolute", _PCM),
)

#: Of a model.
PARAMETERS: tuple[Parameter, ...] = (*_DEVICE, *_UPDATE, *_WRITTEN, *_SPREADS, *KEPT, *SEEN)

#: Of an instance, and so of single devices of an array.
INSTANCE: tuple[Parameter, ...] = (
    _one(
        "stuck",
        None,
        "value at which a device never changes: on at its upper bound, off at its lower",
        place=_DRAWN,
        source=_NAMES,
        named=(("on", math.inf), ("off", -math.inf)),
    ),
)
