"""Learning in one waveform: the card `.protocol`, and what `.tran … learn` needs beside it.

    .protocol free=20u nudged=8u gap=1u     how long each phase lasts
    .tran TSTEP TSTOP learn                 time flows, one sample after another

β, rule, kind and estimator come from .train and .nudge; its solver, durations, batch and epochs belong to
`eqchip train` alone. All is checked once every card is read and every value set.
"""

from __future__ import annotations

from dataclasses import fields

from eqchip.devices.parameter import Value, find
from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Protocol, Tran
from eqchip.netlists.parameters import assignments
from eqchip.netlists.role_cards import check_seconds
from eqchip.netlists.roles import PROTOCOL
from eqchip.netlists.training import DURATIONS, complete_train
from eqchip.units import engineering

_FORM = ".protocol free= nudged= gap="

#: The rules that say how weights move in time, and the estimators with one nudge a sample.
RULES, ESTIMATORS = ("contrast", "stdp", "vectorfield"), ("onesided", "random")


def read_protocol(build: Build, card: Card) -> None:
    """Read .protocol."""
    if build.circuit.protocol is not None:
        raise InputError("there are two .protocol cards", card.where())
    values: dict[str, Value] = {}
    for given in assignments(card):
        place = card.where(given.index - 2)
        if given.name.lower() in DURATIONS[0]:
            raise InputError(
                f".protocol {given.name}=: the phases of a waveform last seconds, not steps",
                place,
                expected=f"{_FORM} in seconds; steps are counted on .train",
            )
        parameter = find(PROTOCOL, given.name, ".protocol", place)
        if parameter.name in values:
            raise InputError(f"{parameter.name} is given twice", place)
        values[parameter.name] = build.top.value(parameter, given)
        check_seconds(parameter, given.text, card.where(given.index))
    missing = [name for name in PROTOCOL if name not in values]
    if missing:
        raise InputError(
            f".protocol has no {missing[0]}",
            card.where(len(card.tokens)),
            expected=f"{missing[0]}= in seconds",
        )
    build.circuit.protocol = Protocol(**values)  # type: ignore[arg-type]


def check_waveform(build: Build) -> None:
    """Refuse what does not go together in a learning waveform."""
    circuit = build.circuit
    found = [one for one in circuit.analyses if isinstance(one, Tran) and one.learn]
    _check_saved(build, bool(found))
    if not found:
        if circuit.protocol is not None:
            raise InputError(
                ".protocol has no use without a learning waveform",
                _place(build, ".protocol"),
                expected=".tran TSTEP TSTOP learn",
            )
        return
    card = found[0]
    if len(found) > 1:
        raise InputError("a netlist has one learning waveform", found[1].at, expected="one .tran … learn")
    for there, wanted in (
        (circuit.protocol is not None, _FORM),
        (circuit.inputs, ".input BUS"),
        (circuit.nudges, ".nudge BUS"),
        (circuit.learns, ".learn ARRAY|NEURONS rate="),
        (circuit.data is not None, ".data NAME"),
        (circuit.train, ".train rule= estimator= beta="),
    ):
        if not there:
            raise InputError(
                f"a learning waveform needs a card {wanted.split()[0]}", card.at, expected=wanted
            )
    _check_phases(build, card)
    _check_method(build, card)


def _check_phases(build: Build, card: Tran) -> None:
    assert build.circuit.protocol is not None  # the caller saw it
    for one in fields(Protocol):
        length = getattr(build.circuit.protocol, one.name)
        if length < card.step:
            raise InputError(
                f"{one.name}={engineering(length, 's')} is shorter than TSTEP={engineering(card.step, 's')}",
                _place(build, ".protocol", one.name),
                expected="phases of several TSTEP",
            )
    nudge = build.circuit.protocol.gap + build.circuit.protocol.free
    if card.stop <= nudge and card.at is not None:
        build.circuit.notes.append(
            (
                card.at,
                f"the waveform ends at {engineering(card.stop, 's')}, before its first nudge "
                f"at {engineering(nudge, 's')}: nothing will be learned",
            )
        )


def _check_method(build: Build, card: Tran) -> None:
    circuit = build.circuit
    given = complete_train(circuit.train)
    rule, estimator = str(given["rule"]), str(given["estimator"])
    if rule not in RULES:
        raise InputError(
            f"rule={rule} does not say how weights move in time",
            _train_place(build, "rule", card),
            expected="rule=" + " | ".join(RULES),
        )
    if estimator not in ESTIMATORS:
        default = "" if "estimator" in circuit.train else ", the default,"
        raise InputError(
            f"estimator={estimator}{default} takes more than one nudge a sample: not in one waveform",
            _train_place(build, "estimator", card),
            expected="estimator=" + " | ".join(ESTIMATORS),
        )
    for learn in circuit.learns:
        for name in ("momentum", "decay"):
            if getattr(learn, name):
                raise InputError(
                    f".learn {learn.target} {name}= is of training off the chip, not of weights in time",
                    _place(build, ".learn", name, learn.target) or card.at,
                    expected=f"no {name}=",
                )


def _check_saved(build: Build, learning: bool) -> None:
    """Refuse a weight to save that is none; save it by the spelling of its card."""
    targets = [one.target for one in build.circuit.learns]
    for name, card, index in build.weighed:
        owner, bracket, rest = name.partition("[")
        place = card.where(index)
        if not learning:
            raise InputError(
                f"w({name}) changes in a learning waveform only", place, expected=".tran TSTEP TSTOP learn"
            )
        known = next((one for one in targets if one.lower() == owner.lower()), None)
        if known is None:
            raise InputError(
                f"there is no '{owner}' that learns",
                place,
                expected="one of: " + ", ".join(targets),
                near=nearest(owner, targets),
            )
        shape = build.instances[known.lower()].shape
        if bracket and not _inside(rest, shape):
            sizes = " × ".join(map(str, shape)) or "one"
            raise InputError(f"w({name}): {known} has {sizes} elements", place, expected=f"w({known}[…])")


def _inside(text: str, shape: tuple[int, ...]) -> bool:
    """Say whether `3,5]` is the place of one element."""
    words = text.removesuffix("]").split(",")
    if len(words) != len(shape) or not all(word.strip().isdigit() for word in words):
        return False
    return all(int(word) < size for word, size in zip(words, shape, strict=True))


def _train_place(build: Build, name: str, card: Tran) -> Location | None:
    return build.train_places.get(name) or build.train_places.get("") or card.at


def _place(build: Build, kind: str, name: str = "", first: str = "") -> Location | None:
    """Return where a card, or one of its settings, stands; None for what no card gives."""
    for card in build.body.directives:
        named = card.tokens[0].lower() if card.tokens else ""
        if card.kind == kind and first.lower() in ("", named):
            if not name:
                return card.where()
            for given in assignments(card, 1 if first else 0):
                if given.name.lower() == name:
                    return card.where(given.index - 2)
    return None
