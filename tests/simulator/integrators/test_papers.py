"""The schedules of the papers, step for step as in plain NumPy."""

from typing import Any

import numpy as np
import pytest

import eqchip
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Nudge, Settling, State
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.plan import Plan, plan_of
from eqchip.simulator.learning.trainer import train
from eqchip.simulator.samples import Dataset, Samples
from eqchip.simulator.streams import stream
from naive_dynamics import (
    Layered,
    clip,
    clip_slope,
    ernoult_energy,
    ernoult_prototypical,
    scellier_bengio,
    sigmoid_slope,
)
from naive_dynamics import sigmoid as rho

CHIP = """chip
.bus x[12] h[9] y[4]
.model first synapse(init=uniform spread={spread})
.model syn synapse(init=uniform spread={spread})
.model hidden neuron({hidden})
.model out neuron({out})
Yxh x h first
Yhy h y syn
Nh h hidden
Ny y out
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.05
.learn Nh rate=0.1
.learn Ny rate=0.05
.end
"""


def made(
    hidden: str, out: str, form: str = "array", spread: float = 0.6, inputs: str = ""
) -> tuple[Chip, Layered]:
    text = CHIP.format(hidden=hidden, out=out, spread=spread)
    if inputs:
        text = text.replace("Ny y out", f"Ny y out\n.model inx neuron({inputs})\nNx x inx")
    chip = compile_chip(elaborate(parse(text, "chip.cir")), form, np.float64)
    random = np.random.default_rng(3)
    chip.write({"Nh": random.normal(0.1, 0.2, 9), "Ny": random.normal(0.2, 0.2, 4)})
    theta = chip.parameters()
    return chip, Layered(theta["Yxh"], theta["Yhy"], theta["Nh"], theta["Ny"])


def data() -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    return random.uniform(0, 1, (5, 12)), np.eye(4)[random.integers(0, 4, 5)]


