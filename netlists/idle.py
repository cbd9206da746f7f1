"""Parameters that would do nothing are refused: what belongs to an imperfection that is not there.

A noise factor without a temperature, the charge of a switch without its capacitor, the spread of a slope that
the activation does not have: who writes such a thing expects it to act. What is given may be 0 (`hold_c=0`),
so that a sweep can pass its ideal value. Models of other files may hold numbers that wait for a chip to give
the rest: a card that says reset= acts once somebody says lifetime=.

Whether a chip's training gives an imperfection the time or the phases that it acts in, is for the trainer to
say (simulator/learning/acting.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from eqchip.devices.family import Family
from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit


@dataclass(frozen=True, slots=True)
class Need:
    """What a parameter does nothing without: one of some parameters, or one of some words of another."""

    given: tuple[str, ...] = ()
    word: str = ""
    words: tuple[str, ...] = ()

    def met(self, values: Mapping[str, Any], family: Family) -> bool:
        """Say whether it is there."""
        declared = family.all_parameters()
        if self.word:
            if self.word not in declared:
                return True
            said = str(values.get(self.word, declared[self.word].default))
            return said in self.words
        own = [name for name in self.given if name in declared]
        return not own or any(values.get(name) is not None for name in own)

    def text(self) -> str:
        """Say what would be right."""
        if self.word:
            return f"{self.word}={' or '.join(self.words)}"
        return " or ".join(f"{name}=" for name in self.given)


_TWO = Need(word="cells", words=("pair", "onesided"))
_CURVED = Need(word="activation", words=("sigmoid", "tanh", "softplus"))
_BENT = Need(word="update", words=("linear", "exponential"))
_EXPONENTIAL = Need(word="update", words=("exponential",))
_POWER = Need(word="update", words=("power",))
_PMAX = Need(word="update", words=("pmax",))

NEEDS: Mapping[str, Need] = {
    **dict.fromkeys(("hold_charge", "hold_leak", "hold_time"), Need(("hold_c",))),
    **dict.fromkeys(("slope_dtod", "shift_dtod"), _CURVED),
    "r_dtod": Need(("r",)),
    "noise_factor": Need(("thermal",)),
    **dict.fromkeys(
        ("flicker_low", "flicker_high", "flicker_exp", "flicker_max", "flicker_read"), Need(("flicker",))
    ),
    **dict.fromkeys(("telegraph_up", "telegraph_down"), Need(("telegraph",))),
    **dict.fromkeys(("rtn_up", "rtn_down"), Need(("rtn",))),
    **dict.fromkeys(
        ("drift_t0", "drift_nu_min", "drift_nu_max"), Need(("drift_nu", "drift_nu_k", "drift_dtod"))
    ),
    **dict.fromkeys(("reset", "reset_dtod", "lifetime_dtod"), Need(("lifetime",))),
    "endurance": Need(("endurance_slope",)),
    "endurance_slope": Need(("endurance",)),
    "stuck_range": Need(("stuck_prob",)),
    "dtod_law": Need(("dw_min_dtod",)),
    "mult_noise": Need(("dw_min_std",)),
    "prog_knee": Need(("prog_sat",)),
    "w_max_dtod": Need(("w_max", "update")),
    "w_min_dtod": Need(("w_min", "update")),
    "refresh": _TWO,
    **dict.fromkeys(("gamma_up", "gamma_down", "gamma_up_dtod", "gamma_down_dtod"), _BENT),
    **dict.fromkeys(("a_up", "a_down", "exp_a", "exp_b", "dw_min_std_add", "dw_min_std_slope"), _EXPONENTIAL),
    **dict.fromkeys(("pow_gamma", "pow_up_down", "pow_gamma_dtod", "pow_up_down_dtod"), _POWER),
    **dict.fromkeys(("p_max", "nl_up", "nl_down", "nl_dtod"), _PMAX),
}


@cache
def _needy(family: Family) -> frozenset[str]:
    return frozenset(name for name in family.all_parameters() if name in NEEDS)


def check_idle(circuit: Circuit) -> None:
    """Refuse parameters that would do nothing."""
    seen: set[tuple[int, frozenset[str]]] = set()
    for one in circuit.instances:
        needy = _needy(one.family)
        if not needy or (one.model is None and needy.isdisjoint(one.values)):
            continue
        if needy.isdisjoint(one.values):  # all of a model that say the same besides
            key = id(one.model), frozenset(one.values)
            if key in seen:
                continue
            seen.add(key)
        values = one.given()
        for name in _idle(one.family, values):
            model = one.model
            owner, at = one.name, one.at
            if model is not None and name in model.values and name not in one.values:
                owner, at = model.name, model.at
                inherited = bool(model.base) and name not in model.own
                if inherited or (at is not None and at.file != circuit.file):
                    continue  # a library's numbers may wait for what a chip gives
            raise InputError(
                f"{owner}: {name}= does nothing here", at, expected=f"{NEEDS[name].text()}, or no {name}="
            )


def _idle(family: Family, values: Mapping[str, Any]) -> Iterator[str]:
    declared = family.all_parameters()
    for name in sorted(_needy(family)):
        value = values.get(name)
        if value is None or np.all(np.asarray(value) == declared[name].default):
            continue
        if not NEEDS[name].met(values, family):
            yield name
