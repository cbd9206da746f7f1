"""Equilibria of array chips: energies that fall, samples that leave, chips that are slow or have none."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from eqchip.errors import SimulationError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.array_form import ArrayChip
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.equilibrium import block_descent, narrow, pseudo_transient
from eqchip.simulator.equilibrium.momentum import Momentum
from eqchip.simulator.equilibrium.sweeps import Sweeps
from eqchip.simulator.weights import with_weights
from naive_arrays import NaiveArrays

TIGHT = Settling(tol=1e-13)


def chip(
    cell: str = "activation=tanh",
    layers: tuple[int, ...] = (2, 5, 4, 3),
    spread: float = 1.0,
    extra: str = "",
    dtype: Any = np.float64,
) -> ArrayChip:
    names = ["x", *[f"h{k}" for k in range(1, len(layers) - 1)], "y"]
    lines = ["chip", ".bus " + " ".join(f"{n}[{k}]" for n, k in zip(names, layers, strict=True))]
    lines += [f".model syn synapse(init=uniform spread={spread})", f".model cell neuron({cell})"]
    lines += [f"Y{a}{b} {a} {b} syn" for a, b in pairwise(names)]
    lines += [f"N{n} {n} cell" for n in names[1:]]
    lines += [f".learn Y{a}{b} rate=1" for a, b in pairwise(names)]
    lines += [extra, ".input x", ".output y", ".nudge y", ".end"]
    made = compile_chip(elaborate(parse("\n".join(lines), "chip.cir")), "array", dtype)
    assert isinstance(made, ArrayChip)
    return made


def inputs(count: int, width: int = 2, seed: int = 1) -> Any:
    return np.random.default_rng(seed).uniform(-1, 1, (count, width))


def volts(made: ArrayChip, state: Any, row: int = 0) -> Any:
    out = np.zeros(len(made.circuit.nodes))
    for name, values in made.voltages(state).items():
        out[made.circuit.buses[name[2:-1]]] = values[row]
    return out


def without_momentum(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Momentum, "shares", lambda self, turn, residual: np.zeros(len(turn), self.dtype))


@pytest.mark.parametrize(
    "cell", ["activation=tanh slope=2", "activation=hardsigmoid", "activation=softplus slope=0.5"]
)
@pytest.mark.parametrize("spread", [0.5, 2.0])
@pytest.mark.parametrize("loop", ["", ".model loop synapse(init=uniform spread=0.5)\nYll h1 h1 loop"])
def test_every_sweep_takes_the_energy_down(
    cell: str, spread: float, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = chip(cell, spread=spread, extra=loop)
    naive = NaiveArrays(with_weights(made.circuit))
    energies = []
    advance = Sweeps.advance

    def watched(self: Sweeps, residual: Any) -> None:
        parts = [self.states[g] * made.wiring.nodes[g].vunit for g in made.wiring.free]
        v = np.zeros(len(made.circuit.nodes))
        v[made.circuit.inputs[0].nodes] = inputs(1)[0]
        for g, part in zip(made.wiring.free, parts, strict=True):
            v[made.wiring.nodes[g].nodes] = part[0]
        energies.append(naive.energy(v))
        advance(self, residual)

    monkeypatch.setattr(Sweeps, "advance", watched)
    without_momentum(monkeypatch)
    made.settle(inputs(1), TIGHT)
    assert len(energies) > 2
    assert np.all(np.diff(energies) <= 1e-12 * np.max(np.abs(energies)))


CELLS = [
    "activation=tanh",
    "activation=hardsigmoid",
    "activation=tanh slope=1.2 drive=direct",
    "activation=relu",
]


@pytest.mark.parametrize("cell", CELLS)
def test_momentum_reaches_the_same_equilibria_in_fewer_sweeps(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = chip(cell, (4, 30, 30, 30, 5), spread=0.15)
    data = inputs(20, 4)
    fast = made.settle(data, TIGHT)
    without_momentum(monkeypatch)
    plain = made.settle(data, TIGHT)
    assert np.mean(plain.iterations) > 25
    assert np.mean(fast.iterations) < 0.8 * np.mean(plain.iterations)
    for one, other in zip(fast.values, plain.values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-11)


def test_the_last_sweeps_residual_is_that_of_the_whole_chip() -> None:
    # The lead's residual stands for all where the other colour was solved exactly; skips make a third colour.
    for extra in ("", "Yskip h1 y syn"):
        made = chip("activation=tanh slope=1.3", extra=extra)
        free = made.settle(inputs(6), Settling(tol=1e-4))
        nudge = Nudge(np.ones((6, 3)), 0.4)
        for state, pulled in ((free, None), (made.settle(inputs(6), Settling(tol=1e-4), nudge, free), nudge)):
            still = made.settle(inputs(6), Settling("euler", steps=1, eps=1e-9), pulled, state)
            np.testing.assert_allclose(state.residual, still.residual, atol=1e-8)


def test_a_nudged_phase_that_begins_at_its_equilibrium_still_feels_its_nudge() -> None:
    # Even where nothing but the outputs is out of equilibrium at first, whatever the tolerance.
    made = chip("activation=linear", (2, 4, 3), spread=0.1)
    free = made.settle(inputs(3), TIGHT)
    pulled = made.settle(inputs(3), Settling(tol=0.05), Nudge(np.ones((3, 3)), 0.5), free)
    assert np.all(made.outputs(pulled) > made.outputs(free) + 0.1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "cell",
    [*CELLS, "activation=sigmoid slope=4 shift=0.5", "activation=softplus slope=0.7", "activation=linear"],
)
def test_narrow_chips_settle_as_any_other(cell: str, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = chip(cell, (4, 30, 5), spread=0.15, dtype=dtype)
    data, tol = inputs(9, 4), Settling(tol=1e-5 if dtype == np.float32 else 1e-11)
    nudge = Nudge(np.linspace(0, 1, 45).reshape(9, 5), 0.4)
    found = []
    for largest in (narrow.LARGEST, 0):
        monkeypatch.setattr(narrow, "LARGEST", largest)
        free = made.settle(data, tol)
        found.append((free, made.settle(data, tol, nudge, free)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.iterations, other.iterations, rtol=0.1, atol=3)  # rounding restarts
        assert np.all(one.residual <= np.maximum(tol.tol, 1e-4 * (dtype == np.float32)))
        for part, same in zip(one.values, other.values, strict=True):
            np.testing.assert_allclose(part, same, atol=10 * tol.tol)


def test_samples_that_take_long_leave_the_narrow_loop() -> None:
    # Linear neurons that nearly hold each other up, and an input of 0 that is settled at once.
    made = chip("activation=linear", (1, 1, 1), extra="Ytie h1 y syn w=0.999")
    made.write({"Yxh1": np.ones((1, 1)), "Yh1y": np.zeros((1, 1))})
    state = made.settle(np.array([[1.0], [0.0]]), TIGHT)
    assert state.iterations[1] == 1 < block_descent.LOOK < state.iterations[0]
    np.testing.assert_allclose(made.outputs(state), [[0.999 / (1 - 0.999**2)], [0.0]], rtol=1e-9)


def test_momentum_that_leads_nowhere_is_given_up() -> None:
    momentum = Momentum(2, cautious=False, dtype=np.float64)
    residual = np.array([1.0, 1.0])
    for _ in range(250):
        shares = momentum.shares(np.full(2, -1.0), residual)
        residual = residual * [1.0, 0.9]  # the first sample gets nowhere
    assert shares[0] == 0.0
    assert shares[1] > 0.9


def test_momentum_restarts_where_it_turns_back_and_where_cautious_also_where_it_grows() -> None:
    for cautious in (False, True):
        momentum = Momentum(3, cautious, np.float64)
        forward, still = np.full(3, -1.0), np.ones(3)
        for _ in range(5):
            momentum.shares(forward, still)
        shares = momentum.shares(np.array([1.0, -1.0, -1.0]), np.array([0.5, 2.0, 0.5]))
        assert list(shares > 0.0) == [False, not cautious, True]


@pytest.mark.parametrize("seed", range(6))
def test_a_chip_with_several_equilibria_ends_in_a_minimum(seed: int) -> None:
    made = chip("activation=tanh", (2, 6, 6, 3), spread=3.0, extra=f".train seed={seed}")
    state = made.settle(inputs(4, seed=seed), TIGHT)
    assert np.all(state.settled)
    assert made.stability(state)[0] > 0


def test_a_sample_settles_as_if_it_were_alone() -> None:
    made = chip(spread=1.5)
    data = inputs(12)
    together = made.settle(data, TIGHT)
    assert len(np.unique(together.iterations)) > 1  # they leave one after the other
    for row in range(12):
        alone = made.settle(data[row : row + 1], TIGHT)
        np.testing.assert_allclose(made.outputs(alone)[0], made.outputs(together)[row], atol=1e-12)
        assert abs(alone.iterations[0] - together.iterations[row]) <= 1  # its last sweep ends in rounding


def test_residuals_are_below_the_tolerance_asked_for() -> None:
    made = chip()
    for tol in (1e-2, 1e-5, 1e-9):
        state = made.settle(inputs(10), Settling(tol=tol))
        assert np.all(state.residual <= tol)
        assert np.all(state.settled)
    # What rounding leaves is as good as it gets, whatever is asked for.
    state = made.settle(inputs(10), Settling(tol=0.0))
    assert np.all(state.residual < 1e-13)
    single = chip(dtype=np.float32).settle(inputs(10), Settling(tol=1e-9))
    assert np.all(single.residual < 2e-5)
    assert np.all(single.settled)


def test_a_start_at_equilibrium_takes_one_sweep() -> None:
    made = chip()
    first = made.settle(inputs(5), Settling(tol=1e-9))
    again = made.settle(inputs(5), Settling(tol=1e-9), start=first)
    assert np.all(again.iterations == 1)


def test_slow_sweeps_are_left_to_implicit_steps() -> None:
    # Two neurons that hold each other up: the sweeps shrink the error by 0.9998 each.
    made = chip("activation=linear", (1, 1, 1), extra="Ytie h1 y syn w=0.9999")
    made.write({"Yxh1": np.ones((1, 1)), "Yh1y": np.zeros((1, 1))})
    state = made.settle(np.ones((1, 1)), TIGHT)
    assert state.iterations[0] < 200
    # h = x + w y, y = w h
    np.testing.assert_allclose(made.outputs(state), [[0.9999 / (1 - 0.9999**2)]], rtol=1e-9)


def test_a_chip_that_oscillates_is_settled_without_its_time() -> None:
    # h drives y and y drives h back with the opposite sign, both more strongly than they leak.
    extra = "Ya h1 y syn w=3 dir=forward\nYb h1 y syn w=-3 dir=backward"
    made = chip("activation=tanh drive=direct", (1, 1, 1), extra=extra)
    made.write({"Yxh1": np.full((1, 1), 0.5), "Yh1y": np.zeros((1, 1))})
    state = made.settle(np.ones((1, 1)), TIGHT)
    y = made.outputs(state)[0, 0]
    h = 0.5 - 3 * np.tanh(y)
    assert y == pytest.approx(3 * np.tanh(h), abs=1e-11)
    assert made.reciprocity(state) > 0.5


def test_a_chip_without_equilibrium_says_so() -> None:
    # A linear ring of gain above one: its energy has no floor.
    made = chip("activation=linear", (1, 1, 1), extra="Ytie h1 y syn w=1.5")
    with pytest.raises(SimulationError, match=r"the chip has no equilibrium: states ran away"):
        made.settle(np.ones((1, 1)), TIGHT)


def test_what_does_not_settle_names_layer_residual_and_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    made = chip(spread=1.5)
    with pytest.raises(SimulationError, match=r"2 samples did not settle in 3 sweeps") as found:
        made.settle(inputs(2), Settling(tol=1e-12, limit=3))
    assert "state units, in h" in str(found.value) or "state units, in y" in str(found.value)
    assert "try a larger tol" in str(found.value)
    extra = "Ya h1 y syn w=3 dir=forward\nYb h1 y syn w=-3 dir=backward"
    ring = chip("activation=tanh drive=direct", (1, 1, 1), extra=extra)
    monkeypatch.setattr(pseudo_transient, "LARGEST", 0)
    with pytest.raises(SimulationError, match="may oscillate"):
        ring.settle(np.ones((1, 1)), Settling(tol=1e-12, limit=60))


def test_a_nudge_that_overcomes_the_leak_is_refused() -> None:
    made = chip()
    free = made.settle(inputs(2), TIGHT)
    target = np.zeros((2, 3))
    with pytest.raises(SimulationError, match=r"β = -1 overcomes the leak of the outputs") as found:
        made.settle(inputs(2), TIGHT, Nudge(target, -1.0), free)
    assert "bounds" in str(found.value)
    frozen = made.settle(inputs(2), TIGHT, Nudge(target, -1.0, made.outputs(free)), free)
    assert np.all(frozen.settled)
    # A bound on one side is none: relu has nothing above.
    relu = chip("activation=relu")
    with pytest.raises(SimulationError, match=r"β = -3 overcomes the leak of the outputs"):
        relu.settle(inputs(2), TIGHT, Nudge(target, -3.0))


@pytest.mark.parametrize("beta", [-1.0, -1.5, -2.0, -6.0])
@pytest.mark.parametrize("form", ["array", "sparse"])
def test_outputs_between_bounds_leave_their_targets_as_in_time(beta: float, form: str) -> None:
    text = """rails
