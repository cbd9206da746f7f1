"""A fit as a library: a netlist file with one `.model` card, and in comments what is left unexplained."""

from __future__ import annotations

import re
import textwrap

import numpy as np

from eqchip.errors import InputError
from eqchip.simulator.fitting.fit import Fit
from eqchip.units import engineering

#: Order of the words and numbers on a card.
_ORDER = ("update", "dw_min", "up_down", "w_max", "w_min", "p_max", "nl_up", "nl_down")
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_WIDTH = 108


def card(fit: Fit, name: str) -> str:
    """Return the text of the library."""
    check_name(name)
    values: dict[str, float | str] = {"update": fit.law, **fit.summary.values}
    values |= {"gmax": fit.high, "gmin": fit.low}
    order = [key for key in _ORDER if key in values] + [key for key in values if key not in _ORDER]
    words = [f"{key}={_number(values[key])}" for key in order]
    body = textwrap.wrap(" ".join(words), _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    lines = [f"* Fitted devices: `.include {name}.lib`", "*"]
    lines += _comment(f"{name}: update={fit.law}, fitted to {fit.response.name}")
    lines += _comment(
        f"{len(fit.response.devices)} devices, {len(fit.response.trains)} trains, {fit.response.steps} steps;"
        f" values -1 to 1 are {engineering(fit.low, 'S')} to {engineering(fit.high, 'S')}"
    )
    lines += _comment(
        f"residual: {share(fit.residual, fit)} a step, {share(fit.curve_residual, fit)} a curve"
    )
    lines += _comment(f"criterion of Akaike: {fit.criterion:.1f}")
    errors = ", ".join(f"{key} {error:.2g}" for key, error in fit.summary.uncertain.items() if error > 0)
    if errors:
        lines += _comment(f"standard errors of means: {errors}")
    if len(fit.response.devices) == 1:
        lines += _comment("one device: nothing is known of the spread from device to device")
    lines += _comment(f"Source: measured, {fit.response.name}")
    lines += [f".model {name} synapse({body[0]}", *(f"+ {line}" for line in body[1:])]
    lines[-1] += ")"
    return "\n".join(lines) + "\n"


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a model."""
    if not _NAME.match(name):
        raise InputError(f"'{name}' is no name for a model", expected="letters, digits and _, a letter first")


def share(residual: float, fit: Fit) -> str:
    """Say a residual in siemens and as a share of the range."""
    return f"{engineering(residual, 'S', 3)} ({100.0 * residual / (fit.high - fit.low):.3g} %)"


def _number(value: float | str) -> str:
    return (
        value
        if isinstance(value, str)
        else np.format_float_scientific(value, 6, trim="-", exp_digits=1)
        if (value != 0.0 and not 1e-4 <= abs(value) < 1e6)
        else f"{value:.7g}"
    )


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="* ",
        subsequent_indent="*   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
