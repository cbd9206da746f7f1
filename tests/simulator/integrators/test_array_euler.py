"""Explicit Euler in both forms: its order, its refusals, and its quick way for nodes that are all alike."""

from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.integrators import array_euler, fused_euler

FORMS = ("array", "sparse")

CHIP = """chip
.bus x[2] h[6] y[3]
.model syn synapse(init=uniform spread=0.8)
.model cell neuron({cell})
.model out neuron({cell} gleak=3u)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y out
.input x
.output y
.nudge y
.end
"""


def chip(form: str, cell: str = "activation=tanh bias=0.1", dtype: Any = np.float64) -> Chip:
    return compile_chip(elaborate(parse(CHIP.format(cell=cell), "chip.cir")), form, dtype)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_of_first_order(form: str) -> None:
    # One neuron: s(t) = (w x + b)(1 − exp(−t/τ)).
    text = """one
.bus x[1] y[1]
.model s synapse()
.model n neuron(c=2p gleak=4u activation=linear bias=0.25)
Yxy x y s w=0.5
Ny y n
.input x
.output y
.nudge y
.end
"""
    made = compile_chip(elaborate(parse(text, "one.cir")), form)
    assert made.tau == pytest.approx(0.5e-6)
    counts = np.array([8, 16, 32, 64, 128])
    errors = []
    for count in counts:
        state = made.settle(np.array([[1.5]]), Settling("euler", steps=int(count), eps=2.0 / count))
        errors.append(abs(made.outputs(state)[0, 0] - (1 - np.exp(-2.0))))
        assert state.iterations[0] == count
    slopes = np.diff(np.log(errors)) / np.diff(np.log(counts))
    assert np.all(np.abs(slopes[1:] + 1.0) < 0.1)


@pytest.mark.parametrize("form", FORMS)
def test_long_enough_it_ends_at_the_equilibrium(form: str) -> None:
    made = chip(form)
    data = np.random.default_rng(0).uniform(-1, 1, (4, 2))
    stepped = made.settle(data, Settling("euler", tol=1e-9, steps=800, eps=0.3))
    still = made.settle(data, Settling(tol=1e-12))
    assert np.all(stepped.settled)
    np.testing.assert_allclose(made.outputs(stepped), made.outputs(still), atol=1e-8)
    short = made.settle(data, Settling("euler", tol=1e-9, steps=4, eps=0.3))
    assert not np.any(short.settled)
    assert np.all(short.residual > 1e-9)


CELLS = (
    "activation=tanh slope=2",
    "activation=sigmoid slope=4 shift=0.5",
    "activation=hardsigmoid",
    "activation=relu",
    "activation=linear",
    "activation=tanh drive=direct",
    "activation=sigmoid drive=direct shift=0.3",
)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-14), (np.float32, 3e-6)])
def test_the_quick_way_is_the_plain_way(
    cell: str, dtype: Any, error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.random.default_rng(0).uniform(-1, 1, (4, 2))
    settling, nudge = Settling("euler", steps=20, eps=0.3), Nudge(np.ones((4, 3)), 0.3)
    made = chip("array", cell + " bias=0.2", dtype)
    monkeypatch.setattr(fused_euler, "fused_of", lambda *_: None)
    quick = made.settle(data, settling, nudge)
    monkeypatch.setattr(array_euler, "alike", lambda *_: None)
    plain = made.settle(data, settling, nudge)
    for one, other in zip(quick.values, plain.values, strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, atol=error)


@pytest.mark.parametrize("form", FORMS)
def test_a_node_without_capacitance_is_refused(form: str) -> None:
    made = chip(form, "c=0 activation=tanh")
    with pytest.raises(InputError, match=r"solve=euler.*capacitance|capacitance on every node"):
        made.settle(np.zeros((1, 2)), Settling("euler", steps=3, eps=0.1))
    assert made.settle(np.zeros((1, 2)), Settling(tol=1e-9)).settled[0]


def test_a_shared_capacitor_is_refused_by_name() -> None:
    text = CHIP.format(cell="activation=tanh").replace("Nh h cell", "Nh h cell\nCc h[0] h[1] 1p")
    made = compile_chip(elaborate(parse(text, "chip.cir")))
    assert made.form == "sparse"
    with pytest.raises(
        InputError, match=r"solve=euler: v\(h\[[01]\]\) shares a capacitance with another node"
    ):
        made.settle(np.zeros((1, 2)), Settling("euler", steps=3, eps=0.1))
