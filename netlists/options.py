"""Options: what `.options` sets, declared once; and what of other programs it may name.

What is known to eqchip is checked and kept. What only shows or stores, or only makes ngspice faster, is
skipped with a note. What could change an answer, and is not known here, is refused.
"""

from __future__ import annotations

from eqchip.devices.family import CELSIUS, Settings
from eqchip.devices.parameter import Parameter, Value, by_name
from eqchip.errors import InputError, nearest
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Circuit
from eqchip.netlists.level import Level, checked

_MANUAL = "ngspice 39 manual, chapter 15.1"
_COLDEST = -273.15

OPTIONS = by_name(
    (
        Parameter(
            "reltol", "", 1e-3, "Relative tolerance of voltages and currents", 0.0, 1.0, True, source=_MANUAL
        ),
        Parameter("abstol", "A", 1e-12, "Absolute tolerance of currents", 0.0, open_low=True, source=_MANUAL),
        Parameter("vntol", "V", 1e-6, "Absolute tolerance of voltages", 0.0, open_low=True, source=_MANUAL),
        Parameter("chgtol", "C", 1e-14, "Absolute tolerance of charges", 0.0, open_low=True, source=_MANUAL),
        Parameter(
            "trtol", "", 7.0, "How far the step error is overestimated", 0.0, open_low=True, source=_MANUAL
        ),
        Parameter("gmin", "S", 1e-12, "Conductance across every junction", 0.0, source=_MANUAL),
        Parameter(
            "itl1", "", 100.0, "Newton iterations of an operating point", 1, integer=True, source=_MANUAL
        ),
        Parameter("itl2", "", 50.0, "Newton iterations of a step of .dc", 1, integer=True, source=_MANUAL),
        Parameter("itl4", "", 10.0, "Newton iterations of a time step", 1, integer=True, source=_MANUAL),
        Parameter("temp", "°C", 27.0, "Temperature of the circuit", _COLDEST, open_low=True, source=_MANUAL),
        Parameter(
            "tnom", "°C", 27.0, "Temperature parameters hold for", _COLDEST, open_low=True, source=_MANUAL
        ),
        Parameter(
            "method",
            "",
            "trap",
            "How time is integrated; gear means TR-BDF2 here",
            words=("trap", "gear", "trbdf2"),
            source=_MANUAL,
        ),
        Parameter("maxord", "", 2.0, "Largest order of gear", 1, 6, integer=True, source=_MANUAL),
        Parameter("gunit", "S", 1.0, "Conductance scale of a chip without neurons", 0.0, open_low=True),
        Parameter("vunit", "V", 1.0, "Voltage scale of a chip without neurons", 0.0, open_low=True),
        Parameter(
            "energy",
            "",
            0.0,
            "1: .tran adds up what sources deliver, what devices burn and what is stored",
            0.0,
            1.0,
            integer=True,
        ),
        Parameter(
            "settletol",
            "",
            0.01,
            "How near its end a sample is settled, in state units: for latency",
            0.0,
            open_low=True,
        ),
        Parameter(
            "age",
            "s",
            0.0,
            "How long ago weights were programmed when a run begins: what drifts has drifted",
            0.0,
        ),
        Parameter(
            "chipseed",
            "",
            0.0,
            "Which chip off the line: seeds all that differs from device to device",
            0.0,
            integer=True,
        ),
    )
)

#: Show, store, or make ngspice faster: without effect on an answer.
WITHOUT_EFFECT = frozenset(
    [
        "acct",
        "list",
        "nomod",
        "nopage",
        "node",
        "opts",
        "noacct",
        "noinit",
        "noprint",
        "brief",
        "numdgt",
        "ingold",
        "post",
        "probe",
        "interp",
        "width",
        "klu",
        "sparse",
        "savecurrents",
        "warn",
        "ltol",
        "keepopinfo",
        "nofreq",
        "nostatus",
        "itl3",
        "itl5",
        "itl6",
        "srcsteps",
        "gminsteps",
        "noopiter",
        "pivtol",
        "pivrel",
        "cptime",
        "limtim",
        "limpts",
        "seed",
        "lvlcod",
        "bypass",
        "trytocompact",
        "num_threads",
    ]
)

_WORDS = {"trapezoidal": "trap", "trap": "trap", "gear": "gear"}


def read_options(circuit: Circuit, level: Level, card: Card) -> None:
    """Read an .options or .temp card into circuit.options."""
    if card.kind == ".temp":
        _read_temperature(circuit, level, card)
    else:
        _read_card(circuit, level, card)


def _read_temperature(circuit: Circuit, level: Level, card: Card) -> None:
    if len(card.tokens) != 1:
        more = "several temperatures are not supported yet" if card.tokens else ".temp has no value"
        raise InputError(more, card.where(min(1, len(card.tokens))), expected=".temp DEGREES")
    circuit.options["temp"] = checked(OPTIONS["temp"], level.number(card, 0), card, 0)


def _read_card(circuit: Circuit, level: Level, card: Card) -> None:
    tokens = card.tokens
    k = 0
    while k < len(tokens):
        name = tokens[k].lower()
        if name == ",":
            k += 1
            continue
        valued = k + 2 < len(tokens) and tokens[k + 1] == "="
        parameter = OPTIONS.get(name)
        if parameter is not None:
            if not valued:
                raise InputError(f"{name} has no value", card.where(k), expected=f"{name}=VALUE")
            circuit.options[name] = option_value(parameter, level, card, k + 2)
        elif name in WITHOUT_EFFECT:
            circuit.notes.append((card.where(k), f".options {name} was skipped: it changes no answer"))
        else:
            raise unknown_option(name, card, k)
        k += 3 if valued else 1


def option_value(parameter: Parameter, level: Level, card: Card, index: int) -> Value:
    """Return the value of an option."""
    value: Value
    value = option_word(card.tokens[index]) if parameter.words else level.number(card, index)
    return checked(parameter, value, card, index)


def option_word(text: str) -> str:
    """Return the word an option is kept as."""
    return _WORDS.get(text.lower(), text.lower())


def unknown_option(name: str, card: Card, index: int) -> InputError:
    """Return the error for an option that is not known."""
    near = nearest(name, OPTIONS)
    message = f".options {name} is not known" if near else f".options {name} is not supported yet"
    return InputError(message, card.where(index), expected="one of: " + ", ".join(OPTIONS), near=near)


def settings_of(options: dict[str, float | str]) -> Settings:
    """Return what every device shares."""
    given = {name: float(value) for name, value in options.items() if not isinstance(value, str)}
    default = Settings()
    return Settings(
        temperature=given.get("temp", default.temperature - CELSIUS) + CELSIUS,
        nominal=given.get("tnom", default.nominal - CELSIUS) + CELSIUS,
        gmin=given.get("gmin", default.gmin),
        gunit=given.get("gunit", default.gunit),
        vunit=given.get("vunit", default.vunit),
    )
