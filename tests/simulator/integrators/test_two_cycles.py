"""Discrete dynamics of all neurons at once, s ← ρ(Ws + b) with W = Wᵀ: where they end.

L(t) = −s(t)·W s(t−1) − b·(s(t) + s(t−1)) + Σ G(s(t)) + Σ G(s(t−1)), G the integral of ρ⁻¹, never rises, and
stands still only where s(t+1) = s(t−1): what comes to rest has a period of one or two steps. In a chip of
layers even and odd layers take turns in two chains that do not see each other; a period of two is two
equilibria, one in each chain.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Nudge, Settling
from eqchip.simulator.compile import compile_chip

CHIP = """chip
.bus x[6] h[8] y[3]
.model first synapse(init=uniform spread=0.8)
.model syn synapse(init=uniform spread={spread})
.model cell neuron(activation={cell} drive=through)
Yxh x h first
Yhy h y syn
{more}
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Ny rate=0.1
.end
"""
SIGMA = "sigmoid slope=4 shift=0.5"


def made(cell: str, more: str = "", spread: float = 6.0) -> Chip:
    text = CHIP.format(cell=cell, more=more, spread=spread)
    chip = compile_chip(elaborate(parse(text, "chip.cir")), "array", np.float64)
    chip.write({"Ny": [3.0, 3.0, -3.0]})  # the first two are on unless held down: the chains begin apart
    return chip


def states(chip: Chip, x: Any, steps: int) -> list[Any]:
    """Return h and y side by side, after every step."""
    found = []
    for state in chip.course(x, Settling("discrete", steps=steps)):
        volts = chip.voltages(state)
        found.append(np.concatenate([volts["v(h)"], volts["v(y)"]], axis=1))
    return found


def samples(count: int) -> Any:
    return np.random.default_rng(2).uniform(0, 1, (count, 6))


def cost_of_activity(s: Any, cell: str) -> Any:
    """Return Σ G(s), G′ = ρ⁻¹."""
    if cell == "hardsigmoid":
        return np.sum(s**2 / 2, axis=1)
    entropy = np.zeros_like(s)
    for part in (s, 1 - s):
        entropy += np.where(part > 0, part * np.log(np.maximum(part, 1e-300)), 0.0)
    return np.sum(s / 2 + entropy / 4, axis=1)


@pytest.mark.parametrize("cell", [SIGMA, "hardsigmoid"])
@pytest.mark.parametrize("more", ["", "Yhh h h syn\n.learn Yhh rate=0.1"])
def test_the_energy_of_two_steps_never_rises_and_what_is_left_has_two_states(cell: str, more: str) -> None:
    chip, x = made(cell, more), samples(40)
    if more:  # all hold all others down: together they go on and off
        chip.write({"Yhh": np.eye(8) - 1.0})
    theta = {"Yhh": np.zeros((8, 8))} | chip.parameters()
    w = np.zeros((11, 11))
    w[:8, :8], w[:8, 8:], w[8:, :8] = theta["Yhh"], theta["Yhy"], theta["Yhy"].T
    np.testing.assert_array_equal(w, w.T)
    b = np.concatenate([x @ theta["Yxh"], np.tile(theta["Ny"], (40, 1))], axis=1)
    course = states(chip, x, 3000)
    energies = []
    for before, now in pairwise(course):
        energy = -np.sum((now @ w) * before, axis=1) - np.sum(b * (now + before), axis=1)
        energies.append(energy + cost_of_activity(now, cell) + cost_of_activity(before, cell))
    assert np.max(np.diff(energies, axis=0)) < 1e-13
    np.testing.assert_allclose(course[-1], course[-3], atol=1e-9)
    apart = np.max(np.abs(course[-1] - course[-2]), axis=1)
    assert np.any(apart > 0.1)  # some end in a period of two, some at rest
    assert np.any(apart < 1e-9)


@pytest.mark.parametrize("cell", [SIGMA, "hardsigmoid"])
def test_the_two_states_of_a_layered_chip_are_two_equilibria_crossed(cell: str) -> None:
    chip, x = made(cell), samples(40)
    theta = chip.parameters()
    drive = x @ theta["Yxh"]

    def rho(d: Any) -> Any:
        return np.clip(d, 0, 1) if cell == "hardsigmoid" else 1 / (1 + np.exp(2 - 4 * d))

    course = states(chip, x, 3000)
    # The chains: h(1) from y(0), y(2) from h(1) …, and y(1) from h(0), h(2) from y(1) …
    h, y = np.zeros((40, 8)), np.zeros((40, 3))
    for step in range(1, 7):
        if step % 2:
            h = rho(drive + y @ theta["Yhy"].T)
            np.testing.assert_allclose(course[step][:, :8], h, atol=1e-13)
        else:
            y = rho(h @ theta["Yhy"] + theta["Ny"])
            np.testing.assert_allclose(course[step][:, 8:], y, atol=1e-13)
    last, other = course[-1], course[-2]
    for hidden, out in ((last, other), (other, last)):
        np.testing.assert_allclose(hidden[:, :8], rho(drive + out[:, 8:] @ theta["Yhy"].T), atol=1e-9)
        np.testing.assert_allclose(out[:, 8:], rho(hidden[:, :8] @ theta["Yhy"] + theta["Ny"]), atol=1e-9)
    assert np.any(np.max(np.abs(last - other), axis=1) > 0.1)


@pytest.mark.parametrize("steps", [14, 15])
def test_an_odd_number_of_nudged_steps_takes_the_cycle_for_the_nudge(steps: int) -> None:
    """As β → 0 the contrast of an even number vanishes; that of an odd one is what both states differ by."""
    chip, x = made(SIGMA), samples(40)
    t = np.eye(3)[np.arange(40) % 3]
    free = chip.settle(x, Settling("discrete", steps=3000))
    nudged = chip.settle(x, Settling("discrete", steps=steps), Nudge(t, 1e-6), free)
    moved = np.max(np.abs(chip.contrast(free, nudged)["Yxh"]))
    assert (moved > 1e-3) if steps % 2 else (moved < 1e-5)
