"""A whole phase as one kernel: the same as step by step, for any wiring, batch and number of threads."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip import threads
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.array_form import ArrayChip
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.integrators import fused_euler, fused_layout
from naive_arrays import random_chip

#: Wider than a register, no multiple of one; skips, a lateral array, one-way arrays, nodes not alike.
CHIP = """chip
.bus x[5] h[37] g[21] y[11]
.model syn synapse(init=uniform spread=0.15)
.model cell neuron({cell})
.model other neuron(activation=tanh slope=1.5 c=2p)
.model plus neuron(activation=softplus bias=0.1)
Yxh x h syn
Yhy h y syn
Yhg h g syn dir=forward
Yxy x y syn
Ygy g y syn dir=backward
Yhh h h syn
Nh h cell
Ng g other bias=0.3
Ny y plus
.input x
.output y
.nudge y
.end
"""


def chip(dtype: Any, cell: str = "activation=sigmoid slope=4 shift=0.5", text: str = CHIP) -> ArrayChip:
    made = compile_chip(elaborate(parse(text.format(cell=cell), "chip.cir")), "array", dtype)
    assert isinstance(made, ArrayChip)
    return made


def phases(made: ArrayChip, samples: int) -> tuple[State, State]:
    """A free and a nudged phase."""
    rng = np.random.default_rng(samples)
    wide = sum(made.wiring.nodes[g].size for g in made.layout.inputs)
    data, targets = rng.uniform(-1, 1, (samples, wide)), rng.uniform(0, 1, (samples, len(made.nudged)))
    free = made.settle(data, Settling("euler", steps=12, eps=0.3))
    return free, made.settle(data, Settling("euler", steps=7, eps=0.3), Nudge(targets, 0.4), free)


def agree(one: State, other: State, error: float) -> None:
    np.testing.assert_allclose(one.residual, other.residual, rtol=10 * error, atol=30 * error)
    for mine, plain in zip(one.values, other.values, strict=True):
        assert mine.dtype == plain.dtype
        np.testing.assert_allclose(mine, plain, rtol=0, atol=error)


KINDS = [(np.float64, 1e-13), (np.float32, 5e-6)]


@pytest.mark.parametrize("cell", ["activation=sigmoid slope=4 shift=0.5", "activation=hardsigmoid"])
@pytest.mark.parametrize(("dtype", "error"), KINDS)
def test_it_is_the_plain_way(dtype: Any, error: float, cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = chip(dtype, cell)
    quick = phases(made, 7)
    asked = []
    monkeypatch.setattr(fused_euler, "fused_of", lambda *_: asked.append(1))
    for one, other in zip(quick, phases(made, 7), strict=True):
        agree(one, other, error)
    assert len(asked) == 2
    assert np.ptp(quick[0].values[0]) > 0.1  # it went somewhere


@settings(max_examples=25, deadline=None)
@given(text=random_chip(), single=st.booleans())
def test_it_is_the_plain_way_on_any_wiring(text: str, single: bool) -> None:
    dtype, error = KINDS[single]
    made = compile_chip(elaborate(parse(text, "chip.cir")), "array", dtype)
    assert isinstance(made, ArrayChip)
    quick = phases(made, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused_euler, "fused_of", lambda *_: None)
        for one, other in zip(quick, phases(made, 5), strict=True):
            agree(one, other, error)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sample_does_not_depend_on_the_rest_of_its_batch(dtype: Any) -> None:
    made = chip(dtype)
    data = np.random.default_rng(1).uniform(-1, 1, (9, 5))
    settling = Settling("euler", steps=15, eps=0.3)
    # Its inputs come in by a product of matrices, whose order of sums depends on the batch.
    atol = 1e-14 if dtype == np.float64 else 1e-6
    together = made.settle(data, settling)
    for row in (0, 3, 8):
        alone = made.settle(data[row : row + 1], settling)
        for one, all_ in zip(alone.values, together.values, strict=True):
            np.testing.assert_allclose(one[0], all_[row], rtol=0, atol=atol)


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_euler, "GRAIN", 1)
    made = chip(np.float32)
    one = phases(made, 11)
    monkeypatch.setattr(threads, "_count", 3)
    monkeypatch.setattr(threads, "_team", [])
    three = phases(made, 11)
    assert len(threads._team) == 2
    for first, second in zip(one, three, strict=True):
        for mine, other in zip(first.values, second.values, strict=True):
            np.testing.assert_array_equal(mine, other)


def test_large_couplings_go_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    made = chip(np.float64)
    phase = made._phase(made.wiring.constant_drives([np.zeros((1, 5))], 1), None)
    assert fused_layout.fused_of(phase, 1e-7) is not None
    monkeypatch.setattr(fused_layout, "LARGEST", 11 * 21)
    made.wiring.kept.clear()
    assert fused_layout.fused_of(phase, 1e-7) is None


def test_a_state_that_runs_away_says_so() -> None:
    made = chip(np.float32, "activation=linear")
    for link in made.wiring.links:
        link.coupling.set(np.full(link.coupling.theta.shape, 5.0))
    with np.errstate(over="ignore", invalid="ignore"):
        state = made.settle(np.ones((5, 5)), Settling("euler", steps=200, eps=0.5))
    assert not np.any(np.isfinite(state.residual))


def test_a_group_that_is_lost_is_seen_though_those_after_it_are_not() -> None:
    text = CHIP.replace("Yhy h y syn\n", "Yhy h y syn dir=backward\n")
    text = text.replace("Yhg h g syn dir=forward\n", "")
    made = chip(np.float32, text=text)
    data = np.zeros((2, 5))
    begun = made.settle(data, Settling("euler", steps=1, eps=0.3))
    begun.values[0][1, 3] = np.nan  # in h, which drives nothing but itself
    state = made.settle(data, Settling("euler", steps=1, eps=0.3), start=begun)
    assert np.all(np.isfinite(state.values[2]))
    assert np.isfinite(state.residual[0])
    assert np.isnan(state.residual[1])