def activity(chip: Chip, state: State) -> tuple[Any, Any]:
    volts = chip.voltages(state)
    return volts["v(h)"], volts["v(y)"]


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("beta", [0.5, -0.5])
def test_the_schedule_of_2017(form: str, beta: float) -> None:
    chip, net = made("activation=hardsigmoid", "activation=hardsigmoid", form)
    x, t = data()
    free = chip.settle(x, Settling("euler", steps=20, eps=0.5))
    twin = scellier_bengio(net, x, net.start(5), 20, 0.5, 0.0, t)
    np.testing.assert_allclose(activity(chip, free)[0], twin[0], atol=1e-14)
    np.testing.assert_allclose(activity(chip, free)[1], twin[1], atol=1e-14)
    assert np.any(twin[0] == 0.0) or np.any(twin[0] == 1.0)  # some are clamped
    nudged = chip.settle(x, Settling("euler", steps=4, eps=0.5), Nudge(t, beta), free)
    ended = scellier_bengio(net, x, twin, 4, 0.5, beta, t)
    np.testing.assert_allclose(activity(chip, nudged)[0], ended[0], atol=1e-14)
    np.testing.assert_allclose(activity(chip, nudged)[1], ended[1], atol=1e-14)
    # and their update, α/β·[ρᵢρⱼ(nudged) − ρᵢρⱼ(free)], the mean over the batch
    update = chip.contrast(free, nudged)
    np.testing.assert_allclose(-update["Yxh"], x.T @ (ended[0] - twin[0]) / 5, atol=1e-14)
    wanted = (ended[0].T @ ended[1] - twin[0].T @ twin[1]) / 5
    np.testing.assert_allclose(-update["Yhy"], wanted, atol=1e-14)
    np.testing.assert_allclose(-update["Ny"], np.mean(ended[1] - twin[1], axis=0), atol=1e-14)


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_training_as_in_2017_particles_kept_and_signs_drawn(form: str) -> None:
    chip, net = made("activation=hardsigmoid", "activation=hardsigmoid", form)
    random = np.random.default_rng(1)
    x, t = random.uniform(0, 1, (8, 12)), np.eye(4)[random.integers(0, 4, 8)]
    free, nudged = Settling("euler", steps=20, eps=0.5), Settling("euler", steps=4, eps=0.5)
    plan = Plan("random", "contrast", 0.5, free, nudged, batch=4, epochs=3, seed=2, persistent=True)
    samples = Samples(x, t)
    losses = [epoch.train_loss for epoch in train(chip, Dataset("random", samples, samples), plan)]
    particles = net.start(8)
    for number, loss in enumerate(losses, 1):
        order = stream(2, "order", number).permutation(8)
        signs, costs = stream(2, "sign", number), []
        for rows in (order[:4], order[4:]):
            beta = 0.5 * signs.choice([1.0, -1.0])
            h, y = scellier_bengio(
                net, x[rows], (particles[0][rows], particles[1][rows]), 20, 0.5, 0.0, t[rows]
            )
            particles[0][rows], particles[1][rows] = h, y
            costs.append(0.5 * np.sum((y - t[rows]) ** 2))
            hb, yb = scellier_bengio(net, x[rows], (h, y), 4, 0.5, beta, t[rows])
            # ΔW = α/β·[ρ(uᵢ)ρ(uⱼ) nudged − free], the mean over the batch; α as on the .learn cards
            net.w1 += 0.1 / beta * x[rows].T @ (hb - h) / 4
            net.w2 += 0.05 / beta * (hb.T @ yb - h.T @ y) / 4
            net.b1 += 0.1 / beta * np.mean(hb - h, axis=0)
            net.b2 += 0.05 / beta * np.mean(yb - y, axis=0)
        assert loss == pytest.approx(sum(costs) / 8, rel=1e-12)
    for name, wanted in (("Yxh", net.w1), ("Yhy", net.w2), ("Nh", net.b1), ("Ny", net.b2)):
        np.testing.assert_allclose(chip.parameters()[name], wanted, atol=1e-13)


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_the_schedule_of_2019_with_an_energy(form: str) -> None:
    cell = "activation=sigmoid slope=4 shift=0.5"
    railed = f"{cell} low=0 high=1"
    chip, net = made(railed, f"{railed} drive=direct", form, inputs=cell)
    x, t = data()
    free = chip.settle(x, Settling("euler", steps=100, eps=0.2))
    twin = ernoult_energy(net, x, net.start(5), 100, 0.2, 0.0, t)
    nudged = chip.settle(x, Settling("euler", steps=12, eps=0.2), Nudge(t, 0.5), free)
    ended = ernoult_energy(net, x, twin, 12, 0.2, 0.5, t)
    for state, (h, y) in ((free, twin), (nudged, ended)):
        np.testing.assert_allclose(activity(chip, state)[0], h, atol=1e-12)
        np.testing.assert_allclose(activity(chip, state)[1], y, atol=1e-12)
        assert np.any((h == 0.0) | (h == 1.0))
        assert np.any((y == 0.0) | (y == 1.0))
    # Their update: Δ(ρᵢρⱼ)/β, of inputs and outputs too.
    update, (h, y), (hb, yb) = chip.contrast(free, nudged), map(rho, twin), map(rho, ended)
    np.testing.assert_allclose(-update["Yxh"], rho(x).T @ (hb - h) / 5, atol=1e-13)
    np.testing.assert_allclose(-update["Yhy"], (hb.T @ yb - h.T @ y) / 5, atol=1e-13)
    np.testing.assert_allclose(-update["Nh"], np.mean(hb - h, axis=0), atol=1e-13)
    np.testing.assert_allclose(-update["Ny"], np.mean(yb - y, axis=0), atol=1e-13)
    done = chip.parameters()["Yxh"] - 0.3 * update["Yxh"]
    chip.descend_contrast(free, nudged, dict.fromkeys(chip.parameters(), 0.3))
    np.testing.assert_allclose(chip.parameters()["Yxh"], done, atol=1e-13)


