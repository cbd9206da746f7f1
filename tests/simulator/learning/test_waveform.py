"""One continuous waveform: the rule of a device in time against training, and against the plain equations."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.naive_waveform import NaiveWaveform

import eqchip
from eqchip.errors import InputError
from eqchip.netlists import protocol
from eqchip.simulator.data.load import load as load_data
from eqchip.simulator.integrators.plastic import STILL
from eqchip.simulator.learning.methods import RULES, estimator
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.trainer import train
from eqchip.simulator.loaded import LoadedChip
from eqchip.simulator.run import Run
from eqchip.simulator.streams import stream

Array = NDArray[np.float64]

CELL = "neuron(c=1p gleak=1u activation=sigmoid slope=4 shift=0.5"
HEAD = f"""a waveform
.bus x[2] h[3] y[1]
.model syn synapse(init=glorot)
.model cell {CELL})
Yxh x h syn
Nh h cell
Ny y cell
.input x gain=2 offset=-1
.output y decode=threshold
.nudge y cost=mse
.data xor
"""
TIED = "Yhy h y syn\n"
#: Feedback of its own weights, each way: no energy stands behind it.
UNTIED = "Yhy h y syn dir=forward\nYyh y h syn dir=forward\n"


def chip(
    rate: float = 0.5,
    arrays: str = TIED,
    train: str = "rule=stdp estimator=onesided beta=0.3",
    protocol: str = "free=8u nudged=3u gap=1u",
    tran: str = "0.2u 48u",
    more: str = "",
) -> LoadedChip:
    names = [name for name in ("Yxh", "Yhy", "Yyh", "Nh", "Ny") if name in HEAD + arrays]
    learns = "\n".join(f".learn {name} rate={rate}" for name in names)
    cards = f"{learns}\n.train {train}\n.protocol {protocol}\n.tran {tran} learn\n{more}\n.end\n"
    return eqchip.parse(HEAD + arrays + cards, "test.cir")


def change(chip: LoadedChip) -> dict[str, Array]:
    before = chip.compile("sparse").parameters()
    after = eqchip.simulate(chip).weights
    return {name: np.asarray(after[name]) - before[name] for name in before}


def flat(values: dict[str, Array]) -> Array:
    return np.concatenate([values[name].ravel() for name in sorted(values)])


def trained_change(chip: LoadedChip) -> dict[str, Array]:
    compiled = chip.compile("sparse")
    before = compiled.parameters()
    for _ in train(compiled, load_data(chip.circuit), plan_for(compiled)):
        pass
    after = compiled.parameters()
    return {name: after[name] - before[name] for name in before}


@pytest.mark.parametrize(
    ("arrays", "train_as", "how", "rates"),
    [
        (TIED, "rule=stdp estimator=onesided", "tol=1e-12", (1e-2, 1e-3, 1e-4)),
        (TIED, "rule=stdp estimator=random seed=5", "tol=1e-12", (1e-2, 1e-3, 1e-4)),
        (TIED, "rule=contrast estimator=random", "tol=1e-12", (1e-2, 1e-3, 1e-4)),
        (
            UNTIED,
            "rule=vectorfield estimator=onesided",
            "solve=rk4 free_steps=800 nudged_steps=800 eps=0.05",
            (1e-2, 1e-3, 1e-4),
        ),
    ],
)
def test_as_the_rate_goes_to_zero_weights_move_as_in_training_with_batch_1(
    arrays: str, train_as: str, how: str, rates: tuple[float, ...]
) -> None:
    # Two epochs: both draw the order of samples, and signs, anew.
    given = {
        "arrays": arrays,
        "train": f"{train_as} beta=0.3 batch=1 epochs=2 {how}",
        "protocol": "free=40u nudged=40u gap=1u",
        "tran": "0.4u 648u",
        "more": ".options reltol=1e-6 vntol=1e-9",
    }
    least = 1e-7
    wanted = flat(trained_change(chip(least, **given))) / least
    errors = []
    for rate in rates:
        found = flat(change(chip(rate, **given))) / rate
        errors.append(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))
    slopes = np.diff(np.log10(errors)) / np.diff(np.log10(rates))
    assert errors[-1] < 3e-3
    assert slopes[-1] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        # Held at its bounds a unit feels nothing new.
        ("activation=sigmoid slope=4 shift=0.5", "activation=hardsigmoid"),
        # An output without capacitance jumps when the nudge comes; the weights feel that too.
        ("Ny y cell", "Ry y 0 1meg\n.options gunit=1u"),
    ],
)
def test_that_limit_holds_at_bounds_and_over_jumps(written: str, instead: str) -> None:
    def made(rate: float) -> LoadedChip:
        of = chip(
            rate,
            train="rule=stdp estimator=onesided beta=0.3 batch=1 epochs=1 tol=1e-12",
            protocol="free=160u nudged=160u gap=1u",
            tran="0.4u 1284u",
            more=".options reltol=1e-6 vntol=1e-9",
        )
        text = of.netlist.text.replace(written, instead)
        if "Ny y" not in text:
            text = text.replace(f".learn Ny rate={rate}\n", "")
        return eqchip.parse(text, "test.cir")

    wanted = flat(trained_change(made(1e-7))) / 1e-7
    errors = [
        np.linalg.norm(flat(change(made(rate))) / rate - wanted) / np.linalg.norm(wanted)
        for rate in (1e-3, 1e-4, 1e-5)
    ]
    assert errors[2] < 1e-3
    assert errors[1] / errors[2] == pytest.approx(10.0, rel=0.3)


def naive(of: LoadedChip, rate: float) -> NaiveWaveform:
    """Return the twin of a chip after the samples of its first 24 µs (two of them), β = 0.3."""
    compiled = of.compile("sparse")
    theta = compiled.parameters()
    found = NaiveWaveform(theta["Yxh"], theta["Yhy"], theta["Nh"], theta["Ny"], rate)
    found.settle()
    samples = load_data(of.circuit).train
    for row in stream(0, "order", 1).permutation(len(samples))[:2]:
        inputs, target = samples.inputs[row], samples.targets[row]
        for seconds, beta in ((1.0, 0.0), (8.0, 0.0), (3.0, 0.3)):
            found.run(seconds, inputs, target, beta)
    return found


def ends(run: Run) -> Array:
    return np.concatenate(
        [np.ravel(run[name][-1]) for name in ("v(h)", "v(y)", "w(yxh)", "w(yhy)", "w(nh)", "w(ny)")]
    )


def test_state_and_weights_are_those_of_their_differential_equations() -> None:
    # A large rate: what the weights do acts back on the state within the nudge.
    of = chip(4.0, tran="0.2u 24u", more=".options reltol=1e-8 vntol=1e-11")
    wanted = naive(of, 4.0)
    moved = np.abs(wanted.parts(wanted.state)[2] - of.compile("sparse").parameters()["Yxh"]).max()
    assert moved > 0.3
    assert np.allclose(ends(eqchip.simulate(of)), wanted.state, atol=2e-6)


@pytest.mark.parametrize("method", ["trap", "trbdf2"])
def test_state_and_weights_are_of_second_order_together(method: str) -> None:
    # Tolerances so loose that TMAX alone makes the steps.
    steps = (0.1, 0.05, 0.025)
    wanted = naive(chip(4.0), 4.0).state
    errors = []
    for step in steps:
        more = f".options reltol=0.9 vntol=10 trtol=1e6 method={method}"
        of = chip(4.0, tran=f"0.2u 24u 0 {step}u", more=more)
        errors.append(np.max(np.abs(ends(eqchip.simulate(of)) - wanted)))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(2.0, abs=0.25)


def test_a_nudge_moves_weights_by_the_contrast_of_its_end_points_whatever_the_steps() -> None:
    for more in (".options reltol=1e-2", ".options reltol=1e-5 method=trbdf2"):
        run = eqchip.simulate(chip(0.7, more=more))
        phase, time = run["phase"], run["time"]
        ends = np.flatnonzero((phase[:-1] == 2) & (phase[1:] != 2))
        assert len(ends) == 3  # and one to the very end
        for end in ends:
            start = np.flatnonzero((phase == 1) & (time < time[end]))[-1]
            r_h, r_y = (1.0 / (1.0 + np.exp(2.0 - 4.0 * run[bus][[start, end]])) for bus in ("v(h)", "v(y)"))
            wanted = 0.7 / 0.3 * (r_h[1] * r_y[1] - r_h[0] * r_y[0])
            assert np.allclose(run["w(yhy)"][end] - run["w(yhy)"][start], wanted, rtol=0, atol=1e-14)


def test_bounds_hold_at_every_step() -> None:
    of = chip(4.0, tran="0.2u 480u")
    text = of.netlist.text.replace(".learn Yxh rate=4.0", ".learn Yxh rate=4.0 min=-0.6 max=0.7")
    run = eqchip.simulate(eqchip.parse(text, "test.cir"))
    w = run["w(yxh)"]
    assert (w.min(), w.max()) == (-0.6, 0.7)
    assert np.abs(run["w(yhy)"]).max() > 0.7  # that of others does not


def test_order_signs_and_targets_are_those_training_draws() -> None:
    of = chip(train="rule=stdp estimator=random beta=0.3 seed=4", tran="0.2u 96u")
    run = eqchip.simulate(of)
    samples = load_data(of.circuit).train
    for number in range(8):
        epoch, place = number // 4 + 1, number % 4
        row = stream(4, "order", epoch).permutation(4)[place]
        signs = stream(4, "sign", epoch)
        sign = [float(signs.choice((1.0, -1.0))) for _ in range(place + 1)][-1]
        for inside, phase, beta in ((0.5, 0, 0.0), (5.0, 1, 0.0), (11.0, 2, 0.3 * sign)):
            at = np.argmin(np.abs(run["time"] - 1e-6 * (12 * number + inside)))
            assert (run["sample"][at], run["phase"][at]) == (row, phase)
            assert run["beta"][at] == pytest.approx(beta)
        assert run["target(y)"][at, 0] == samples.targets[row, 0]
        assert np.allclose(run["v(x)"][at], samples.inputs[row], rtol=0, atol=1e-12)
        error = run["v(y)"][at, 0] - samples.targets[row, 0]
        assert run["cost"][at] == pytest.approx(0.5 * error**2)
        assert run["wrong"][at] == (abs(error) > 0.5)


def test_a_frozen_nudge_keeps_the_current_of_the_free_state() -> None:
    # Over a long nudge the output moves by β·(t − y_free) over its leak, where nothing feeds back.
    text = chip(1e-9, protocol="free=40u nudged=40u gap=1u", tran="0.4u 81u").netlist.text
    text = text.replace("Yhy h y syn", "Yhy h y syn dir=forward w=0").replace(
        "cost=mse", "cost=mse kind=frozen"
    )
    run = eqchip.simulate(eqchip.parse(text, "test.cir"))
    free = np.flatnonzero(run["phase"] == 1)[-1]
    start, end, target = run["v(y)"][free, 0], run["v(y)"][-1, 0], run["target(y)"][-1, 0]
    assert end - start == pytest.approx(0.3 * (target - start), rel=2e-3)


def test_what_is_learned_is_the_end_of_the_waveform_and_others_see_the_chip_as_it_was() -> None:
    run = eqchip.simulate(chip(2.0, more=".op"))
    assert np.array_equal(run.weights["Yxh"].ravel(), run["tran/w(yxh)"][-1])
    still = eqchip.simulate(chip(0.0, more=".op"))
    assert np.array_equal(run["op/v(h)"], still["op/v(h)"])
    assert np.ptp(still["tran/w(yxh)"], axis=0).max() == 0.0


def test_single_analyses_need_samples_to_learn_from() -> None:
    from eqchip.simulator.analyses.analyse import analyse
    from eqchip.simulator.sparse import compile_sparse

    circuit = chip().circuit
    with pytest.raises(InputError, match=re.escape("a waveform that learns needs samples")):
        list(analyse(compile_sparse(circuit), circuit.analyses[0]))


def test_the_rules_the_language_lets_learn_in_a_waveform_are_those_with_a_law_in_time() -> None:
    assert {name for name, one in RULES.items() if one.law != STILL} == set(protocol.RULES)


def test_a_circle_of_nudges_is_made_once() -> None:
    assert estimator("holomorphic", 4) is estimator("holomorphic", 4)
    assert estimator("holomorphic", 4) is not estimator("holomorphic", 5)
