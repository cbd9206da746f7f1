"""Kirchhoff's law, element by element, from nothing but names, parameters and recorded voltages.

Knows R, C, L, D, V, I, E, F, G with scalar nodes, each by its textbook formula, none by the code under test.
A diode with series resistance is solved for its inner voltage by bisection.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from eqchip.netlists.circuit import Circuit, Instance

#: With the constants of CODATA 2014, which ngspice uses.
VT = 1.38064852e-23 * 300.15 / 1.6021766208e-19


def diode_current(volts: float, values: Mapping[str, float], gmin: float) -> float:
    """Return the current of a diode with series resistance at 27 °C; below −3·n·VT SPICE has a cubic."""
    width = values.get("n", 1.0) * VT
    saturation, series = values.get("is", 1e-14), values.get("rs", 0.0)

    def inner(v: float) -> float:
        if v < -3.0 * width:
            return -saturation * (1.0 + (3.0 * width / (math.e * v)) ** 3) + gmin * v
        return saturation * math.expm1(v / width) + gmin * v

    if series == 0.0:
        return inner(volts)
    low, high = min(volts, 0.0), max(volts, 0.0)
    for _ in range(200):
        middle = 0.5 * (low + high)
        if inner(middle) * series + middle > volts:
            high = middle
        else:
            low = middle
    return (volts - 0.5 * (low + high)) / series if abs(volts) > 1e-9 else inner(volts)


def branch(instance: Instance) -> str:
    """Return the column that holds an element's current."""
    name = instance.name.lower()
    return f"i({name.rpartition('.')[2][0]}.{name})" if "." in name else f"i({name})"


def current(circuit: Circuit, one: Instance, row: Mapping[str, float]) -> float:
    """Return the current from an element's first node through it to its second, capacitors left out."""
    volts = [0.0 if node == 0 else row[f"v({circuit.nodes[int(node)].lower()})"] for node in one.nodes]
    across = volts[0] - volts[1] if len(volts) > 1 else volts[0]
    values = one.given()
    match one.name.rpartition(".")[2][0].upper():
        case "R":
            return across / values["r"]
        case "D":
            return diode_current(across, values, circuit.settings.gmin)
        case "V" | "E" | "L":
            return row[branch(one)]
        case "I":
            return row["value of " + one.name.lower()]
        case "F":
            source = circuit.instance(str(one.controls[0]))
            assert source is not None
            return values["gain"] * row[branch(source)]
        case "G":
            plus, minus = (
                0.0 if n == 0 else row[f"v({circuit.nodes[int(n)].lower()})"] for n in one.controls
            )
            return values["gain"] * (plus - minus)
        case "C":
            return 0.0
    raise AssertionError(f"the twin does not know {one.name}")


def missed(circuit: Circuit, row: Mapping[str, float]) -> dict[str, float]:
    """Return the sum of currents that leave each node."""
    total = dict.fromkeys(circuit.nodes[1:], 0.0)
    for one in circuit.instances:
        amperes = current(circuit, one, row)
        for node, sign in zip(one.nodes, (1.0, -1.0), strict=True):
            if node:
                total[circuit.nodes[int(node)]] += sign * amperes
    return total
