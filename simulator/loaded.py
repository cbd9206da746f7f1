"""LoadedChip: a netlist with values changed from outside, and, out of a record, with learned weights.

Immutable: `set` returns another one. Circuit and forms are worked out when they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from numpy.typing import NDArray

from eqchip.errors import InputError, Location
from eqchip.netlists.card import Netlist
from eqchip.netlists.chips import find_chip
from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse, read
from eqchip.netlists.roles import TRAIN
from eqchip.simulator.chip import Chip
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.idealise import Switches, from_record, idealised
from eqchip.simulator.records.reader import Record
from eqchip.simulator.weights import with_learned

P = ParamSpec("P")
R = TypeVar("R")

#: What a file of results ends in.
RECORDS = (".h5", ".hdf5", ".part")


class LoadedChip:
    """What `eqchip.load` returns: `.circuit`, `.netlist`, `.set({...})`, `.ideal(NAME)`, `.only(NAME)`."""

    def __init__(
        self,
        netlist: Netlist,
        name: str,
        overrides: Mapping[str, str | float] | None = None,
        weights: Mapping[str, NDArray[Any]] | None = None,
        changed: Collection[str] = (),  # names set after the weights were learned
        data: str | None = None,  # what replaced the .data card in that training
        switches: Switches = Switches(),  # noqa: B008 (it is frozen): which imperfections are off
    ) -> None:
        self.netlist = netlist
        self.name = name
        self.data = data
        self.switches = switches
        self.overrides = dict(overrides or {})
        self.weights = dict(weights) if weights else None
        self.changed = frozenset(changed) if weights else frozenset()

    @cached_property
    def whole(self) -> Circuit:
        """What the netlist means, with all its imperfections, and before anything was learned."""
        return elaborate(self.netlist, self.overrides)

    @cached_property
    def circuit(self) -> Circuit:
        """What the netlist means, everything resolved; out of a record, with the weights it learned."""
        circuit = idealised(self.whole, self.switches)
        return with_learned(circuit, self.weights, self.changed) if self.weights else circuit

    def set(self, changes: Mapping[str, str | float]) -> LoadedChip:
        """Return a chip with values changed: `chip.set({"train.beta": 0.5})`, as `--set` does."""
        if not changes:
            return self
        if not self.netlist.cards:
            raise InputError(
                "a circuit built in Python has no netlist to set values of",
                expected="other values when building",
            )
        overrides = {**self.overrides, **changes}
        changed = {*self.changed, *changes}
        return LoadedChip(self.netlist, self.name, overrides, self.weights, changed, self.data, self.switches)

    def ideal(self, *names: str) -> LoadedChip:
        """Return the chip without these imperfections (`all`: without any, `none`: with all again)."""
        return self.switch(self.switches.without(*names))

    def only(self, *names: str) -> LoadedChip:
        """Return the chip with these imperfections and no others."""
        return self.switch(self.switches.alone(*names))

    def switch(self, switches: Switches) -> LoadedChip:
        """Return the chip with other imperfections off; its netlist is not worked out again."""
        found = LoadedChip(
            self.netlist, self.name, self.overrides, self.weights, self.changed, self.data, switches
        )
        found.whole = self.whole
        return found

    def untrained(self) -> LoadedChip:
        """Return the chip without what it learned."""
        return self.with_weights(None) if self.weights else self

    def with_weights(self, weights: Mapping[str, NDArray[Any]] | None) -> LoadedChip:
        """Return the chip as if it had learned these."""
        return LoadedChip(
            self.netlist, self.name, self.overrides, weights, data=self.data, switches=self.switches
        )

    def compile(self, form: str = "auto", dtype: Any = None) -> Chip:
        """Return the chip in a form that learns."""
        return compile_chip(self.circuit, form, dtype)

    def __repr__(self) -> str:
        circuit = self.circuit
        elements = sum(one.count for one in circuit.instances)
        changed = "".join(f", {name}={value}" for name, value in self.overrides.items())
        changed += "".join(
            f", {word} {' '.join(names) or 'none'}" for word, names in self.switches.as_dict().items()
        )
        trained = ", trained" if self.weights else ""
        return f"<chip {self.name}: {len(circuit.nodes) - 1} nodes, {elements} elements{changed}{trained}>"


def pointing(run: Callable[Concatenate[LoadedChip, P], R]) -> Callable[Concatenate[LoadedChip, P], R]:
    """Give what `run` refuses of .train the place where it was said.

    Whether a chip can do `solve=euler` is known when it is compiled or settles, where no card is at hand. The
    first `NAME=` of the message that is one of .train's tells which value is meant.
    """

    @wraps(run)
    def pointed(chip: LoadedChip, /, *given: P.args, **named: P.kwargs) -> R:
        try:
            return run(chip, *given, **named)
        except InputError as error:
            if error.at is None:
                error.at = _place(chip.circuit, error.message)
            raise

    return pointed


def _place(circuit: Circuit, message: str) -> Location | None:
    places = circuit.train_places
    name = next((word for word in re.findall(r"\b(\w+)=", message) if word in TRAIN), None)
    return None if name is None else places.get(name, places.get(""))


def load(chip: str | Path) -> LoadedChip:
    """Return a chip that ships (`xor`), a netlist file, or the chip of a record, with what it learned."""
    if Path(chip).suffix.lower() in RECORDS:
        return restore(Record(chip))
    path = find_chip(str(chip))
    shipped = path != Path(chip)
    return LoadedChip(read(path), path.stem if shipped else str(chip))


def restore(record: Record) -> LoadedChip:
    """Return the chip that a run was about, as it was at its end."""
    origin = record.provenance
    file = origin["netlist_file"]
    netlist = parse(
        origin["netlist"],
        file or record.path.name,
        folder=Path(file).parent if file else None,
        included=origin.get("includes", {}),
    )
    weights = {name: record.arrays[name] for name in record.arrays}
    name = str(record.facts.get("chip", record.path.stem))
    data = origin["parameters"].get("data_option")
    switches = from_record(origin["parameters"])
    return LoadedChip(netlist, name, origin["overrides"], weights, data=data, switches=switches)
