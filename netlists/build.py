"""Build: a circuit while it is put together, and what can be said only when all of it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from eqchip.errors import InputError, Location, nearest
from eqchip.netlists.body import Body
from eqchip.netlists.card import Card
from eqchip.netlists.circuit import Circuit, Instance
from eqchip.netlists.expression import Node, Scope
from eqchip.netlists.level import Level, Names, Nodes, moved

#: The most cards that subcircuits may come to when they are written out.
MOST_INSTANCES = 5_000_000


class Build:
    """The circuit, its names and levels. With `problems`, an error in one card does not end the reading."""

    def __init__(self, circuit: Circuit, problems: list[InputError] | None = None) -> None:
        self.circuit = circuit
        self.problems = problems
        self.names = Names(circuit)
        self.top = Level(self.names, Scope())
        self.instances: dict[str, Instance] = {}
        self.subcircuits: set[str] = set()  # X instances by full lower-case name
        #: (instance, position among its controls, the name wanted, its level, where it stands)
        self.currents: list[tuple[Instance, int, str, Level, Callable[[], Location]]] = []
        self.probed: list[tuple[Nodes, str, Callable[[], Location]]] = []
        self.used: set[int] = set()  # .subckt cards that something uses, by identity
        self.body = Body()  # the cards of the top
        self.save_all = False
        self.train_places = circuit.train_places
        self.weighed: list[tuple[str, Card, int]] = []  # what .save w(...) names, and where
        #: What is read once though a subcircuit is used often, by the identity of its card.
        self.formulas: dict[int, Node] = {}
        self.bodies: dict[int, Body] = {}
        self.scopes: dict[object, tuple[Scope, Scope]] = {}

    def each(self, cards: Iterable[Card], read: Callable[[Card], None]) -> None:
        """Read cards one by one; collect what is wrong with them when asked to."""
        if self.problems is None:
            for card in cards:
                read(card)
            return
        for card in cards:
            self.attempt(lambda card=card: read(card))  # type: ignore[misc]

    def attempt(self, step: Callable[[], None]) -> None:
        """Take one step; collect what is wrong with it when asked to."""
        try:
            step()
        except InputError as error:
            if self.problems is None:
                raise
            self.problems.append(error)

    def add(self, instance: Instance, level: Level, card: Card) -> None:
        """Add an instance; its name must be new."""
        key = instance.name.lower()
        if key in self.instances:
            first = self.instances[key].card
            line = f", first in line {first.line}" if first else ""
            raise InputError(f"'{instance.name}' is there twice{line}", card.where())
        if len(self.instances) >= MOST_INSTANCES:
            raise InputError(f"the netlist comes to more than {MOST_INSTANCES:,} elements", card.where())
        self.instances[key] = instance
        self.circuit.instances.append(instance)

    def need_current(
        self, instance: Instance, position: int, name: str, level: Level, at: Callable[[], Location]
    ) -> None:
        """Note that a control is the current of an instance that may come later."""
        self.currents.append((instance, position, name, level, at))

    def resolve_currents(self) -> None:
        """Find the voltage sources whose currents are controls; spell them as their cards do."""
        for instance, position, name, level, at in self.currents:
            try:
                source = self._current(instance, (level.prefix + name).lower(), name, at)
            except InputError as error:
                if self.problems is None:
                    raise
                self.problems.append(error)
                continue
            before, after = instance.controls[:position], instance.controls[position + 1 :]
            instance.controls = (*before, source.name, *after)
            if instance.program is not None:
                instance.program = replace(instance.program, controls=instance.controls)

    def _current(self, instance: Instance, key: str, name: str, at: Callable[[], Location]) -> Instance:
        source = self.instances.get(key)
        if source is None:
            known = [one.name for one in self.circuit.instances if one.family.branches]
            raise InputError(
                f"{instance.name} reads the current of '{name}', which is not there",
                at(),
                expected="the name of a voltage source",
                near=nearest(key, known),
            )
        if not source.family.branches:
            raise InputError(
                f"'{source.name}' ({source.family.name}) has no current of its own to read",
                at(),
                expected="a voltage source; one of 0 V in series measures a current",
            )
        if source.shape and source.shape != instance.shape:
            raise InputError(
                f"{instance.name} is {instance.count} elements, '{source.name}' is {source.count}", at()
            )
        return source

    def probe(self, level: Level, name: str, card: Card, index: int, at: Callable[[], Location]) -> Nodes:
        """Return the node that v(name) of a formula means; some element must connect to it."""
        try:
            found = level.named(name, card, index)
        except InputError as error:
            raise moved(error, at()) from None
        if found is None:
            found = level.create(name, card, index)
            self.probed.append((found, name, at))
        return found

    def check_probes(self) -> None:
        """Refuse v(name) of nodes that no element connects to."""
        if not self.probed:
            return
        connected: set[int] = set()
        for instance in self.circuit.instances:
            for node in instance.nodes:
                connected.update((node,) if isinstance(node, int) else node.tolist())
        known = [self.circuit.nodes[node] for node in connected]
        for found, name, at in self.probed:
            first = found if isinstance(found, int) else int(found[0])
            if first not in connected:
                error = InputError(f"no element connects to node '{name}'", at(), near=nearest(name, known))
                if self.problems is None:
                    raise error
                self.problems.append(error)
