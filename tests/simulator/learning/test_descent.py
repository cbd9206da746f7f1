"""A step of descent in place is the contrast times its factors, for any wiring, within bounds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from naive_arrays import random_chip


@settings(max_examples=25, deadline=None)
@given(text=random_chip(), single=st.booleans(), bounded=st.booleans())
def test_in_place_is_by_the_contrast(text: str, single: bool, bounded: bool) -> None:
    dtype: Any = np.float32 if single else np.float64
    if bounded:
        text = text.replace("rate=0.1", "rate=0.1 min=-0.05 max=0.2")
    quick, plain = (compile_chip(elaborate(parse(text, "chip.cir")), "array", dtype) for _ in range(2))
    rng = np.random.default_rng(0)
    wide = len(quick.circuit.inputs[0].nodes)
    data, targets = rng.uniform(-1, 1, (3, wide)), rng.uniform(0, 1, (3, len(quick.circuit.nudges[0].nodes)))
    steps = Settling("euler", steps=10, eps=0.2)
    ends = []
    for made in (quick, plain):
        made.write(made.parameters())  # within bounds
        free = made.settle(data, steps)
        ends.append((free, made.settle(data, steps, Nudge(targets, 0.5), free)))
    factors = {one.name: 3.0 for one in quick.learnables}
    before = quick.parameters()
    quick.descend_contrast(*ends[0], factors)
    felt = plain.contrast(*ends[1])
    plain.descend(felt, factors)
    for name, value in plain.parameters().items():
        np.testing.assert_allclose(
            quick.parameters()[name], value, rtol=0, atol=3e-6 if single else 1e-13, err_msg=name
        )
    if not bounded and any(np.any(value) for value in felt.values()):  # else all may stand at a bound
        assert any(np.any(before[name] != value) for name, value in quick.parameters().items())
    # Phases that follow see the new weights, their drives from inputs included.
    for one, other in zip(
        quick.settle(data, steps, start=ends[0][0]).values,
        plain.settle(data, steps, start=ends[1][0]).values,
        strict=True,
    ):
        assert one == pytest.approx(other, abs=2e-5 if single else 1e-12)
