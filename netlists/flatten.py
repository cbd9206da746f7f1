"""Circuit to flat SPICE: buses, arrays, subcircuits, neurons and synapses written out for ngspice.

What it settles to is what eqchip settles to; numbers read back to the same floats. Names inside subcircuits
follow ngspice (`x1.R1` is `R.x1.R1`), elements of a bus have their index, `Rleak[3]`. Data sit at the inputs
as the voltages of their sources; nudges are left out: it is the free phase.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from eqchip.devices.circuit.resistor import RESISTOR
from eqchip.devices.family import CELSIUS, Family
from eqchip.devices.neurons.leaky import NEURON, THROUGH
from eqchip.devices.place import Place
from eqchip.devices.synapses.synapse import SYNAPSE
from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Dc, Instance, Op, Tran, Waveform
from eqchip.netlists.decompile import formula
from eqchip.netlists.flat_chip import Law, law_of, neuron, synapse
from eqchip.netlists.formula import Current, Node, Source, Spot, Voltage, text
from eqchip.units import spell

_NOWHERE = Spot(Source(""))
_SAFE = re.compile(r"[A-Za-z0-9_.\[\]]+\Z")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.\[\]]")

#: Options that ngspice knows too.
_OPTIONS = (
    "reltol",
    "abstol",
    "vntol",
    "chgtol",
    "trtol",
    "gmin",
    "itl1",
    "itl2",
    "itl4",
    "method",
    "maxord",
)

Values = dict[str, Any]


def flat_spice(circuit: Circuit) -> str:
    """Return the circuit as plain SPICE. Every weight must be given; simulator.weights draws the others."""
    return "\n".join(_Flat(circuit).lines()) + "\n"


class _Flat:
    """One export: names of nodes and models, and the laws of the nodes."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.nodes = _safe_names(circuit.nodes)
        self.by_name = {one.name: one for one in circuit.instances}
        self.models: dict[tuple[str, tuple[tuple[str, Any], ...]], str] = {}
        self.model_lines: list[str] = []
        self.laws: dict[int, Law] = {}
        for instance in circuit.instances:
            if instance.family is NEURON:
                for index, nodes in elements(instance):
                    values = self.values(instance, index)
                    self.laws[nodes[0]] = law_of(self.nodes[nodes[0]], values)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        circuit = self.circuit
        yield (circuit.title or "circuit").replace("\n", " ")
        yield f"* written by eqchip from {circuit.file.rsplit('/', 1)[-1]}"
        for name, safe in zip(circuit.nodes, self.nodes, strict=True):
            if name != safe:
                yield f"* node {name} is written {safe}"
        yield from self.settings()
        body = [line for instance in circuit.instances for line in self.element(instance)]
        yield from self.model_lines
        yield from body
        for word, voltages in ((".ic", circuit.initial), (".nodeset", circuit.guesses)):
            for node, value in voltages.items():
                yield f"{word} v({self.nodes[node]})={spell(value)}"
        yield from self.analyses()
        yield ".end"

    def settings(self) -> Iterator[str]:
        """Yield the options and temperatures."""
        settings, given = self.circuit.settings, self.circuit.options
        temperatures = settings.temperature - CELSIUS, settings.nominal - CELSIUS
        words = [f"temp={temperatures[0]!r}", f"tnom={temperatures[1]!r}"]
        for name in _OPTIONS:
            if name in given:
                value = given[name]
                words.append(f"{name}={value if isinstance(value, str) else spell(value)}")
        yield ".options " + " ".join(words)

    def analyses(self) -> Iterator[str]:
        """Yield the analysis cards; the operating point where there is none."""
        if not self.circuit.analyses:
            yield ".op"
        for one in self.circuit.analyses:
            if isinstance(one, Op):
                yield ".op"
            elif isinstance(one, Dc):
                yield ".dc " + " ".join(self.sweep(*sweep) for sweep in one.sweeps)
            elif isinstance(one, Tran):
                if one.noise:
                    raise InputError(
                        "a noisy transient has no SPICE form", one.at, expected=".tran without noise"
                    )
                words = [spell(one.step), spell(one.stop)]
                if one.start or one.longest is not None:
                    words.append(spell(one.start))
                if one.longest is not None:
                    words.append(spell(one.longest))
                yield " ".join([".tran", *words, *(["uic"] if one.uic else [])])

    def sweep(self, source: str, start: float, stop: float, step: float) -> str:
        """Return one sweep; ngspice sweeps one source, not a bus of them."""
        instance = self.by_name[source]
        if instance.shape:
            raise InputError(f"a sweep of {source}, {instance.count} sources, has no SPICE form", instance.at)
        return f"{self.name(instance, ())} {spell(start)} {spell(stop)} {spell(step)}"

    # Elements

    def name(self, instance: Instance, index: tuple[int, ...]) -> str:
        """Return the name of an element: its first letter says what it is."""
        letters = instance.family.letters
        name = instance.name + "".join(f"[{k}]" for k in index)
        return name if name[0].upper() in letters or not letters else f"{letters[0]}.{name}"

    def values(self, instance: Instance, index: tuple[int, ...]) -> Values:
        """Return the parameters of one element, defaults filled in where there are any."""
        given = {**instance.given(), **self.circuit.elements.get((instance.name, index), {})}
        if instance.paired:
            given |= self.circuit.elements.get((instance.name, index[::-1]), {})
        found: Values = {}
        for name, parameter in instance.family.own_parameters().items():
            value = given.get(name, parameter.default)
            if value is not None:
                found[name] = np.asarray(value)[index].item() if np.ndim(value) else value
        return found

    def element(self, instance: Instance) -> Iterator[str]:
        """Yield the cards of an instance, one or more per element."""
        family = instance.family
        for index, nodes in elements(instance):
            if family is NEURON:
                if self.values(instance, index)["drive"] == THROUGH:
                    raise InputError(
                        f"{instance.name}: drive=through adds up its inputs before they reach the node: that "
                        "has no SPICE form",
                        instance.at,
                        expected="drive=energy or direct",
                    )
                label = instance.name + "".join(f"[{k}]" for k in index)
                yield from neuron(label, self.laws[nodes[0]], self.values(instance, index))
            elif family is SYNAPSE:
                yield from self.synapse(instance, index, nodes)
            elif instance.program is not None:
                yield self.behavioural(instance, index, nodes)
            elif family.letters and family.state is None:
                yield self.plain(instance, index, nodes)
            else:
                raise InputError(f"{instance.name}: a {family.name} has no SPICE form", instance.at)

    def synapse(self, instance: Instance, index: tuple[int, ...], nodes: tuple[int, ...]) -> list[str]:
        """Return the cards of one synapse."""
        values = self.values(instance, index)
        if "w" not in values:
            expected = "w=, or a trained chip"
            raise InputError(f"{instance.name} has no weights to export", instance.at, expected=expected)
        label = instance.name + "".join(f"[{k}]" for k in index)
        pre, post = (self.laws.get(node, Law(self.nodes[node])) for node in nodes)
        return synapse(label, pre, post, values, self.circuit.settings)

    def behavioural(self, instance: Instance, index: tuple[int, ...], nodes: tuple[int, ...]) -> str:
        """Return a B card, its formula in flat names."""
        program = instance.program
        assert program is not None  # the caller saw it

        def control(k: int) -> Node:
            which = program.controls[k]
            if isinstance(which, str):
                return Current(self.source(which, index), _NOWHERE)
            node = which if isinstance(which, int) else int(which[index[0]])
            return Voltage(self.nodes[node], None, _NOWHERE)

        kind = "V" if instance.family.branches else "I"
        said = text(formula(program.code, control))
        ends = " ".join(self.nodes[node] for node in nodes)
        return f"{self.name(instance, index)} {ends} {kind}={{{said}}}"

    def source(self, name: str, index: tuple[int, ...]) -> str:
        """Return the flat name of the source whose current is a control."""
        instance = self.by_name[name]
        return self.name(instance, index if instance.shape else ())

    def plain(self, instance: Instance, index: tuple[int, ...], nodes: tuple[int, ...]) -> str:
        """Return the card of an element that SPICE has too."""
        family, words = instance.family, [self.name(instance, index)]
        words += [self.nodes[node] for node in nodes]
        for control in instance.controls:
            if isinstance(control, str):
                words.append(self.source(control, index))
            else:
                words.append(self.nodes[control if isinstance(control, int) else int(control[index[0]])])
        if instance.waveform is not None:
            words.append(_waveform(instance.waveform))
        values = self.values(instance, index)
        if family is RESISTOR and not math.isnan(conductance := values.pop("g", math.nan)):
            values["r"] = 1.0 / conductance
        # What differs from the ideal has no word in SPICE; what was drawn stands in the other values.
        for name, parameter in family.own_parameters().items():
            if parameter.place is not Place.LAW:
                values.pop(name, None)
        own = {one.name for one in family.parameters}
        if family.model_types and not any(one.required for one in family.parameters):
            inside = {name: value for name, value in values.items() if name not in own}
            words.append(self.model(instance, family, inside))
        given = {**instance.given(), **self.circuit.elements.get((instance.name, index), {})}
        for k, parameter in enumerate(family.parameters):
            value = values.get(parameter.name)
            if value is None or (parameter.name not in given and not parameter.required):
                continue
            said = value if isinstance(value, str) else spell(value)
            words.append(said if k == 0 and parameter.required else f"{parameter.name}={said}")
        return " ".join(words)

    def model(self, instance: Instance, family: Family, values: Mapping[str, Any]) -> str:
        """Return the name of a model with these values, declared once."""
        given = instance.given()
        kept = tuple((name, value) for name, value in values.items() if name in given)
        key = (family.name, kept)
        if key not in self.models:
            base = _UNSAFE.sub("_", instance.model.name if instance.model else family.name).replace(".", "_")
            taken = set(self.models.values())
            name = base if base not in taken else f"{base}_{len(taken)}"
            self.models[key] = name
            said = " ".join(f"{n}={v if isinstance(v, str) else spell(v)}" for n, v in kept)
            self.model_lines.append(f".model {name} {family.model_types[0]}({said})")
        return self.models[key]


