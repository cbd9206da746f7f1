"""All phases of a batch in one kernel: the same as settling them one after the other."""

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
from eqchip.simulator.integrators import fused_euler, fused_phases
from naive_arrays import random_chip

FREE, NUDGED = Settling("euler", steps=12, eps=0.3), Settling("euler", steps=7, eps=0.3, tol=1e-3)
KINDS = [(np.float64, 1e-13), (np.float32, 5e-6)]


def batch(made: ArrayChip, samples: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(samples)
    wide = sum(made.wiring.nodes[g].size for g in made.layout.inputs)
    return rng.uniform(-1, 1, (samples, wide)), rng.uniform(0, 1, (samples, len(made.nudged)))


def one_by_one(made: ArrayChip, data: Any, nudges: list[Nudge], start: State | None = None) -> list[State]:
    first = made.settle(data, FREE, None, start)
    return [first, *(made.settle(data, NUDGED, nudge, first) for nudge in nudges)]


def compiled(text: str, dtype: Any) -> ArrayChip:
    made = compile_chip(elaborate(parse(text, "chip.cir")), "array", dtype)
    assert isinstance(made, ArrayChip)
    return made


@settings(max_examples=25, deadline=None)
@given(text=random_chip(), single=st.booleans(), follow=st.booleans())
def test_it_is_settling_one_phase_after_the_other(text: str, single: bool, follow: bool) -> None:
    dtype, error = KINDS[single]
    made = compiled(text, dtype)
    data, targets = batch(made, 5)
    start = made.settle(-data, FREE) if follow else None
    nudges = [Nudge(targets, 0.4), Nudge(1 - targets, -0.2)]
    quick = made.phases(data, FREE, NUDGED, nudges, start)
    assert any(key[0] == "phases" for key in made.wiring.kept if isinstance(key, tuple))
    plain = one_by_one(made, data, nudges, start)
    assert len(quick) == len(plain) == 3
    for one, other in zip(quick, plain, strict=True):
        for mine, wanted in zip(one.values, other.values, strict=True):
            assert mine.dtype == wanted.dtype
            np.testing.assert_allclose(mine, wanted, rtol=0, atol=error)
        np.testing.assert_allclose(one.residual, other.residual, rtol=10 * error, atol=30 * error)
        np.testing.assert_array_equal(one.iterations, other.iterations)
        np.testing.assert_allclose(one.durations, other.durations)  # type: ignore[arg-type]
        assert one.seconds == pytest.approx(other.seconds)
    # What devices feel is by the activities that the phases left.
    felt, wanted_signal = made.contrast(quick[0], quick[1]), made.contrast(plain[0], plain[1])
    for name, signal in felt.items():
        np.testing.assert_allclose(signal, wanted_signal[name], rtol=0, atol=10 * error)


CHIP = """chip
.bus x[5] h[37] y[11]
.model syn synapse(init=uniform spread=0.15)
.model cell neuron(activation=sigmoid slope=4 shift=0.5)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.learn Yxh rate=0.1
.input x
.output y
.nudge y
.end
"""


def test_weights_that_changed_are_seen_by_the_next_batch() -> None:
    made = compiled(CHIP, np.float64)
    data, targets = batch(made, 4)
    nudges = [Nudge(targets, 0.4)]
    first = made.phases(data, FREE, NUDGED, nudges)
    made.descend_contrast(first[0], first[1], {"Yxh": 3.0})
    second = made.phases(data, FREE, NUDGED, nudges)
    assert np.max(np.abs(second[0].values[0] - first[0].values[0])) > 1e-4
    for one, other in zip(second, one_by_one(made, data, nudges), strict=True):
        np.testing.assert_allclose(one.values[0], other.values[0], rtol=0, atol=1e-13)


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_euler, "GRAIN", 1)
    made = compiled(CHIP, np.float32)
    data, targets = batch(made, 11)
    found = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "_count", count)
        monkeypatch.setattr(threads._luck, "alone", 0)
        found.append(made.phases(data, FREE, NUDGED, [Nudge(targets, 0.4)]))
    for one, three in zip(*found, strict=True):
        for mine, other in zip(one.values, three.values, strict=True):
            np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(
    ("free", "nudge"),
    [
        (Settling("heun", steps=5, eps=0.2), {}),
        (Settling("equilibrium"), {}),
        (FREE, {"anchor": True}),
        (FREE, {"clamp": True}),
    ],
)
def test_what_the_kernel_does_not_know_is_settled_one_by_one(
    free: Settling, nudge: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = compiled(CHIP, np.float64)
    data, targets = batch(made, 3)
    if "anchor" in nudge:
        nudge = {"anchor": made.outputs(made.settle(data, free))}
    pull = Nudge(targets, 0.3, **nudge)
    monkeypatch.setattr(fused_phases, "integrate", None)
    first, second = made.phases(data, free, NUDGED, [pull])
    wanted = made.settle(data, NUDGED, pull, made.settle(data, free))
    np.testing.assert_array_equal(second.values[0], wanted.values[0])
    assert not np.array_equal(first.values[0], second.values[0])
