"""Netlist to Circuit: names, wiring and values resolved; buses and arrays stay arrays.

Two passes a level: what is declared (parameters, functions, models, subcircuits, buses), then elements; after
all elements, the cards that name them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from eqchip.errors import InputError
from eqchip.netlists.analyses import read_dc, read_op, read_tran
from eqchip.netlists.arrays import check_likes
from eqchip.netlists.body import Body, sort_cards
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card, Netlist
from eqchip.netlists.circuit import Circuit, Instance
from eqchip.netlists.collector import collector_paused
from eqchip.netlists.directives import read_print, read_save, read_voltages
from eqchip.netlists.expression import Scope
from eqchip.netlists.idle import check_idle
from eqchip.netlists.models import model_of_card
from eqchip.netlists.options import read_options, settings_of
from eqchip.netlists.overrides import Changes
from eqchip.netlists.parameters import resolve_parameters
from eqchip.netlists.protocol import check_waveform, read_protocol
from eqchip.netlists.role_cards import read_role
from eqchip.netlists.setting import Setting, from_card
from eqchip.netlists.subcircuits import open_level
from eqchip.netlists.training import check_train

#: Inputs and outputs first: they bring sources, and are what others name.
_FIRST: dict[str, Callable[[Build, Card], None]] = {".input": read_role, ".output": read_role}
_THEN: dict[str, Callable[[Build, Card], None]] = {
    ".ic": read_voltages,
    ".nodeset": read_voltages,
    ".op": read_op,
    ".dc": read_dc,
    ".tran": read_tran,
    ".save": read_save,
    ".print": read_print,
    ".plot": read_print,
    ".nudge": read_role,
    ".learn": read_role,
    ".data": read_role,
    ".train": read_role,
    ".protocol": read_protocol,
}


def elaborate(netlist: Netlist, overrides: Mapping[str, str | float] | None = None) -> Circuit:
    """Return the circuit of a netlist, with values changed as `--set NAME=VALUE` does."""
    with collector_paused():
        return assemble(netlist, overrides or {}).circuit


def assemble(
    netlist: Netlist, overrides: Mapping[str, str | float], problems: list[InputError] | None = None
) -> Build:
    """Return the circuit with what was learned on the way; collect errors in `problems` if it is given."""
    circuit = Circuit(netlist.title, netlist.file, notes=list(netlist.notes))
    build = Build(circuit, problems)
    body = build.body = sort_cards(netlist.cards, build.attempt)
    changes = _changes(build, body, overrides)
    _declare(build, body, changes)
    open_level(build, build.top, body)
    for card in build.top.model_cards.values():  # those that nothing uses may be wrong too
        build.attempt(partial(_read_model, build, card))
    build.resolve_currents()
    build.check_probes()
    for readers in (_FIRST, _THEN):
        cards = [card for card in body.directives if card.kind in readers]
        build.each(cards, lambda card, readers=readers: readers[card.kind](build, card))  # type: ignore[misc]
    if build.save_all or not any(card.kind == ".save" for card in body.directives):
        circuit.saves.clear()
    circuit.saves = list(dict.fromkeys(circuit.saves))
    build.attempt(lambda: changes.apply(build))
    build.attempt(lambda: check_train(circuit.train, build.train_places, circuit.learns))
    build.attempt(lambda: check_waveform(build))
    build.attempt(lambda: _check_neurons(circuit))
    build.attempt(lambda: _check_held(circuit, build))
    build.attempt(lambda: check_likes(circuit))
    build.attempt(lambda: check_idle(circuit))
    _order_nudges(circuit)
    return build


def _read_model(build: Build, card: Card) -> None:
    model_of_card(build.top, card)


def _changes(build: Build, body: Body, overrides: Mapping[str, str | float]) -> Changes:
    """Collect the `.set` cards, then what is set from outside."""
    settings: list[Setting] = []
    cards = (card for card in body.directives if card.kind == ".set")
    build.each(cards, lambda card: settings.extend(from_card(card)))
    settings += [Setting(name, value) for name, value in overrides.items()]
    return Changes(settings)


def _declare(build: Build, body: Body, changes: Changes) -> None:
    """Resolve what elements may use: parameters, functions, options, the temperature."""
    circuit = build.circuit
    around = Scope({}, body.functions, Scope({"temper": 27.0}))
    known = {one.name: one for one in body.parameters}
    given: dict[str, float] = {}
    build.attempt(lambda: given.update(changes.parameters(known, around)))
    build.attempt(lambda: circuit.parameters.update(resolve_parameters(body.parameters, around, given)))
    build.top.scope = Scope(circuit.parameters, {}, around)
    cards = [card for card in body.directives if card.kind in (".options", ".option", ".temp")]
    build.each(cards, lambda card: read_options(circuit, build.top, card))
    build.attempt(lambda: changes.options(build))
    circuit.settings = settings_of(circuit.options)
    if "temp" in circuit.options:  # parameters may depend on it, through `temper`
        around = Scope({}, body.functions, Scope({"temper": float(circuit.options["temp"])}))
        if any("temper" in one.text.lower() for one in body.parameters):
            build.attempt(
                lambda: circuit.parameters.update(resolve_parameters(body.parameters, around, given))
            )
        build.top.scope = Scope(circuit.parameters, {}, around)


def _order_nudges(circuit: Circuit) -> None:
    """Put nudges in the order of the outputs: targets come in that order, whatever that of the cards."""
    places = [node for one in circuit.outputs for node in one.nodes.tolist()]
    circuit.nudges.sort(key=lambda one: min(map(places.index, one.nodes.tolist()), default=0))


def _check_neurons(circuit: Circuit) -> None:
    """Refuse two neurons on one node: a node has one law."""
    owner: dict[int, str] = {}
    for instance in circuit.instances:
        if instance.family.node_law is None:
            continue
        for node in np.atleast_1d(np.asarray(instance.nodes[0])).tolist():
            if node == 0:
                raise InputError(f"{instance.name} is a neuron on ground", instance.at)
            if node in owner:
                raise InputError(
                    f"node {circuit.nodes[node]} has two neurons, {owner[node]} and {instance.name}",
                    instance.at,
                )
            owner[node] = instance.name
        _check_rails(circuit, instance)


def _check_rails(circuit: Circuit, instance: Instance) -> None:
    """Refuse rails that hold nothing, with the place of their card."""
    family = instance.family
    if family.bounds is None:
        return
    try:
        family.bounds(family.resolve(instance.count, instance.given(), circuit.settings))
    except InputError as wrong:
        raise InputError(f"{instance.name}: {wrong.message}", instance.at, expected=wrong.expected) from None


def _check_held(circuit: Circuit, build: Build) -> None:
    """Refuse to train the biases of neurons whose states data hold."""
    held = np.concatenate([one.nodes for one in circuit.inputs] or [np.zeros(0, np.int64)])
    for learn in circuit.learns:
        one = build.instances[learn.target.lower()]
        if one.family.node_law is not None and np.any(np.isin(one.nodes[0], held)):
            raise InputError(
                f".learn {learn.target}: data hold the states of these neurons, a bias does nothing there",
                one.at,
                expected="neurons that are no inputs",
            )
