"""Nodes: one group of nodes of a chip's array form. Nodes own ρ and ρ′, bias, leak and bounds; couplings
bring ΣWρ.

Everything is in state units, s = v/vunit, and per unit of gleak·vunit, the current that keeps a state of 1:

    τ ds/dt = −s + ρ′(s)·(d + b)     drive=energy           τ = c/gleak
    τ ds/dt = −s + d + b             drive=direct

    τ ds/dt = −s + ρ(d + b)          drive=through: ρ is its inlet, its own activity is s

d is what the couplings drive into the node, b its bias. Clamped nodes (inputs) do not move.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.node_law import (
    CODE,
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
from eqchip.simulator.node_kernels import Law, activities

Array = NDArray[Any]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(slots=True)
class Nodes:
    """A group of nodes that one law describes."""

    name: str  # of the bus or of the neurons' instance
    nodes: IntArray  # of the circuit
    laws: FloatArray  # (n, node_law.COLUMNS)
    capacitance: FloatArray  # (n) F
    bias: FloatArray  # (n), the parameter that learns
    low: FloatArray  # (n) V
    high: FloatArray
    dtype: Any = np.float64
    clamped: bool = False
    instance: str = ""  # the netlist's name of the neurons; empty for bare nodes
    offset: FloatArray | None = None  # (n) added to the bias, and not learned; None: none
    slew: FloatArray | None = None  # (n) V/s at most; None: no limit
    inlet: FloatArray | None = None  # (n, 3) code, slope, shift of what the whole drive passes; None: nothing
    law: Law = field(init=False)
    exact: int | None = field(init=False)  # which functions the kernels use; see node_kernels
    b: Array = field(init=False)  # bias in the dtype of the states
    pulled: Array = field(init=False)  # bias and offset together
    bounded: bool = field(init=False)  # whether states have an interval to be put back into
    gate: Law | None = field(init=False, default=None)  # the inlet as the kernels know it

    def __post_init__(self) -> None:
        unit = self.laws[:, VUNIT]
        slope, shift, low, high = (
            np.ascontiguousarray(column, dtype=self.dtype)
            for column in (self.laws[:, SLOPE], self.laws[:, SHIFT], self.low / unit, self.high / unit)
        )
        code, energy = int(self.laws[0, CODE]), bool(self.laws[0, ENERGY_DRIVE])
        self.law = Law(code, energy, slope, shift, low, high)
        self.exact = None if np.dtype(self.dtype) == np.float32 else 1
        self.set_bias(self.bias)
        if self.inlet is not None:
            slope, shift = (np.ascontiguousarray(one, self.dtype) for one in self.inlet.T[1:])
            kind = int(self.inlet[0, 0])
            ends = (np.full_like(slope, end) for end in INTERVALS.get(kind, (-np.inf, np.inf)))
            self.gate = Law(kind, False, slope, shift, *ends)
        self.bounded = bool(np.any(np.isfinite(low)) or np.any(np.isfinite(high)))

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return len(self.nodes)

    @property
    def curved(self) -> bool:
        """Whether ρ′ changes while a state is in its interval."""
        return self.law.code in (SIGMOID, TANH, SOFTPLUS)

    @property
    def railed(self) -> bool:
        """Whether states end at bounds, on both sides, where no leak holds them (node_kernels.solve)."""
        within = bool(np.all(np.isfinite(self.law.low)) and np.all(np.isfinite(self.law.high)))
        return within and not (self.law.energy and self.curved)

    @property
    def vunit(self) -> FloatArray:
        """Volts of one state unit."""
        return self.laws[:, VUNIT]

    @property
    def gleak(self) -> FloatArray:
        """Leak conductance, S."""
        return self.laws[:, GLEAK]

    @property
    def tau(self) -> FloatArray:
        """Time constant c/gleak, s."""
        return self.capacitance / self.gleak

    def set_bias(self, bias: Array) -> None:
        """Replace the biases."""
        self.bias[:] = bias
        self.b = self.bias.astype(self.dtype)
        self.pulled = self.b if self.offset is None else (self.bias + self.offset).astype(self.dtype)

    def start(self, samples: int, given: Array | None = None) -> Array:
        """Return states to begin with: those given, or zero, put into their interval."""
        if given is None:
            states = np.zeros((samples, self.size), self.dtype)
        else:
            states = np.array(given, dtype=self.dtype, order="C")
        return np.clip(states, self.law.low, self.law.high, out=states) if self.bounded else states

    def activity(self, states: Array, out: Array | None = None) -> Array:
        """Return ρ(s)."""
        out = np.empty_like(states) if out is None else out
        none = self._none()
        activities(self.law, states, out, none, none, self.exact)
        return out

    def held_activity(self, states: Array) -> Array:
        """Return ρ(s) of states in their interval, not to be written to: they themselves where ρ(s) = s.

        What data hold may be outside.
        """
        same = self.law.code == LINEAR or (self.law.code in (HARDSIGMOID, RELU) and not self.clamped)
        return states if same else self.activity(states)

    def admit(self, drive: Array) -> Array:
        """Let a whole drive pass the inlet, in place."""
        if self.gate is not None:
            activities(self.gate, drive, drive, self._none(), self._none(), self.exact)
        return drive

    def admittance(self, drive: Array) -> Array:
        """Return how much of a small change of a whole drive the inlet lets pass."""
        if self.gate is None:
            return np.ones_like(drive)
        out = np.empty_like(drive)
        activities(self.gate, drive, self._none(), out, self._none(), self.exact)
        if self.gate.code in (HARDSIGMOID, RELU):
            out *= (drive >= self.gate.low) & (drive <= self.gate.high)
        return out

    def slope(self, states: Array, out: Array | None = None) -> Array:
        """Return ρ′(s)."""
        out = np.empty_like(states) if out is None else out
        none = self._none()
        activities(self.law, states, none, out, none, self.exact)
        return out

    def curvature(self, states: Array) -> Array:
        """Return ρ″(s)."""
        out, none = np.empty_like(states), self._none()
        activities(self.law, states, none, none, out, self.exact)
        return out

    def _none(self) -> Array:
        return np.empty((0, self.size), self.dtype)
