"""Forces and Jacobians of both forms: against the plain twin, finite differences and each other."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.weights import with_weights
from learning_chips import KINDS, chip, samples
from naive_arrays import NaiveArrays, random_chip

FORMS = ("array", "sparse")
AWAY = Settling("euler", steps=3, eps=0.3)


def close(found: Any, wanted: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * max(np.max(np.abs(wanted)), 1e-3))


@settings(max_examples=25)
@given(random_chip(), st.sampled_from(FORMS))
def test_forces_are_the_currents_of_single_devices(text: str, form: str) -> None:
    circuit = with_weights(elaborate(parse(text, "random.cir")))
    made, twin = compile_chip(circuit, form, np.float64), NaiveArrays(circuit)
    random = np.random.default_rng(2)
    inputs = random.uniform(-1, 1, (2, len(circuit.inputs[0].nodes)))
    outputs = np.concatenate([one.nodes for one in circuit.nudges])
    targets = random.uniform(0, 1, (2, len(outputs)))
    state = made.settle(inputs, AWAY)
    found = made.linearised(state, inputs, Nudge(targets, 0.3))
    volts = np.zeros((2, len(circuit.nodes)))
    for name, values in made.voltages(state).items():
        volts[:, circuit.buses[name[2:-1]]] = values
    nodes = [node for node in sorted(twin.neurons) if node not in circuit.inputs[0].nodes]
    order = np.concatenate([circuit.buses[bus] for bus in circuit.buses if bus != "x"])
    assert sorted(order) == nodes
    scale = np.mean([twin.neurons[int(n)].gleak * twin.neurons[int(n)].vunit ** 2 for n in outputs])
    for row in range(2):
        into = twin.current(volts[row])
        force = {}
        for node, one in twin.neurons.items():
            pull = 0.0
            if node in outputs:
                k = int(np.flatnonzero(outputs == node)[0])
                pull = volts[row, node] / one.vunit - targets[row, k]
            total = into[node] * one.vunit / scale - 0.3 * pull
            low, high = (bound * one.vunit for bound in one.interval)
            stuck = (volts[row, node] <= low and total < 0) or (volts[row, node] >= high and total > 0)
            force[node] = 0.0 if stuck else float(total)
        expected = np.sort([force[int(n)] for n in order])
        np.testing.assert_allclose(np.sort(found.force[row]), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_jacobians_are_the_slopes_of_forces(kind: str, form: str) -> None:
    made, (inputs, targets) = chip(kind, form), samples()
    state = made.settle(inputs, AWAY)
    at = made.linearised(state, inputs, Nudge(targets))
    free = ~at.held
    size, h = at.force.shape[1], 1e-6
    whole = np.array([at.matrix(k) for k in range(len(inputs))])
    slopes = np.zeros_like(whole)
    for j in range(size):
        by = np.zeros_like(at.force)
        by[:, j] = h
        ends = [made.linearised(made.displaced(state, sign * by), inputs).force for sign in (1.0, -1.0)]
        slopes[:, :, j] = -(ends[0] - ends[1]) / (2 * h)
    inside = free[:, :, None] & free[:, None, :]
    clear = np.all(np.isclose(made.linearised(state, inputs).held, at.held), axis=1)
    assert np.any(clear)
    if kind != "clamped":  # there a node at its bound has no force on one side
        close(whole[clear], np.where(inside, slopes, 0.0)[clear], 1e-7)
    adjoint = np.random.default_rng(1).standard_normal(at.force.shape)
    close(at.transposed(adjoint), np.einsum("bij,bi->bj", whole, adjoint), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_both_forms_agree(kind: str) -> None:
    inputs, targets = samples()
    found = []
    for form in FORMS:
        made = chip(kind, form)
        state = made.settle(inputs, AWAY)
        found.append(made.linearised(state, inputs, Nudge(targets, 0.2, cost="mse")))
    for name in ("force", "pull", "rate"):
        close(getattr(found[0], name), getattr(found[1], name), 1e-12)
    assert np.array_equal(found[0].held, found[1].held)


@pytest.mark.parametrize("form", FORMS)
def test_rates_are_those_of_time(form: str) -> None:
    made, (inputs, _) = chip("scales", form), samples()
    state = made.settle(inputs, AWAY)
    at = made.linearised(state, inputs)
    step = Settling("euler", steps=1, eps=1e-3)
    moved = made.displacement(state, made.settle(inputs, step, None, state))
    close(moved, 1e-3 * made.tau * at.rate * at.force, 1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_a_frozen_nudge_pulls_with_the_current_of_its_anchor(form: str) -> None:
    made, (inputs, targets) = chip("tanh", form), samples()
    state = made.settle(inputs, AWAY)
    live = made.linearised(state, inputs, Nudge(targets, 0.2))
    frozen = made.linearised(state, inputs, Nudge(targets, 0.2, made.outputs(state)))
    elsewhere = made.linearised(state, inputs, Nudge(targets, 0.2, made.outputs(state) + 1.0))
    close(frozen.force, live.force, 1e-12)
    assert np.max(np.abs(elsewhere.force - live.force)) == pytest.approx(0.2)


@pytest.mark.parametrize("form", FORMS)
def test_displacements_are_what_states_were_moved_by(form: str) -> None:
    made, (inputs, _) = chip("scales", form), samples()
    state = made.settle(inputs, AWAY)
    by = np.random.default_rng(0).standard_normal(made.linearised(state, inputs).force.shape)
    close(made.displacement(state, made.displaced(state, by)), by, 1e-12)
