"""The clock of a learning waveform, what it records, and what it conserves."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

import eqchip
from eqchip.errors import InputError
from eqchip.netlists.circuit import Learn, Protocol, Tran
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.analyses.learning_waveform import Lesson, Presentation, learning_waveform
from eqchip.simulator.analyses.moving import moving_parameters
from eqchip.simulator.chip import Learnable
from eqchip.simulator.integrators.plastic import CONTRAST
from eqchip.simulator.rows import gather
from eqchip.simulator.run import Run
from eqchip.simulator.sparse import compile_sparse

Array = NDArray[np.float64]

CHIP = """a waveform
.bus x[2] h[3] y[1]
.model syn synapse(init=glorot)
.model cell neuron(c=1p gleak=1u activation=sigmoid slope=4 shift=0.5)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x gain=2 offset=-1
.output y decode=threshold
.nudge y cost=mse
.learn Yxh rate=2
.learn Nh rate=2
.learn Yhy rate=2
.data xor
.train rule=stdp estimator=random beta=0.3 seed=1
"""
CLOCK = ".protocol free=7.3u nudged=2.9u gap=1.1u\n"
PERIOD = 11.3e-6


def simulated(cards: str = "", tran: str = "0.2u 50u", clock: str = CLOCK, chip: str = CHIP) -> Run:
    return eqchip.simulate(eqchip.parse(f"{chip}{clock}{cards}\n.tran {tran} learn\n.end\n", "test.cir"))


@pytest.fixture(scope="module")
def run() -> Run:
    return simulated()


def test_steps_land_on_every_border_between_phases(run: Run) -> None:
    time = run["time"]
    borders = [number * PERIOD + at for number in range(5) for at in (0.0, 1.1e-6, 8.4e-6, 11.3e-6)]
    for border in borders:
        if border < 50e-6:
            assert np.min(np.abs(time - border)) < 1e-20
    assert time[-1] == 50e-6
    assert np.all(np.diff(time) > 0.0)
    assert np.max(np.diff(time)) <= 0.2e-6 * (1.0 + 1e-12)


def test_phase_and_sample_follow_the_clock_borders_to_what_ends_there(run: Run) -> None:
    within = np.round(run["time"] % PERIOD, 15)
    within[within == 0.0] = PERIOD  # the end of a nudge
    within[0] = 0.0
    phase = np.where(within <= 1.1e-6, 0, np.where(within <= 8.4e-6, 1, 2))
    assert np.array_equal(run["phase"], phase)
    number = np.ceil(np.round(run["time"] / PERIOD, 9)).astype(int)
    number[0] = 1
    for one in range(1, 6):
        assert len(set(run["sample"][number == one])) == 1
    assert len(set(run["sample"][number <= 4])) == 4  # an epoch has every sample once
    assert np.array_equal(run["beta"] != 0.0, phase == 2)


def test_inputs_ramp_in_gaps_and_are_held_after(run: Run) -> None:
    time, phase, x = run["time"], run["phase"], run["v(x)"]
    before = np.zeros(2)
    for number in range(5):
        start = number * PERIOD
        inside = (time >= start - 1e-18) & (time <= min(start + PERIOD, 50e-6) + 1e-18)
        if number:
            inside &= time > start + 1e-18
        after = x[np.flatnonzero(inside)[-1]]
        assert set(np.abs(np.round(after, 12))) == {1.0}
        share = np.clip((time[inside] - start) / 1.1e-6, 0.0, 1.0)[:, None]
        assert np.allclose(x[inside], before + share * (after - before), rtol=0, atol=1e-11)
        before = after
    assert np.count_nonzero(phase == 0) > 20


def test_weights_stand_still_outside_nudges_to_the_last_bit(run: Run) -> None:
    phase = run["phase"]
    for name in ("w(yxh)", "w(yhy)", "w(nh)"):
        moved = np.any(np.diff(run[name], axis=0) != 0.0, axis=1)
        assert not np.any(moved[phase[1:] != 2])
        assert np.mean(moved[phase[1:] == 2]) > 0.9


def rho(s: Array) -> tuple[Array, Array]:
    value = 1.0 / (1.0 + np.exp(2.0 - 4.0 * s))
    return value, 4.0 * value * (1.0 - value)


def test_every_charge_is_what_flowed_in_while_weights_move() -> None:
    run = simulated(".options reltol=1e-7 vntol=1e-10", "0.02u 36u")
    x, h, y = run["v(x)"], run["v(h)"], run["v(y)"]
    w, v, b = run["w(yxh)"].reshape(-1, 2, 3), run["w(yhy)"], run["w(nh)"]
    (r_h, s_h), (r_y, s_y) = rho(h), rho(y)
    into_h = -h + s_h * (np.einsum("ti,tij->tj", x, w) + v * r_y + b)
    into_y = -y + s_y * np.sum(v * r_h, axis=1, keepdims=True)
    pull = run["target(y)"] - y
    time, beta = run["time"] * 1e6, run["beta"][:, None]
    dt = np.diff(time)[:, None]
    # A step belongs to the phase that its end has: the nudge pulls at both its ends.
    charge_h = np.sum(0.5 * dt * (into_h[1:] + into_h[:-1]), axis=0)
    charge_y = np.sum(0.5 * dt * (into_y[1:] + into_y[:-1] + beta[1:] * (pull[1:] + pull[:-1])), axis=0)
    assert np.allclose(charge_h, h[-1] - h[0], rtol=0, atol=3e-5)
    assert np.allclose(charge_y, y[-1] - y[0], rtol=0, atol=3e-5)
    assert np.sum(np.abs(np.diff(h, axis=0))) > 5.0  # it did move


def test_in_each_phase_alone_the_energy_falls() -> None:
    # Without learning E + β·cost can only fall while inputs stand still; a nudge switches it up or down.
    run = simulated(".options reltol=1e-6", chip=re.sub("rate=2", "rate=0", CHIP))
    w, v, b = run["w(yxh)"][0].reshape(2, 3), run["w(yhy)"][0], run["w(nh)"][0]
    x, h, y = run["v(x)"], run["v(h)"], run["v(y)"][:, 0]
    r_h, r_y = rho(h)[0], rho(y)[0]
    energy = 0.5 * np.sum(h**2, axis=1) + 0.5 * y**2
    energy -= np.sum((x @ w + b) * r_h, axis=1) + (r_h @ v) * r_y
    phase, beta = run["phase"], run["beta"]
    for one in (1, 2):
        inside = (phase[1:] == one) & (phase[:-1] == one)
        total = energy + beta * run["cost"]
        assert np.all(np.diff(total)[inside] < 1e-9)


def test_the_run_may_end_within_any_phase() -> None:
    for stop in ("0.6u", "4.1u", "9.9u", "11.3u", "12u"):
        run = simulated(tran=f"0.2u {stop}")
        assert run["time"][-1] == float(stop[:-1]) * 1e-6
    cut, whole = simulated(tran="0.2u 12u"), simulated(tran="0.2u 50u")
    # A gap that is cut short ramps as it would have.
    assert np.allclose(
        cut["v(x)"][-1], [np.interp(12e-6, whole["time"], column) for column in whole["v(x)"].T]
    )


def test_tstart_tmax_and_uic() -> None:
    run = simulated(".ic v(h[0])=0.4", "0.2u 50u 20u 0.05u uic")
    assert run["time"][0] >= 20e-6
    assert np.max(np.diff(run["time"])) <= 0.05e-6 * (1.0 + 1e-12)
    assert simulated(".ic v(h[0])=0.4", "0.2u 5u 0 0.2u uic")["v(h)"][0] == pytest.approx(
        [0.4, 0.0, 0.0], abs=1e-5
    )


def test_sources_of_the_netlist_keep_their_own_corners() -> None:
    cards = "V1 p 0 PULSE(0 1 3.7u 0.1u 0.1u 2u 9u)\nR1 p h[0] 1meg"
    run = simulated(cards)
    for corner in (3.7e-6, 3.8e-6, 5.8e-6, 12.7e-6):
        assert np.min(np.abs(run["time"] - corner)) < 1e-18
    assert run["v(p)"].max() == 1.0


def test_save_chooses_weights_and_voltages() -> None:
    run = simulated(".save v(y) w(Yxh[1,2]) w(Nh)")
    names = [column.name for column in run.main.columns]
    assert names == ["phase", "sample", "beta", "cost", "wrong", "target(y)", "v(y)", "w(yxh[1,2])", "w(nh)"]
    whole = simulated()
    assert np.array_equal(run["w(yxh[1,2])"], whole["w(yxh)"][:, 5])
    assert np.array_equal(whole["w(yxh[1,2])"], whole["w(yxh)"][:, 5])  # an element by its name


def test_pairs_of_a_bus_with_itself_are_one_weight_either_way_round() -> None:
    chip = CHIP.replace("Yhy h y syn", "Yhy h y syn\nYhh h h syn").replace(
        ".data", ".learn Yhh rate=1\n.data"
    )
    run = simulated(".save w(Yhh) w(Yhh[2,0])", chip=chip)
    assert run["w(yhh)"].shape[1] == 3
    assert np.array_equal(run["w(yhh[2,0])"], run["w(yhh[0,2])"])
    assert np.array_equal(run.weights["Yhh"], run.weights["Yhh"].T)


def test_tolerances_decide_how_many_steps_there_are_and_tighter_ones_agree() -> None:
    runs = [simulated(f".options reltol={reltol} vntol=1e-9", "1u 50u") for reltol in (1e-2, 1e-4, 1e-6)]
    assert all(len(one["time"]) < len(two["time"]) for one, two in pairwise(runs))
    exact = simulated(".options reltol=1e-9 vntol=1e-12", "0.5u 50u")
    errors = [np.max(np.abs(one["w(yxh)"][-1] - exact["w(yxh)"][-1])) for one in runs]
    assert errors[0] > errors[1] > errors[2]
    assert errors[0] < 3e-2
    assert errors[2] < 3e-6


def test_what_feels_no_energy_is_told_to_take_the_vector_field(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from eqchip.simulator.data.load import load as load_data
    from eqchip.simulator.learning.waveform import learner_of

    loaded = eqchip.parse(f"{CHIP}{CLOCK}.tran 0.2u 50u learn\n.end\n", "test.cir")
    circuit = loaded.circuit
    family = circuit.instances[0].family
    assert family.learning is not None
    monkeypatch.setattr(circuit.instances[0], "values", {"w": np.zeros((2, 3))})
    deaf = replace(family, learning=replace(family.learning, signal=None))
    learner = learner_of(circuit, load_data(circuit))
    monkeypatch.setattr(learner.chip.system.elements("Yxh").instance, "family", deaf)
    from eqchip.simulator.learning.waveform import lesson_of

    with pytest.raises(InputError, match="feels no ∂E/∂θ for rule=stdp"):
        lesson_of(learner.chip, load_data(circuit))


def test_any_part_that_feels_learns_a_resistor_as_well() -> None:
    # V1 at 1 V over R1 to C1, nudged by 0.3 mA: R1 feels ½(Δv)²; its conductance moves by the change of that.
    circuit = elaborate(
        parse("t\nV1 in 0 0\nR1 in out 1k\nR2 out 0 1k\nC1 out 0 1n\nI1 0 out 0\n", "test.cir")
    )
    circuit.learns.append(Learn("R1", 1.0))
    circuit.analyses.append(card := Tran(0.1e-6, 22e-6, learn=True))
    system = compile_sparse(circuit)
    moving = moving_parameters(system, [Learnable("R1", (), 1.0, low=0.0, unit="S")])
    assert moving.plastic.theta == pytest.approx([1e-3])
    free, pulled = system.drives(), system.drives()
    free[system.slots("V1")] = pulled[system.slots("V1")] = 1.0
    pulled[system.slots("I1")] = 0.3e-3
    factor = 4e-3  # S/V²
    lesson = Lesson(
        protocol=Protocol(free=10e-6, nudged=10e-6, gap=2e-6),
        law=CONTRAST,
        moving=moving,
        inputs=system.slots("V1"),
        outputs=system.unknown_of_node[[circuit.node_index()["out"]]],
        presentations=iter([Presentation(0, free, lambda x: pulled, np.array([factor]), np.zeros(1), 1.0)]),
        marks=lambda volts, targets: {},
        columns=(),
    )
    trace = gather(learning_waveform(system, card, lesson))[0]
    start = np.flatnonzero(trace["phase"] == 1)[-1]
    drop = trace["v(in)"] - trace["v(out)"]
    moved = -factor * 0.5 * (drop[-1] ** 2 - drop[start] ** 2)
    assert trace["w(r1)"][-1] - 1e-3 == pytest.approx(moved, rel=1e-12)
    assert moved > 1e-4
    # At the end current law holds with the conductance as it is then.
    out = trace["v(out)"][-1]
    assert trace["w(r1)"][-1] * drop[-1] + 0.3e-3 - out * 1e-3 == pytest.approx(0.0, abs=1e-6)