def elements(instance: Instance) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield index and nodes of every element; of a bus coupled to itself, one a pair."""
    if not instance.shape:
        yield (), tuple(int(node) for node in instance.nodes)
    elif len(instance.shape) == 1:
        rows = [np.broadcast_to(np.asarray(nodes), instance.shape).tolist() for nodes in instance.nodes]
        for k in range(instance.shape[0]):
            yield (k,), tuple(row[k] for row in rows)
    else:
        rows, columns = (nodes.tolist() for nodes in instance.crossing_nodes())
        for i, j in zip(*(axis.tolist() for axis in instance.places()), strict=True):
            yield (i, j), (rows[i][j], columns[i][j])


def _waveform(waveform: Waveform) -> str:
    if waveform.kind == "dc":
        return f"DC {spell(waveform.dc)}"
    numbers = " ".join(spell(value) for value in waveform.values)
    options = "".join(f" {name}={spell(value)}" for name, value in waveform.options.items())
    return f"DC {spell(waveform.dc)} {waveform.kind.upper()}({numbers}){options}"


def _safe_names(names: list[str]) -> list[str]:
    """Return names that an expression of ngspice can hold; no two alike."""
    taken = {name.lower() for name in names if _SAFE.match(name)}
    safe: list[str] = []
    for name in names:
        if _SAFE.match(name):
            safe.append(name)
            continue
        base = candidate = _UNSAFE.sub("_", name)
        number = 1
        while candidate.lower() in taken:
            number += 1
            candidate = f"{base}_{number}"
        taken.add(candidate.lower())
        safe.append(candidate)
    return safe
