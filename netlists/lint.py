"""Lint: what is wrong with a netlist, and what is likely a mistake, without running it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eqchip.errors import InputError, Location
from eqchip.netlists.body import Body
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card, Netlist
from eqchip.netlists.circuit import Circuit, Tran
from eqchip.netlists.connectivity import Fault, first_places, floating, hanging, loops, shorted
from eqchip.netlists.elaborate import assemble

_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_MILLI = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?M(?![eE][gG]|[iI][lL])")
_FEMTO = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?F\Z")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `severity`: error, warning, or note (something was skipped)."""

    severity: str
    location: Location
    message: str


def lint(netlist: Netlist) -> list[Finding]:
    """Return everything found, in the order of the netlist."""
    problems: list[InputError] = []
    build = assemble(netlist, {}, problems)
    faults: list[Fault] = [("error", one.at, _said(one)) for one in problems]
    faults += [("note", at, text) for at, text in build.circuit.notes]
    if not problems:  # half a circuit has faults of its own
        faults += _wiring(build.circuit)
        faults += _learning(build.circuit)
        faults += _noise(build.circuit)
    faults += _unused(build, netlist)
    faults += (fault for card in _all_cards(netlist.cards) for fault in _numbers(card))
    place = Location(netlist.file, 1)
    findings = [Finding(severity, at or place, text) for severity, at, text in faults]
    return sorted(
        dict.fromkeys(findings), key=lambda one: (one.location.file != netlist.file, one.location.line)
    )


def _said(error: InputError) -> str:
    near = f"; did you mean '{error.near}'?" if error.near else ""
    expected = f"; expected {error.expected}" if error.expected else ""
    return error.message + near + expected


def _wiring(circuit: Circuit) -> Iterator[Fault]:
    first = first_places(circuit)
    yield from floating(circuit, first)
    yield from hanging(circuit, first)
    yield from shorted(circuit)
    yield from loops(circuit)


def _learning(circuit: Circuit) -> Iterator[Fault]:
    if circuit.learns and not circuit.nudges:
        yield (
            "warning",
            circuit.train_at,
            f"{circuit.learns[0].target} learns, but there is no .nudge to learn from",
        )
    if circuit.nudges and not circuit.learns:
        yield "warning", circuit.train_at, f"{circuit.nudges[0].bus} is nudged, but there is no .learn card"
    if circuit.learns and circuit.data is None:
        yield "warning", circuit.train_at, f"{circuit.learns[0].target} learns, but there is no .data card"
    library = bool(circuit.models) and not circuit.instances
    if not (circuit.analyses or circuit.learns or library):
        yield "warning", None, "there is nothing to do: no .op, .dc or .tran, and no .learn"


def _noise(circuit: Circuit) -> Iterator[Fault]:
    """Note devices that fluctuate more than equilibrium at their temperature allows; one of each model."""
    loud = any(isinstance(one, Tran) and one.noise for one in circuit.analyses)
    seen: set[str] = set()
    for one in circuit.instances:
        noise = one.family.noise
        if noise is None or not noise.excess:
            continue
        given = one.given()
        shared = one.model.name if one.model is not None and noise.excess in one.model.values else one.name
        value = np.asarray(given.get(noise.excess, 1.0), dtype=np.float64)
        shaken = np.any(np.asarray(given.get("thermal", 1.0 if loud else 0.0), dtype=np.float64) > 0.0)
        if shaken and np.any(value != 1.0) and shared not in seen:
            seen.add(shared)
            worst = float(value.ravel()[np.argmax(np.abs(value - 1.0))])
            yield (
                "note",
                one.at,
                f"{one.name} has {noise.excess}={worst:g}: at zero bias its noise is {worst:g} times thermal "
                "noise, so at rest no network with it is at one temperature",
            )


def _all_cards(cards: list[Card]) -> Iterator[Card]:
    for card in cards:
        yield card
        yield from _all_cards(list(card.body))


def _numbers(card: Card) -> Iterator[Fault]:
    """Find numbers that SPICE reads in another way than most people."""
    begin = 0 if card.head[0] == "." else 2
    for k in range(begin, len(card.tokens)):
        token = card.tokens[k]
        if "M" in token and _MILLI.match(token):
            yield "warning", card.where(k), f"'{token}' is milli, as m is; a million is MEG"
        elif token[-1:] == "F" and _FEMTO.match(token):
            yield "warning", card.where(k), f"'{token}' is femto, as f is; one farad is {token[:-1]}"


def _unused(build: Build, netlist: Netlist) -> Iterator[Fault]:
    body = build.body
    for key, card in build.top.model_cards.items():
        # Of a library few are; a file of models alone is one.
        if key not in build.top.used and card.file == netlist.file and body.elements:
            yield "warning", card.where(0), f"model {card.tokens[0]} is not used"
    for card in body.subcircuits:
        if id(card) not in build.used:
            yield "warning", card.where(0), f"subcircuit {card.tokens[0]} is not used"
    yield from _unused_names(body, netlist)
    named = _bus_words(netlist)
    for card in body.buses:
        for k, token in enumerate(card.tokens):
            if token.partition("[")[0].lower() not in named:
                yield "warning", card.where(k), f"bus {token} is not used"


def _bus_words(netlist: Netlist) -> set[str]:
    return {
        token.partition("[")[0].lower()
        for card in _all_cards(netlist.cards)
        if card.kind != ".bus"
        for token in card.tokens
    }


def _unused_names(body: Body, netlist: Netlist) -> Iterator[Fault]:
    """Find parameters and functions that no other card mentions."""
    if not (body.parameters or body.functions):
        return
    count: dict[str, int] = {}
    for card in _all_cards(netlist.cards):
        # Nodes may be called as parameters are: the first two words of an element are passed over.
        for token in card.tokens if card.head[0] == "." else card.tokens[2:]:
            for word in _WORD.findall(token):
                count[word.lower()] = count.get(word.lower(), 0) + 1
    for one in body.parameters:
        if count.get(one.name, 0) <= sum(other.name == one.name for other in body.parameters):
            yield "warning", one.card.where(one.index - 2), f"parameter {one.name} is not used"
    for name, function in body.functions.items():
        if count.get(name, 0) <= 1 and function.card is not None:
            yield "warning", function.card.where(0), f"function {name} is not used"
