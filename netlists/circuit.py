"""Circuit: what a netlist means. Names, wiring and resolved parameters; no matrices, no files.

A circuit is the same whether it came from text or was built in Python. Buses are still arrays here:
`Rleak h 0 1k` on a bus of 500 nodes is one Instance of shape (500,), `Yxh x h syn` one of shape
(784, 500); only the sparse form ever spreads them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.family import Family, FloatArray, Settings
from eqchip.errors import Location
from eqchip.netlists.card import Card

IntArray = NDArray[np.int64]

#: Index of the ground node; its name is "0".
GROUND = 0

#: `.input BUS` brings ideal sources called this and the bus.
INPUT_PREFIX = "v_"


@dataclass(frozen=True, slots=True)
class Model:
    """A .model card: a named set of parameters of one family."""

    name: str
    family: Family
    type: str
    values: Mapping[str, float | str]
    at: Location | None = None
    base: str = ""  # the model it is a kind of (ako:); its values are among these
    own: frozenset[str] = frozenset()  # of a kind of another: the values it gives itself


@dataclass(frozen=True, slots=True)
class Waveform:
    """What an independent source does in time. `kind`: dc, pulse, sin, exp, pwl, sffm (waveform.py)."""

    kind: str = "dc"
    values: tuple[float, ...] = ()
    dc: float = 0.0  # value in op and dc analyses
    options: Mapping[str, float] = field(default_factory=dict)  # pwl: r=, td=


@dataclass(frozen=True, slots=True)
class Program:
    """A B-source expression: postfix code (devices.circuit.behavioural) over its controls."""

    code: tuple[float, ...]
    controls: tuple[int | IntArray | str, ...]  # nodes, or names of voltage sources whose current it reads
    text: str  # as written, parameters resolved, for export


@dataclass(slots=True)
class Instance:
    """One element, or an array of elements of one card."""

    name: str  # hierarchical and in the netlist's spelling: R1, x1.R1
    family: Family
    #: One per terminal: a node, or an array of `shape`; of a Y array without wires, one per axis.
    nodes: tuple[int | IntArray, ...]
    values: dict[str, Any] = field(default_factory=dict)  # parameters given, resolved: float, str, array
    model: Model | None = None
    shape: tuple[int, ...] = ()  # () one element; (n,) on a bus; (rows, columns) a Y array
    controls: tuple[int | IntArray | str, ...] = ()  # nodes, or the name of a voltage source
    waveform: Waveform | None = None
    program: Program | None = None
    card: Card | None = None  # where it was written; None for one built in Python
    mask: NDArray[np.bool_] | None = None  # of a Y array: where there is a device; None: everywhere
    like: str = ""  # of a Y array: the array whose weights it starts with
    #: Of a Y array between wires: the bus nodes of its rows and columns.
    ports: tuple[IntArray, IntArray] | None = None
    port_signal: bool = False  # whether its devices learn from the voltage between these, not from their own
    learned: bool = False  # whether its weights come out of a training: they stand as devices hold them

    @property
    def at(self) -> Location | None:
        """Where it was written; worked out when asked, a message needs it and nothing else does."""
        return self.card.where() if self.card else None

    @property
    def count(self) -> int:
        """How many elements it is."""
        if self.mask is not None:
            return int(np.count_nonzero(self.mask))
        return int(np.prod(self.shape)) if self.shape else 1

    @property
    def looped(self) -> bool:
        """Whether it is an array between a bus and itself."""
        return len(self.shape) == 2 and np.array_equal(self.nodes[0], self.nodes[1])

    def crossing_nodes(self) -> tuple[IntArray, IntArray]:
        """Return for every crossing of a Y array the node of its row and that of its column."""
        first, second = (np.asarray(nodes, dtype=np.int64) for nodes in self.nodes)
        if first.ndim == 2:
            return first, second
        return np.broadcast_to(first[:, None], self.shape), np.broadcast_to(second, self.shape)

    @property
    def paired(self) -> bool:
        """Whether one device stands between each two nodes of its bus, used both ways."""
        return self.looped and str(self.given().get("dir", "tied")) == "tied"

    @property
    def diagonal(self) -> bool:
        """Whether an array between a bus and itself couples a node to itself."""
        return str(self.given().get("self", "0")) == "1"

    def crossings(self) -> NDArray[np.bool_] | None:
        """Return where a Y array has devices, of a pair in both halves; None: at every crossing."""
        if not self.looped or self.diagonal:
            return self.mask
        there = np.ones(self.shape, dtype=np.bool_) if self.mask is None else self.mask.copy()
        np.fill_diagonal(there, False)
        return there

    def places(self) -> tuple[IntArray, ...]:
        """Return the index of every element there is, an array per axis of `shape`; row by row.

        A bus coupled to itself has no element between a node and itself unless self=1, and where it is tied
        one element a pair, (i, j) with i < j.
        """
        there = self.crossings()
        if there is None and not self.paired:
            return tuple(axis.ravel() for axis in np.indices(self.shape, dtype=np.int64))
        there = np.ones(self.shape, dtype=np.bool_) if there is None else there
        found = np.nonzero(np.triu(there) if self.paired else there)
        return tuple(axis.astype(np.int64) for axis in found)

    def given(self) -> dict[str, Any]:
        """Return the values of model and instance together; the instance's own win."""
        return {**(self.model.values if self.model else {}), **self.values}


