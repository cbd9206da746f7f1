"""Circuit: a netlist built by calls instead of text.

    c = eqchip.Circuit("divider")
    c.voltage("V1", "in", 0, 5.0).resistor("R1", "in", "out", "1k").resistor("R2", "out", 0, 3e3).op()
    eqchip.simulate(c)["v(out)"]

Every call writes the card it stands for, so it means what the netlist language says and takes the same road:
Netlist, Circuit, chip. `str(c)` is that netlist. Numbers may be numbers, or text with a suffix.
"""

from __future__ import annotations

from typing import Any

from eqchip.errors import InputError
from eqchip.netlists.reader import parse
from eqchip.simulator.loaded import LoadedChip
from eqchip.units import spell

Value = str | float
Node = str | int


def _word(value: Any) -> str:
    """Write one word of a card."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return spell(value) if isinstance(value, float) else str(value)
    if isinstance(value, list | tuple):
        return " ".join(_word(one) for one in value)
    return str(value)


def _pairs(values: dict[str, Any]) -> list[str]:
    return [f"{name}={_word(value)}" for name, value in values.items() if value is not None]


class Circuit:
    """A circuit built in Python; calls can be chained."""

    def __init__(self, title: str = "circuit") -> None:
        self.title = title
        self.cards: list[str] = []

    def card(self, text: str) -> Circuit:
        """Add one card as text: whatever has no call of its own."""
        if "\n" in text or "\r" in text:
            raise InputError("a card is one line", expected="one call of card() for each line")
        self.cards.append(text.strip())
        return self

    def _element(self, letter: str, name: str, *words: Any, **values: Any) -> Circuit:
        if not name[:1].upper() == letter:
            raise InputError(f"'{name}' does not begin with {letter}", expected=f"a name such as {letter}1")
        parts = [_word(word) for word in words if word is not None]
        return self.card(" ".join([name, *parts, *_pairs(values)]))

    # -- elements ------------------------------------------------------------------------------------------

    def resistor(self, name: str, a: Node, b: Node, value: Value, **values: Value) -> Circuit:
        """R: `value` in ohms."""
        return self._element("R", name, a, b, value, **values)

    def capacitor(self, name: str, a: Node, b: Node, value: Value, **values: Value) -> Circuit:
        """C: `value` in farads; `ic=` its initial voltage."""
        return self._element("C", name, a, b, value, **values)

    def inductor(self, name: str, a: Node, b: Node, value: Value, **values: Value) -> Circuit:
        """L: `value` in henries; `ic=` its initial current."""
        return self._element("L", name, a, b, value, **values)

    def voltage(
        self, name: str, plus: Node, minus: Node, dc: Value = 0, waveform: str | None = None
    ) -> Circuit:
        """V: `dc` in volts, and what it does in time: `"SIN(0 5 1k)"`."""
        return self._element("V", name, plus, minus, "DC", dc, waveform)

    def current(
        self, name: str, plus: Node, minus: Node, dc: Value = 0, waveform: str | None = None
    ) -> Circuit:
        """I: `dc` in amperes, out of `plus` and into `minus`."""
        return self._element("I", name, plus, minus, "DC", dc, waveform)

    def diode(self, name: str, anode: Node, cathode: Node, model: str, **values: Value) -> Circuit:
        """D: a junction diode of a model."""
        return self._element("D", name, anode, cathode, model, **values)

    def vcvs(self, name: str, plus: Node, minus: Node, above: Node, below: Node, gain: Value) -> Circuit:
        """E: a voltage of gain·v(above, below)."""
        return self._element("E", name, plus, minus, above, below, gain)

    def vccs(self, name: str, plus: Node, minus: Node, above: Node, below: Node, gain: Value) -> Circuit:
        """G: a current of gain·v(above, below) in siemens, out of `plus` and into `minus`."""
        return self._element("G", name, plus, minus, above, below, gain)

    def cccs(self, name: str, plus: Node, minus: Node, source: str, gain: Value) -> Circuit:
        """F: a current of gain times that through a voltage source."""
        return self._element("F", name, plus, minus, source, gain)

    def ccvs(self, name: str, plus: Node, minus: Node, source: str, gain: Value) -> Circuit:
        """H: a voltage of gain in ohms times the current through a voltage source."""
        return self._element("H", name, plus, minus, source, gain)

    def behavioural(
        self, name: str, plus: Node, minus: Node, *, v: str | None = None, i: str | None = None
    ) -> Circuit:
        """B: a voltage or a current given by an expression: `v="2*v(a)"`."""
        if (v is None) == (i is None):
            raise InputError(f"{name} is a voltage or a current", expected="one of v= and i=")
        quantity, expression = ("V", v) if v is not None else ("I", i)
        return self._element("B", name, plus, minus, f"{quantity}={{{expression}}}")

    def instance(self, name: str, nodes: list[Node], subcircuit: str, **values: Value) -> Circuit:
        """X: an instance of a subcircuit, which an included file defines."""
        return self._element("X", name, nodes, subcircuit, **values)

    def array(self, name: str, rows: str, columns: str, model: str, **values: Value) -> Circuit:
        """Y: a device between every node of one bus and every node of another."""
        return self._element("Y", name, rows, columns, model, **values)

    def neurons(self, name: str, nodes: str, model: str, **values: Value) -> Circuit:
        """N: a neuron on every node of a bus."""
        return self._element("N", name, nodes, model, **values)

    # -- cards ---------------------------------------------------------------------------------------------

    def bus(self, **widths: int) -> Circuit:
        """Declare buses: `c.bus(x=2, h=8)`."""
        return self.card(" ".join([".bus", *(f"{name}[{width}]" for name, width in widths.items())]))

    def model(self, name: str, kind: str, **values: Value) -> Circuit:
        """Name a set of parameters: `c.model("cell", "neuron", c="1p", gleak="1u")`."""
        return self.card(f".model {name} {kind}({' '.join(_pairs(values))})")

    def parameter(self, **values: Value) -> Circuit:
        """Define parameters, which `{expressions}` may use."""
        return self.card(" ".join([".param", *_pairs(values)]))

    def options(self, **values: Value) -> Circuit:
        """Set options: `c.options(reltol=1e-6)`."""
        return self.card(" ".join([".options", *_pairs(values)]))

    def include(self, file: str) -> Circuit:
        """Take in a file of the packaged library."""
        return self.card(f'.include "{file}"')

    def initial(self, **volts: Value) -> Circuit:
        """Where a transient with uic begins: `c.initial(out=2.0)`."""
        return self.card(" ".join([".ic", *(f"v({node})={_word(value)}" for node, value in volts.items())]))

    def op(self) -> Circuit:
        """Ask for the operating point."""
        return self.card(".op")

    def dc(self, source: str, start: Value, stop: Value, step: Value) -> Circuit:
        """Ask for a sweep of a source."""
        return self.card(" ".join([".dc", source, _word(start), _word(stop), _word(step)]))

    def tran(
        self,
        step: Value,
        stop: Value,
        start: Value | None = None,
        longest: Value | None = None,
        *,
        uic: bool = False,
        learn: bool = False,
    ) -> Circuit:
        """Ask for a transient; `longest` bounds its steps. `learn`: a waveform in which the chip learns."""
        if longest is not None and start is None:
            start = 0
        words = [".tran", step, stop, start, longest, "uic" if uic else None, "learn" if learn else None]
        return self.card(" ".join(_word(word) for word in words if word is not None))

    def save(self, *names: str) -> Circuit:
        """Keep only these: `c.save("v(out)", "i(v1)")`."""
        return self.card(" ".join([".save", *names]))

    def input(self, bus: str, **values: Value) -> Circuit:
        """Say which bus carries the data."""
        return self.card(" ".join([".input", bus, *_pairs(values)]))

    def output(self, bus: str, **values: Value) -> Circuit:
        """Say where the answer is read."""
        return self.card(" ".join([".output", bus, *_pairs(values)]))

    def nudge(self, bus: str, **values: Value) -> Circuit:
        """Say how outputs are pulled to their targets."""
        return self.card(" ".join([".nudge", bus, *_pairs(values)]))

    def learn(self, name: str, rate: Value, **values: Value) -> Circuit:
        """Let an array, or the biases of neurons, learn."""
        return self.card(" ".join([".learn", name, *_pairs({"rate": rate, **values})]))

    def data(self, name: str, **values: Value) -> Circuit:
        """Say which samples it learns from."""
        return self.card(" ".join([".data", name, *_pairs(values)]))

    def protocol(self, free: Value, nudged: Value, gap: Value) -> Circuit:
        """Give a learning waveform its clock: how many seconds each phase lasts."""
        return self.card(" ".join([".protocol", *_pairs({"free": free, "nudged": nudged, "gap": gap})]))

    def train(self, **values: Value) -> Circuit:
        """Say how it is trained."""
        return self.card(" ".join([".train", *_pairs(values)]))

    # -- what it is ----------------------------------------------------------------------------------------

    def __str__(self) -> str:
        title = " ".join(self.title.split()) or "circuit"
        return "\n".join([f"* {title}", *self.cards, ".end", ""])

    def __repr__(self) -> str:
        return f"<circuit {self.title}: {len(self.cards)} cards>"

    def chip(self) -> LoadedChip:
        """Return it as a chip, which can be set, simulated, trained and checked."""
        return LoadedChip(parse(str(self), self.title), self.title)