#: Activations of the chips of 2019 that ship, and what makes them the other one.
OTHER = {
    "eb-784-512-10": {f"{model}.activation": "sigmoid" for model in ("inx", "cell", "out")},
    "p-784-512-10": {f"{model}.activation": "hardsigmoid" for model in ("cell", "out")},
}


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("name", OTHER)
def test_the_chips_of_2019_that_ship_with_either_activation(name: str, other: bool) -> None:
    """A whole free phase and a nudged one of each, from the netlist, to rounding."""
    energy = name.startswith("eb")
    sigma = energy == other
    shipped = eqchip.load(name).set(OTHER[name] if other else {})
    plan = plan_of(shipped.circuit)
    chip = shipped.compile(dtype=np.float64)
    theta = chip.parameters()
    net = Layered(theta["Yxh"], theta["Yhy"], theta["Nh"], theta["Ny"])
    random = np.random.default_rng(4)
    x = random.uniform(0, 1, (3, 784)) * (random.uniform(size=(3, 784)) < 0.2)
    t = np.eye(10)[[2, 5, 7]]
    free = chip.settle(x, plan.free)
    nudged = chip.settle(x, plan.nudged, Nudge(t, plan.beta), free)
    law, slope = (rho, sigmoid_slope) if sigma else (clip, clip_slope)
    if energy:
        twin = ernoult_energy(net, x, net.start(3), 100, 0.2, 0.0, t, law, slope)
        ended = ernoult_energy(net, x, twin, 12, 0.2, 0.5, t, law, slope)
    else:
        twin = ernoult_prototypical(net, x, net.start(3), 40, 0.0, t, law, law)
        ended = ernoult_prototypical(net, x, twin, 16, 0.1, t, law, law)
    assert np.max(np.abs(ended[1] - twin[1])) > 0.01
    for state, (h, y) in ((free, twin), (nudged, ended)):
        np.testing.assert_allclose(activity(chip, state)[0], h, atol=1e-12)
        np.testing.assert_allclose(chip.outputs(state), y, atol=1e-12)


@pytest.mark.parametrize(("solve", "dt"), [("discrete", 1.0), ("euler", 0.2)])
def test_the_prototypical_schedule_of_2019_as_published(solve: str, dt: float) -> None:
    """σ on the outputs too, the nudge behind it; `dt` is that of their code, where a step is not whole."""
    cell = "activation=sigmoid slope=4 shift=0.5 drive=through"
    chip, net = made(cell, cell, spread=0.3)
    x, t = data()
    eps = {} if dt == 1.0 else {"eps": dt}
    free = chip.settle(x, Settling(solve, steps=40, **eps))
    nudged = chip.settle(x, Settling(solve, steps=15, **eps), Nudge(t, 0.5), free)
    twin = ernoult_prototypical(net, x, net.start(5), 40, 0.0, t, rho, rho, dt)
    ended = ernoult_prototypical(net, x, twin, 15, 0.5, t, rho, rho, dt)
    for state, (h, y) in ((free, twin), (nudged, ended)):
        np.testing.assert_allclose(activity(chip, state)[0], h, atol=1e-13)
        np.testing.assert_allclose(chip.outputs(state), y, atol=1e-13)
    *_, last = chip.course(x, Settling(solve, steps=15, **eps), Nudge(t, 0.5), free)
    np.testing.assert_allclose(chip.outputs(last), ended[1], atol=1e-13)
    update = chip.contrast(free, nudged)
    np.testing.assert_allclose(-update["Yxh"], x.T @ (ended[0] - twin[0]) / 5, atol=1e-13)
    wanted = (ended[0].T @ ended[1] - twin[0].T @ twin[1]) / 5
    np.testing.assert_allclose(-update["Yhy"], wanted, atol=1e-13)
    np.testing.assert_allclose(-update["Ny"], np.mean(ended[1] - twin[1], axis=0), atol=1e-13)


