"""Neurons and synapses as plain SPICE: C, R and B elements that settle to the same voltages.

    neuron    C and R to ground; bias and offset as a current gleak·vunit·(b + o)·ρ′(s) into the node
    synapse   for each end that it drives, a current gain·gunit·vunit_other·W·ρ(s_other)·ρ′(s) into it

A clamped activation (hardsigmoid, relu) or rails hold the state in an interval. SPICE has no projection: here
it is a clamp of STIFFNESS times the leak beyond the bounds; a state may stand about 1/STIFFNESS outside;
ρ′ of a clamped activation is 1, as it is on the closed interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from eqchip.devices.family import Settings
from eqchip.devices.node_law import (
    ACTIVATIONS,
    BARE,
    ENERGY_DRIVE,
    GLEAK,
    HARDSIGMOID,
    INTERVALS,
    LINEAR,
    RELU,
    SHIFT,
    SIGMOID,
    SLOPE,
    SOFTPLUS,
    TANH,
    VUNIT,
)
from eqchip.units import spell

STIFFNESS = 1e8

_CODE = 0


@dataclass(frozen=True, slots=True)
class Law:
    """The activity of one node, as text of v(node)."""

    node: str
    columns: tuple[float, ...] = BARE

    def state(self) -> str:
        """Return s = v/vunit."""
        unit = self.columns[VUNIT]
        return f"v({self.node})" if unit == 1.0 else f"(v({self.node})/{spell(unit)})"

    def argument(self) -> str:
        """Return slope·(s − shift)."""
        slope, shift = self.columns[SLOPE], self.columns[SHIFT]
        inner = self.state() if shift == 0.0 else f"({self.state()}-({spell(shift)}))"
        return inner if slope == 1.0 else f"({spell(slope)}*{inner})"

    def activity(self) -> str:
        """Return ρ(s)."""
        z = self.argument()
        return {
            LINEAR: self.state(),
            HARDSIGMOID: f"min(max({self.state()},0),1)",
            RELU: f"max({self.state()},0)",
            SIGMOID: f"(0.5*(1+tanh(0.5*{z})))",
            TANH: f"tanh({z})",
            # ln(1 + eᶻ), written so that nothing overflows.
            SOFTPLUS: f"(max({z},0)+ln(1+exp(-abs({z}))))",
        }[int(self.columns[_CODE])]

    def slope(self) -> str:
        """Return ρ′(s) where the drive is that of an energy; else 1."""
        if self.columns[ENERGY_DRIVE] == 0.0:
            return "1"
        z, k = self.argument(), spell(self.columns[SLOPE])
        return {
            SIGMOID: f"({k}*0.25*(1-tanh(0.5*{z})^2))",
            TANH: f"({k}*(1-tanh({z})^2))",
            SOFTPLUS: f"({k}*0.5*(1+tanh(0.5*{z})))",
        }.get(int(self.columns[_CODE]), "1")


def law_of(node: str, values: dict[str, float | str]) -> Law:
    """Return the law of a node with a neuron of these parameters."""
    code = ACTIVATIONS[str(values["activation"])]
    columns = [float(code), *(float(values[name]) for name in ("slope", "shift", "vunit")), 0.0, 0.0]
    columns[ENERGY_DRIVE] = 1.0 if values["drive"] == "energy" else 0.0
    columns[GLEAK] = float(values["gleak"])
    return Law(node, tuple(columns))


def neuron(name: str, law: Law, values: dict[str, float | str]) -> list[str]:
    """Return the cards of one neuron."""
    node, gleak, unit = law.node, law.columns[GLEAK], law.columns[VUNIT]
    lines = [f"C.{name} {node} 0 {spell(float(values['c']))}", f"R.{name} {node} 0 {spell(1.0 / gleak)}"]
    bias = gleak * unit * (float(values["bias"]) + float(values["offset"]))
    if bias:
        lines.append(f"B.{name} 0 {node} I={{{spell(bias)}*{law.slope()}}}")
    ends = INTERVALS.get(int(law.columns[_CODE]), (-math.inf, math.inf))
    low, high = (float(values.get(key, end)) for key, end in zip(("low", "high"), ends, strict=True))
    if math.isfinite(low) or math.isfinite(high):
        stiff = spell(STIFFNESS * gleak)
        above = f"uramp(v({node})-({spell(high * unit)}))" if math.isfinite(high) else "0"
        below = f"uramp({f'({spell(low * unit)})' if low else ''}-v({node}))" if math.isfinite(low) else "0"
        lines.append(f"B.{name}.clamp {node} 0 I={{{stiff}*({above}-{below})}}")
    return lines


def synapse(name: str, pre: Law, post: Law, values: dict[str, float | str], settings: Settings) -> list[str]:
    """Return the cards of one synapse, with weight values['w']."""
    weight = float(values["w"])
    gunit = values.get("gunit")
    leak = post.columns[GLEAK] or pre.columns[GLEAK]  # an input has none
    scale = float(values["gain"]) * (float(gunit) if gunit is not None else leak or settings.gunit)
    if weight == 0.0:
        return []
    lines = []
    direction = values["dir"]
    ends: list[tuple[bool, str, Law, Law]] = [
        (direction != "backward", "post", pre, post),
        (direction != "forward" and pre.node != post.node, "pre", post, pre),
    ]
    for drives, end, source, target in ends:
        if drives:
            factor = spell(scale * source.columns[VUNIT] * weight)
            slope = target.slope()
            tail = "" if slope == "1" else f"*{slope}"
            lines.append(f"B.{name}.{end} 0 {target.node} I={{{factor}*{source.activity()}{tail}}}")
    return lines
