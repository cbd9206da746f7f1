"""STDP: what changes at both ends of a device, added up on the way through the nudged phase.

    dW_ij/dt ∝ ρ(v_i) dρ(v_j)/dt + ρ(v_j) dρ(v_i)/dt        (a synapse; of any device, d(∂E/∂θ)/dt)

A total derivative: over the phase it integrates to the contrast of its end points, whatever the way. In
discrete steps that stays exact with midpoint values, ρ̄_i Δρ_j + ρ̄_j Δρ_i = Δ(ρ_i ρ_j), and this is what
`chip.contrast` of two successive states is; so the target of `contrast` is that of this rule.

Source: Scellier & Bengio, Frontiers in Computational Neuroscience 11:24 (2017), §5. Limits: symmetric
pairs, as the chip's tied synapses are; an equilibrium that is found directly is one step.
"""

from __future__ import annotations

from collections.abc import Iterator

from eqchip.simulator.chip import Chip, State, Weights
from eqchip.simulator.integrators import plastic
from eqchip.simulator.learning.rules.rule import Rule


def signal(chip: Chip, before: State, after: State) -> Weights:
    """Return −(ρ̄_i Δρ_j + ρ̄_j Δρ_i) of one step; of any device, the change of ∂E/∂θ."""
    return chip.contrast(before, after)


def path(chip: Chip, states: Iterator[State]) -> tuple[State, Weights]:
    """Return the last state of a phase, and the signals of all its steps added up."""
    return chip.contrast_along(states)


STDP = Rule(
    "stdp",
    "ρ of one end times the change of ρ at the other, added up over the nudged phase",
    limit="dLoss/dθ",
    signal=signal,
    path=path,
    law=plastic.CONTRAST,
    exact=True,
)
