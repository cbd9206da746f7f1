"""The N-point estimator: order N, the target it declares, an independent twin, what it refuses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError, SimulationError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.chip import Chip, Settling, Weights
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.equilibrium import continuation
from eqchip.simulator.equilibrium.complex_laws import laws
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.estimators.holomorphic import holomorphic
from eqchip.simulator.learning.plan import Plan, plan_of
from naive_arrays import SMOOTH, random_chip

Array = Any
STILL = Settling(tol=1e-13)
#: β at which curvature shows well above rounding.
BETAS = {2: (0.02, 0.04), 3: (0.03, 0.06), 4: (0.05, 0.1), 6: (0.1, 0.2)}


def made(text: str, form: str = "array", dtype: Any = None) -> Chip:
    return compile_chip(elaborate(parse(text, "chip.cir")), form, dtype)


def plan(points: int, beta: float, **changes: Any) -> Plan:
    return Plan(estimator="holomorphic", points=points, beta=beta, free=STILL, nudged=STILL, **changes)


def samples(chip: Chip, count: int = 3) -> tuple[Array, Array]:
    random = np.random.default_rng(0)
    width, outputs = (len(one[0].nodes) for one in (chip.circuit.inputs, chip.circuit.nudges))
    return random.uniform(-1, 1, (count, width)), random.uniform(-1, 1, (count, outputs))


def apart(found: Weights, wanted: Weights) -> float:
    return float(np.sqrt(sum(np.sum((found[name] - wanted[name]) ** 2) for name in wanted)))


@pytest.mark.parametrize("points", BETAS)
@given(random_chip(reciprocal=True, activations=(*SMOOTH, "linear")), st.sampled_from(["live", "frozen"]))
@settings(max_examples=8)
def test_the_error_falls_as_the_nth_power_of_beta(points: int, text: str, kind: str) -> None:
    chip = made(text)
    inputs, targets = samples(chip)
    wanted = chip.gradient(chip.settle(inputs, STILL), inputs, targets)
    small, large = BETAS[points]
    errors = [
        apart(estimate(chip, inputs, targets, plan(points, beta, kind=kind)).values, wanted)
        for beta in (small, large)
    ]
    norm = apart(wanted, {name: np.zeros_like(value) for name, value in wanted.items()})
    assert errors[1] < 0.3 * norm
    # Above what is left of settling, and where the leading power of β is all there is.
    if 1e-9 * norm + 1e-11 < errors[0] and errors[1] < 0.1 * norm:
        assert np.log(errors[1] / errors[0]) / np.log(large / small) == pytest.approx(points, abs=0.05)


PAIR = """two neurons
.bus x[1] s[2]
.model cell neuron(activation={law} slope=0.8 shift=0.2)
.model syn synapse()
Yx x s[0] syn w=0.8
Nh s[0] cell
Ny s[1] cell
Yw s[0] s[1] syn w=0.4
.learn Yw rate=1
.input x
.output s[1]
.nudge s[1]
.end
"""


class Naive:
    """The same two neurons, by hand: E = ½h² + ½y² − .8·x·ρ(h) − w·ρ(h)·ρ(y), cost ½(y − t)²."""

    def __init__(self, law: str, x: float, t: float) -> None:
        self.x, self.t = x, t
        self.rho = {
            "tanh": np.tanh,
            "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
            "softplus": lambda z: np.log(1.0 + np.exp(z)),
            "linear": lambda z: 0.2 + z / 0.8,  # undoes slope and shift
        }[law]

    def activity(self, s: complex) -> complex:
        return complex(self.rho(0.8 * (s - 0.2)))

    def total(self, s: Array, w: complex, beta: complex) -> complex:
        h, y = self.activity(s[0]), self.activity(s[1])
        return 0.5 * s[0] ** 2 + 0.5 * s[1] ** 2 - 0.8 * self.x * h - w * h * y + self.cost(s[1], beta)

    def cost(self, y: complex, beta: complex) -> complex:
        return beta * 0.5 * (y - self.t) ** 2

    def energy(self, w: float, beta: complex) -> complex:
        """F(β): the stationary value of the total, which plain descent finds where coupling is weak."""
        s, h = np.zeros(2, np.complex128), 1e-5
        for _ in range(120):
            up, down = ([self.total(s + sign * h * e, w, beta) for e in np.eye(2)] for sign in (1, -1))
            s = s - 0.7 * (np.array(up) - np.array(down)) / (2 * h)
        return self.total(s, w, beta)


@pytest.mark.parametrize("law", ["tanh", "sigmoid", "softplus", "linear"])
@pytest.mark.parametrize("points", [2, 3, 4, 5])
def test_the_estimate_is_the_slope_of_its_target_of_a_chip_by_hand(law: str, points: int) -> None:
    chip, naive, beta, h = made(PAIR.format(law=law)), Naive(law, 0.9, -0.5), 0.3, 2e-4
    found = estimate(chip, np.array([[0.9]]), np.array([[-0.5]]), plan(points, beta)).values["Yw"].item()

    def target(w: float) -> float:  # all N points, no conjugates
        turns = [np.exp(2j * np.pi * n / points) for n in range(points)]
        total = sum(naive.energy(w, turn * beta) / turn for turn in turns) / (points * beta)
        assert abs(total.imag) < 1e-9
        assert total.real == pytest.approx(
            holomorphic(points).target(lambda b: naive.energy(w, b), beta), abs=1e-9
        )
        return float(total.real)

    assert found == pytest.approx((target(0.4 + h) - target(0.4 - h)) / (2 * h), abs=3e-6)


def test_two_points_are_the_centered_estimator() -> None:
    chip = made(PAIR.format(law="tanh"))
    inputs, targets = samples(chip)
    centered = Plan(estimator="centered", beta=0.2, free=STILL, nudged=STILL)
    wanted = estimate(chip, inputs, targets, centered).values["Yw"]
    found = estimate(chip, inputs, targets, plan(2, 0.2)).values["Yw"]
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_a_cross_entropy_nudge_is_analytic_too() -> None:
    lines = PAIR.format(law="tanh").splitlines()
    lines = [line for line in lines if line[:3] not in ("Yx ", "Nh ", "Ny ", "Yw ", ".le", ".ou", ".nu")]
    lines[-2:] = ["Yx x s syn w=0.8", "Ns s cell", "Yw s s syn w=0.3", ".learn Yw rate=1", ".learn Ns rate=1"]
    lines += [".input x", ".output s", ".nudge s cost=crossentropy", ".end"]
    chip = made("\n".join(lines))
    inputs, targets = np.array([[0.7], [-0.4]]), np.eye(2)
    free = chip.settle(inputs, STILL)
    wanted = chip.gradient(free, inputs, targets, "crossentropy")
    errors = [
        apart(estimate(chip, inputs, targets, plan(4, beta, cost="crossentropy")).values, wanted)
        for beta in (0.1, 0.2)
    ]
    assert np.log2(errors[1] / errors[0]) == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("law", ["tanh", "sigmoid", "softplus", "linear"])
def test_complex_activities_are_analytic_and_real_on_the_real_axis(law: str) -> None:
    chip = made(PAIR.format(law=law))
    nodes = chip.wiring.nodes[1]  # type: ignore[attr-defined]
    real = np.linspace(-30, 30, 41)[:, None]
    rho, rise, bend = laws(nodes.law, real.astype(np.complex128))
    np.testing.assert_allclose(rho, nodes.activity(real), atol=1e-14)
    np.testing.assert_allclose(rise, nodes.slope(real), atol=1e-14)
    np.testing.assert_allclose(bend, nodes.curvature(real), atol=1e-14)
    s, h = np.array([[0.3 + 0.6j], [-0.8 - 0.4j], [2.0 + 0.7j]]), 1e-5
    rho, rise, bend = laws(nodes.law, s)
    for way in (1.0, 1j):  # the derivative does not depend on the direction
        up, down = (laws(nodes.law, s + sign * h * way) for sign in (1, -1))
        np.testing.assert_allclose((up[0] - down[0]) / (2 * h * way), rise, atol=1e-8)
        np.testing.assert_allclose((up[1] - down[1]) / (2 * h * way), bend, atol=1e-8)


#: h and y hold each other up; pulled the other way, their branch ends.
BISTABLE = PAIR.format(law="tanh").replace("w=0.4", "w=1.3").replace("slope=0.8 shift=0.2", "")


def test_a_sample_whose_branch_ends_gets_a_circle_of_its_own() -> None:
    chip = made(BISTABLE)
    near, far = (np.array([[0.05]]), np.array([[-1.0]])), (np.array([[1.0]]), np.array([[0.8]]))
    both = tuple(np.concatenate(pair) for pair in zip(near, far, strict=True))
    beta = 0.6
    alone = [estimate(chip, *one, plan(4, beta)) for one in (near, far)]
    assert not alone[0].nudged[0].settled[0]
    assert all(state.settled[0] for state in alone[1].nudged)
    wanted = chip.gradient(chip.settle(near[0], STILL), *near)["Yw"]
    np.testing.assert_allclose(alone[0].values["Yw"], wanted, rtol=0.05)
    together = estimate(chip, *both, plan(4, beta))  # type: ignore[arg-type]
    assert [bool(one) for one in together.nudged[1].settled] == [False, True]
    mean = 0.5 * (alone[0].values["Yw"] + alone[1].values["Yw"])
    np.testing.assert_allclose(together.values["Yw"], mean, rtol=1e-9)


@pytest.mark.parametrize("points", [4, 5, 6])
def test_a_singularity_between_two_rays_is_seen(points: int) -> None:
    # All rays can be followed to β, but past the singularity: what they make of it has nothing to do with
    # the gradient (−0.02, not +0.17).
    chip = made(PAIR.format(law="tanh").replace("slope=0.8", "slope=1.5"))
    inputs, targets = samples(chip)
    found = estimate(chip, inputs, targets, plan(points, 0.2))
    assert [bool(one) for one in found.nudged[0].settled] == [False, True, True]
    wanted = chip.gradient(chip.settle(inputs, STILL), inputs, targets)["Yw"]
    np.testing.assert_allclose(found.values["Yw"], wanted, rtol=0.1)


def test_batches_that_are_solved_in_parts_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = made(PAIR.format(law="sigmoid"))
    inputs, targets = samples(chip, 7)
    whole = estimate(chip, inputs, targets, plan(3, 0.3)).values["Yw"]
    monkeypatch.setattr(continuation, "_ROOM", 3 * 4)
    np.testing.assert_allclose(estimate(chip, inputs, targets, plan(3, 0.3)).values["Yw"], whole, rtol=1e-12)


def test_a_single_precision_chip_has_the_gradient_of_its_own_weights() -> None:
    chip = made(PAIR.format(law="tanh"), dtype=np.float32)
    inputs, targets = samples(chip)
    loose = Plan(estimator="holomorphic", points=6, beta=0.2, free=Settling(tol=1e-5))
    wanted = chip.gradient(chip.settle(inputs, Settling(tol=1e-6)), inputs, targets)["Yw"]
    np.testing.assert_allclose(estimate(chip, inputs, targets, loose).values["Yw"], wanted, rtol=1e-4)


@pytest.mark.parametrize("law", ["hardsigmoid", "relu"])
def test_clamped_activations_are_refused_at_their_card(law: str) -> None:
    chip = made(PAIR.format(law=law))
    with pytest.raises(InputError, match="needs analytic activations: that of Nh is clamped") as found:
        estimate(chip, *samples(chip), plan(4, 0.1))
    assert found.value.at is not None
    assert found.value.at.line == 6


def test_a_sparse_chip_is_refused() -> None:
    chip = made(PAIR.format(law="tanh"), "sparse")
    with pytest.raises(InputError, match="needs a chip in the array form"):
        estimate(chip, *samples(chip), plan(4, 0.1))


def test_a_chip_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = made(PAIR.format(law="tanh"))
    monkeypatch.setattr("eqchip.simulator.array_holomorphic.LARGEST", 1)
    with pytest.raises(InputError, match="is a dense reference: the chip has 2 free nodes"):
        estimate(chip, *samples(chip), plan(4, 0.1))


def test_a_state_that_is_no_equilibrium_can_be_followed_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = made(PAIR.format(law="tanh"))
    monkeypatch.setattr(continuation, "_FAR", 1e-12)  # no step is small enough
    with pytest.raises(SimulationError, match="cannot be followed to any complex β"):
        estimate(chip, *samples(chip), plan(4, 0.1))


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("estimator=holomorphic", "estimator=holomorphic needs points="),
        ("estimator=holomorphic points=1", "points"),
        (
            "estimator=holomorphic points=4 solve=euler free_steps=9 nudged_steps=9 eps=0.1",
            "does not go with solve=euler",
        ),
    ],
)
def test_cards_that_cannot_be_are_refused_where_they_stand(card: str, message: str) -> None:
    text = PAIR.format(law="tanh").replace(".end", f".train {card}\n.end")
    with pytest.raises(InputError, match=message) as found:
        elaborate(parse(text, "chip.cir"))
    assert found.value.at is not None
    assert found.value.at.line == 13


def test_plans_in_python_are_refused_alike() -> None:
    with pytest.raises(InputError, match="needs points="):
        Plan(estimator="holomorphic")
    with pytest.raises(InputError, match="does not go with solve=euler"):
        Plan(estimator="holomorphic", points=4, nudged=Settling("euler", steps=3, eps=0.1))
    text = PAIR.format(law="tanh").replace(".end", ".train estimator=holomorphic points=5 beta=0.2\n.end")
    found = plan_of(elaborate(parse(text, "chip.cir")))
    assert found.methods()[0].order == 5