@dataclass(frozen=True, slots=True)
class Op:
    """.op"""


@dataclass(frozen=True, slots=True)
class Dc:
    """.dc SOURCE START STOP STEP, the first sweep innermost."""

    sweeps: tuple[tuple[str, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Tran:
    """.tran TSTEP TSTOP [TSTART [TMAX]] [UIC] [learn | noise]"""

    step: float
    stop: float
    start: float = 0.0
    longest: float | None = None  # TMAX
    uic: bool = False
    learn: bool = False
    noise: bool = False  # whether devices fluctuate
    at: Location | None = field(default=None, compare=False)


Analysis = Op | Dc | Tran


@dataclass(frozen=True, slots=True)
class Input:
    """.input BUS: ideal sources that carry data."""

    bus: str
    nodes: IntArray
    gain: float = 1.0
    offset: float = 0.0
    encode: str = "direct"  # direct | complement
    bits: int = 0  # of its DACs; 0: none
    low: float = 0.0  # their range, state units
    high: float = 1.0
    inl: float = 0.0  # LSB
    fom: float = 0.0  # J per conversion step


@dataclass(frozen=True, slots=True)
class Output:
    """.output BUS: where the answer is read."""

    bus: str
    nodes: IntArray
    pairs: bool = False
    decode: str = "argmax"  # argmax | sign | threshold | linear
    bits: int = 0  # of its ADCs; 0: none
    low: float = 0.0  # their range, state units
    high: float = 1.0
    inl: float = 0.0  # LSB
    fom: float = 0.0  # J per conversion step
    offset_dtod: float = 0.0  # state units
    noise: float = 0.0  # state units


@dataclass(frozen=True, slots=True)
class Nudging:
    """.nudge BUS: how the outputs are pulled towards the target."""

    bus: str
    nodes: IntArray
    cost: str = "mse"  # mse | crossentropy
    kind: str = "live"  # live | frozen
    gain_error: float = 0.0
    gain_dtod: float = 0.0
    sign_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Learn:
    """.learn ARRAY|NEURONS: what is trained, and how fast."""

    target: str
    rate: float
    low: float | None = None
    high: float | None = None
    momentum: float = 0.0
    decay: float = 0.0


@dataclass(frozen=True, slots=True)
class Data:
    """.data NAME: which samples."""

    name: str
    train: str = ""
    valid: str = ""
    test: str = ""
    scale: float | None = None
    at: Location | None = None
    outside: frozenset[str] = frozenset()  # which of these were set from outside, as --set does


@dataclass(frozen=True, slots=True)
class Protocol:
    """.protocol: how long each phase of a learning waveform lasts, in seconds."""

    free: float
    nudged: float
    gap: float

    @property
    def period(self) -> float:
        """Return how long one sample takes."""
        return self.gap + self.free + self.nudged


@dataclass(slots=True)
class Circuit:
    """Everything a netlist says, resolved."""

    title: str = ""
    file: str = ""
    nodes: list[str] = field(default_factory=lambda: ["0"])
    buses: dict[str, IntArray] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)
    models: dict[str, Model] = field(default_factory=dict)
    parameters: dict[str, float] = field(default_factory=dict)
    options: dict[str, float | str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    analyses: list[Analysis] = field(default_factory=list)
    initial: dict[int, float] = field(default_factory=dict)  # .ic, by node
    guesses: dict[int, float] = field(default_factory=dict)  # .nodeset, by node
    saves: list[str] = field(default_factory=list)  # v(node), i(source); empty: everything
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    nudges: list[Nudging] = field(default_factory=list)
    learns: list[Learn] = field(default_factory=list)
    data: Data | None = None
    protocol: Protocol | None = None
    train: dict[str, float | str] = field(default_factory=dict)  # .train, as given and checked
    train_at: Location | None = None  # the .train card
    #: Where each value of .train was given: its card, a .set card, None from outside; "" is the card itself.
    train_places: dict[str, Location | None] = field(default_factory=dict)
    elements: dict[tuple[str, tuple[int, ...]], dict[str, float | str]] = field(
        default_factory=dict
    )  # .set Y[i,j].param=…, by (instance, index)
    notes: list[tuple[Location, str]] = field(default_factory=list)  # cards skipped, with the reason
    #: Buses of nodes that no card names, the crossings of wires; recorded only where .save names them.
    inner: frozenset[str] = frozenset()

    def node_index(self) -> dict[str, int]:
        """Return node index by lower-case name."""
        return {name.lower(): index for index, name in enumerate(self.nodes)}

    def instance(self, name: str) -> Instance | None:
        """Return the instance of that name, case aside."""
        wanted = name.lower()
        return next((one for one in self.instances if one.name.lower() == wanted), None)


def as_row(values: FloatArray | float, count: int) -> FloatArray:
    """Broadcast a value to one number per element."""
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (count,))