def test_the_prototypical_schedule_of_2019_with_a_linear_readout() -> None:
    chip, net = made("activation=tanh drive=direct", "activation=linear", spread=0.3)
    x, t = data()
    free = chip.settle(x, Settling("discrete", steps=40))
    nudged = chip.settle(x, Settling("discrete", steps=15), Nudge(t, 0.1), free)
    twin = ernoult_prototypical(net, x, net.start(5), 40, 0.0, t, np.tanh, lambda d: d)
    ended = ernoult_prototypical(net, x, twin, 15, 0.1, t, np.tanh, lambda d: d)
    for state, (h, y) in ((free, twin), (nudged, ended)):
        np.testing.assert_allclose(np.tanh(activity(chip, state)[0]), h, atol=1e-13)
        np.testing.assert_allclose(activity(chip, state)[1], y, atol=1e-13)
    # Their update: Δ(sᵢsⱼ)/β of these states.
    update = chip.contrast(free, nudged)
    wanted = (ended[0].T @ ended[1] - twin[0].T @ twin[1]) / 5
    np.testing.assert_allclose(-update["Yhy"], wanted, atol=1e-13)
    np.testing.assert_allclose(-update["Yxh"], x.T @ (ended[0] - twin[0]) / 5, atol=1e-13)


def test_the_prototypical_schedule_of_2019_with_clamped_activations() -> None:
    chip, net = made("activation=hardsigmoid", "activation=hardsigmoid", spread=0.3)
    x, _ = data()
    t = np.random.default_rng(5).uniform(0.4, 0.6, (5, 4))
    twin, ended = net.start(5), net.start(5)
    course = chip.course(x, Settling("discrete", steps=40))
    for number, state in enumerate(course):
        if number:
            twin = ernoult_prototypical(net, x, twin, 1, 0.0, t, clip, clip)
        np.testing.assert_allclose(activity(chip, state)[0], twin[0], atol=1e-13)
        np.testing.assert_allclose(activity(chip, state)[1], twin[1], atol=1e-13)
    assert number == 40
    assert np.any((twin[1] == 0.0) | (twin[1] == 1.0))  # a drive beyond its interval is clamped, then nudged
    nudged = chip.settle(x, Settling("discrete", steps=15), Nudge(t, 0.1), state)
    ended = ernoult_prototypical(net, x, twin, 15, 0.1, t, clip, clip)
    np.testing.assert_allclose(activity(chip, nudged)[0], ended[0], atol=1e-13)
    np.testing.assert_allclose(activity(chip, nudged)[1], ended[1], atol=1e-13)


def test_prototypical_dynamics_end_at_the_equilibrium_of_a_linear_readout() -> None:
    chip, _ = made("activation=sigmoid drive=direct", "activation=linear drive=direct", spread=0.3)
    x, t = data()
    nudge = Nudge(t, 0.3)
    iterated = chip.settle(x, Settling("discrete", tol=1e-12), nudge)
    still = chip.settle(x, Settling(tol=1e-13), nudge)
    np.testing.assert_allclose(chip.outputs(iterated), chip.outputs(still), atol=1e-11)
    assert iterated.durations is None
    assert np.isnan(iterated.seconds)


@pytest.mark.parametrize("kind", [None, "frozen"])
def test_prototypical_dynamics_know_no_time_constants(kind: str | None) -> None:
    x, t = data()
    anchor = None if kind is None else np.full((5, 4), 0.3)
    ends = []
    for c in ("1p", "2.5p"):  # with one τ for all, a kernel runs the whole phase
        chip, _ = made(f"activation=tanh drive=direct c={c}", "activation=linear", spread=0.3)
        settling, nudge = Settling("discrete", steps=7), Nudge(t, 0.4, anchor)
        *_, last = chip.course(x, settling, nudge)
        ends += [chip.settle(x, settling, nudge), last]
    for state in ends:
        np.testing.assert_allclose(chip.outputs(state), chip.outputs(ends[0]), rtol=1e-13)
        np.testing.assert_allclose(state.values[0], ends[0].values[0], atol=1e-14)
        assert np.isnan(state.seconds)
