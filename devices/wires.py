"""Wires of a crossbar: what an array of two-terminal devices, a `Y` card, may say of its lines.

    row i       bus node ─ rdriver ─ rrow ─ crossing (i, 0) ─ rrow ─ crossing (i, 1) ─ rrow ─ …
    column j    … ─ rcol ─ crossing (M−2, j) ─ rcol ─ crossing (M−1, j) ─ rcol ─ rload ─ bus node

One segment of wire leads to every crossing, from the end its line is driven at: N segments a row of N
crossings, M a column of M. Every crossing has a node on each line, its device stands between the two, and
`crow`, `ccol` are capacitances of these nodes to ground. `rowend` and `colend` say at which end of its wire a
bus node is; `both` joins it to both ends, over a driver and a segment each. A resistance of 0 joins nodes.

Currents balance at every node, so what a device feels is the voltage that is left across itself: the update
stays the gradient whatever the wires are. `signal=port` takes the voltage between the two bus nodes instead,
as circuits do that measure at the edge of the array: an imperfection of the update, which `check` measures.

Source: Kirchhoff's laws; geometry of Joksas and Mehonic, SoftwareX 12 (2020) 100617 (badcrossbar). Limits: no
coupling between lines, no inductance, no temperature coefficient of the wires.
"""

from __future__ import annotations

from eqchip.devices.parameter import Parameter
from eqchip.devices.place import Place

EFFECT = "wire"


def _resistance(name: str, text: str) -> Parameter:
    return Parameter(
        name, "Ω", 0.0, text, low=0.0, place=Place.WIRE, effect=EFFECT, source="Joksas & Mehonic 2020"
    )


def _capacitance(name: str, text: str) -> Parameter:
    return Parameter(
        name, "F", 0.0, text, low=0.0, place=Place.WIRE, effect=EFFECT, source="Kirchhoff's laws"
    )


ROW = _resistance("rrow", "on an array: resistance of a row's wire from crossing to crossing")
COLUMN = _resistance("rcol", "on an array: resistance of a column's wire from crossing to crossing")
DRIVER = _resistance("rdriver", "on an array: resistance between a row's wire and its bus node")
LOAD = _resistance("rload", "on an array: resistance between a column's wire and its bus node")
ROW_CAPACITANCE = _capacitance("crow", "on an array: capacitance of a row's wire to ground, at each crossing")
COLUMN_CAPACITANCE = _capacitance(
    "ccol", "on an array: capacitance of a column's wire to ground, at each crossing"
)
ROW_END = Parameter(
    "rowend",
    "",
    "left",
    "on an array: at which end of a row's wire its bus node is; column 0 is at the left",
    words=("left", "right", "both"),
)
COLUMN_END = Parameter(
    "colend",
    "",
    "bottom",
    "on an array: at which end of a column's wire its bus node is; row 0 is at the top",
    words=("bottom", "top", "both"),
)
SIGNAL = Parameter(
    "signal",
    "",
    "drop",
    "on an array with wires: what a device learns from, its own voltage or that between the bus nodes",
    place=Place.WIRE,
    words=("drop", "port"),
    effect="portsignal",
)

#: What says that there are wires; the others say how they lie.
RESISTANCES = (ROW, COLUMN, DRIVER, LOAD)
CAPACITANCES = (ROW_CAPACITANCE, COLUMN_CAPACITANCE)
WIRES = (*RESISTANCES, *CAPACITANCES, ROW_END, COLUMN_END, SIGNAL)
NAMES = frozenset(one.name for one in WIRES)
