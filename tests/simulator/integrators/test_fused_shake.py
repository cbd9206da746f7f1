"""Noise in the kernel of a whole phase: the plain way, step by step, is its twin."""

import numpy as np
import pytest

from eqchip.simulator.api import load
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.moment import Moment

BATCH = 11  # more than a tile, and odd


@pytest.mark.parametrize("activation", ["hardsigmoid", "sigmoid", "tanh"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_whole_phase_is_its_steps(activation: str, dtype: str) -> None:
    changes = {"cell.activation": activation, "cell.langevin": 1e-3, "train.solve": "euler"}
    chip = load("xor").set({**changes, "train.free_steps": 30, "train.nudged_steps": 7, "train.eps": 0.2})
    compiled = chip.compile("array", dtype)
    random = np.random.default_rng(1)
    inputs, targets = random.random((BATCH, 2)), random.random((BATCH, 1))
    rows = random.permutation(100)[:BATCH]
    compiled.moment = Moment(3, "train", 2, rows)
    free = compiled.settle(inputs, Settling("euler", steps=30, eps=0.2))
    nudge = Nudge(targets, 0.3)
    nudged = compiled.settle(inputs, Settling("euler", steps=7, eps=0.2), nudge, free)
    *_, plain = compiled.course(inputs, Settling("euler", steps=30, eps=0.2))
    *_, pulled = compiled.course(inputs, Settling("euler", steps=7, eps=0.2), nudge, free)
    near = 1e-4 if dtype == "float32" else 1e-9
    compiled.moment = None
    quiet = compiled.settle(inputs, Settling("euler", steps=30, eps=0.2))
    for found, twin in ((free, plain), (nudged, pulled)):
        for part, other in zip(found.values, twin.values, strict=True):
            assert part == pytest.approx(other, abs=near)
        assert found.residual == pytest.approx(twin.residual, abs=100 * near)
        assert found.seconds == pytest.approx(twin.seconds)
    moved = np.concatenate([np.ravel(a - b) for a, b in zip(free.values, quiet.values, strict=True)])
    assert np.std(moved) > 100 * near  # the noise is there


def test_a_sample_is_shaken_alike_in_any_batch() -> None:
    chip = load("xor").set({"cell.langevin": 1e-3}).compile("array", "float64")
    inputs, settling = np.random.default_rng(1).random((BATCH, 2)), Settling("euler", steps=20, eps=0.2)
    rows = np.arange(50, 50 + BATCH)
    chip.moment = Moment(3, "train", 2, rows)
    together = chip.settle(inputs, settling)
    for at in (0, 8, BATCH - 1):
        chip.moment = Moment(3, "train", 2, rows[at : at + 1])
        alone = chip.settle(inputs[at : at + 1], settling)
        for part, whole in zip(alone.values, together.values, strict=True):
            assert part[0] == pytest.approx(whole[at], abs=1e-12)
