"""Plain twins of the device kernels: random elements, and the dispatcher as ordinary Python loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqchip.devices import dispatch
from eqchip.devices.circuit.opcodes import (
    ADD,
    CONSTANT,
    CONTROL,
    DIVIDE,
    EXP,
    MULTIPLY,
    PWL,
    SUBTRACT,
    TANH,
    TIME,
)
from eqchip.devices.families import FAMILIES
from eqchip.devices.family import CELSIUS, Family, Settings
from eqchip.devices.graph import Graph
from eqchip.devices.node_law import ACTIVATIONS, COLUMNS

# Expressions for families that take one: smooth, and with every control in use.
# fmt: off
_PROGRAMS = (
    # tanh(a)·b + time
    (CONTROL, 0, TANH, CONTROL, 1, MULTIPLY, TIME, ADD),
    # exp(a/3) − pwl(b, -2, 1, 0, 0, 2, 5)
    (CONTROL, 0, CONSTANT, 3.0, DIVIDE, EXP, CONTROL, 1, PWL, 3, -2.0, 1.0, 0.0, 0.0, 2.0, 5.0, SUBTRACT),
)
# fmt: on


@dataclass
class Element:
    """One element with random parameters, and voltages and drives at which to look at it."""

    family: Family
    p: np.ndarray
    u: np.ndarray
    d: np.ndarray
    rows: int

    @property
    def column(self) -> int:
        """Where its trainable parameter stands in p."""
        assert self.family.learning is not None
        return prefix(self.family) + self.family.learning.column


def prefix(family: Family) -> int:
    """Return how many numbers stand in a row before the columns of `prepare`."""
    return len(family.drives) + (COLUMNS * len(family.terminals) if family.reads_nodes else 0)


def random_parameters(family: Family, random: np.random.Generator) -> dict[str, Any]:
    """Draw every parameter inside its range, near its default where it has one."""
    given: dict[str, Any] = {}
    for name, parameter in family.all_parameters().items():
        if parameter.words:
            given[name] = str(random.choice(parameter.words))
        elif parameter.default:
            given[name] = float(
                np.clip(parameter.default * random.uniform(0.5, 1.7), parameter.low, parameter.high)
            )
        elif parameter.unit == "°C":
            given[name] = random.uniform(-20.0, 80.0)
        else:
            given[name] = float(np.clip(random.uniform(0.2, 1.5), parameter.low, parameter.high))
    return given


def random_node_law(random: np.random.Generator) -> np.ndarray:
    """Draw the law of a node."""
    code = random.integers(len(ACTIVATIONS))
    return np.array(
        [
            code,
            random.uniform(0.5, 2.0),
            random.uniform(-0.5, 0.5),
            random.uniform(0.3, 2.0),
            random.integers(2),
            1e-6,
        ]
    )


def random_element(family: Family, random: np.random.Generator, settings: Settings | None = None) -> Element:
    """Draw one element."""
    settings = settings or Settings(temperature=random.uniform(0.0, 60.0) + CELSIUS)
    programs: tuple[np.ndarray, ...] = ()
    controls = max(family.controls, 0)
    if family.control_kind == "expression":
        programs = (np.array(_PROGRAMS[random.integers(len(_PROGRAMS))], dtype=float),)
        controls = 2
    given = family.resolve(1, random_parameters(family, random), settings, programs)
    columns = np.asarray(family.prepare(given)[0])
    slots = 1.0 + np.arange(len(family.drives))
    laws = [random_node_law(random) for _ in family.terminals] if family.reads_nodes else [np.empty(0)]
    rows = len(family.terminals) + len(family.internal) + family.branches
    return Element(
        family,
        np.concatenate([slots, *laws, columns]),
        random.uniform(-1.0, 1.0, rows + controls),
        np.concatenate([[random.uniform(0.0, 1.0)], random.uniform(-1.0, 1.0, len(family.drives))]),
        rows,
    )


def evaluate(
    element: Element, u: np.ndarray | None = None, p: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Run the law exactly at u: currents, charges and their derivatives."""
    u = element.u if u is None else u
    p = element.p if p is None else p
    rows, count = element.rows, len(u)
    i, q = np.zeros(rows), np.zeros(rows)
    g, c = np.zeros((rows, count)), np.zeros((rows, count))
    memory = np.full(element.family.memory, np.inf)
    assert element.family.law(u, p, element.d, memory, i, q, g, c) == 0
    return i, q, g, c


@dataclass
class Wired:
    """A random circuit of many families, as kernels and as loops read it."""

    graph: Graph
    elements: list[Element]
    unknowns: int
    drives: np.ndarray


def wire(random: np.random.Generator, unknowns: int, each: int) -> Wired:
    """Draw `each` elements of every family and connect their pins to unknowns (or ground) at random."""
    elements = [random_element(family, random) for family in FAMILIES for _ in range(each)]
    drives = [0.5]
    pins: list[np.ndarray] = []
    entries: list[np.ndarray] = []
    size = unknowns + 1  # ground is the last
    for element in elements:
        width = len(element.family.drives)
        element.p[:width] = len(drives) + np.arange(width)
        drives.extend(element.d[1:])
        own = random.integers(0, size, len(element.u))
        pins.append(own)
        slots = own[: element.rows, None] * size + own[None, :]
        entries.append(slots.ravel())
    counts = np.cumsum([0, *(len(one) for one in pins)])
    graph = Graph(
        family=np.arange(len(FAMILIES) + 1) * each,
        pin_start=counts,
        pins=np.concatenate(pins),
        rows=np.array([element.rows for element in elements]),
        entry_start=np.cumsum([0, *(len(one) for one in entries)]),
        entries=np.concatenate(entries),
        value_start=np.cumsum([0, *(len(element.p) for element in elements)]),
        values=np.concatenate([element.p for element in elements]),
        memory_start=np.cumsum([0, *(element.family.memory for element in elements)]),
        width=int(max(len(one) for one in pins)),
        laws=np.zeros(0, dtype=np.int64),
    )
    return Wired(dispatch.link(graph), elements, unknowns, np.array(drives))


def naive_load(wired: Wired, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what `dispatch.load` adds: currents, charges and dense Jacobians, ground included."""
    size = wired.unknowns + 1
    f, q = np.zeros(size), np.zeros(size)
    jg, jc = np.zeros((size, size)), np.zeros((size, size))
    for index, element in enumerate(wired.elements):
        own = wired.graph.pins[wired.graph.pin_start[index] : wired.graph.pin_start[index + 1]]
        looked = Element(element.family, element.p, x[own], wired.drives, element.rows)
        i, charge, g, c = evaluate(looked)
        for r in range(element.rows):
            f[own[r]] += i[r]
            q[own[r]] += charge[r]
            for k in range(len(own)):
                jg[own[r], own[k]] += g[r, k]
                jc[own[r], own[k]] += c[r, k]
    return f, q, jg, jc