.bus x[3] h[4] y[2]
.model syn synapse(init=uniform spread=0.3)
.model cell neuron(activation=hardsigmoid)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y
.nudge y
.learn Yxh rate=1
.learn Yhy rate=1
.learn Nh rate=1
.learn Ny rate=1
.train seed=3
.end
"""
    made = compile_chip(elaborate(parse(text, "rails.cir")), form, np.float64)
    made.write({"Ny": np.array([0.5, 0.4]), "Nh": np.array([0.3, 0.1, 0.5, -0.1])})
    data = inputs(6, 3)
    targets = np.tile([0.0, 1.0], (6, 1))
    free = made.settle(data, Settling(tol=1e-11))
    assert np.all((made.outputs(free) > 0.0) & (made.outputs(free) < 1.0))
    nudge = Nudge(targets, beta)
    settled = made.settle(data, Settling(tol=1e-9), nudge, free)
    assert np.all(settled.settled)
    # Euler's steps are time; there the outputs end at the bounds they were driven to.
    timed = made.settle(data, Settling("euler", tol=1e-9, steps=4000, eps=0.02), nudge, free)
    np.testing.assert_allclose(made.outputs(settled), made.outputs(timed), atol=1e-8)
    for name, volts in made.voltages(settled).items():
        np.testing.assert_allclose(volts, made.voltages(timed)[name], atol=1e-8)
    if beta < -1.0:
        assert set(np.ravel(made.outputs(settled))) <= {0.0, 1.0}


def test_a_settled_state_is_not_changed_by_the_next_phase() -> None:
    made = chip()
    free = made.settle(inputs(3), TIGHT)
    before = [part.copy() for part in free.values]
    made.settle(inputs(3), TIGHT, Nudge(np.ones((3, 3)), 0.5), free)
    for part, kept in zip(free.values, before, strict=True):
        np.testing.assert_array_equal(part, kept)


def test_kept_drives_follow_inputs_and_weights() -> None:
    made = chip(spread=0.3)
    data = inputs(3)
    free = made.settle(data, TIGHT)
    data[0] += 0.5  # in place: the same array, other numbers
    fresh = made.settle(data.copy(), TIGHT)
    np.testing.assert_allclose(
        made.outputs(made.settle(data, TIGHT, start=free)), made.outputs(fresh), atol=1e-12
    )
    made.write({"Yxh1": np.zeros((2, 5))})
    np.testing.assert_allclose(made.outputs(made.settle(data, TIGHT, start=fresh)), 0.0, atol=1e-12)
