"""Rails, inputs behind an activation, sums that pass one, drawn biases: what they refuse, and closed forms.

Random chips in both forms have them too (naive_arrays.random_chip).
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.flatten import flat_spice
from eqchip.netlists.reader import parse
from eqchip.simulator.array_form import ArrayChip
from eqchip.simulator.chip import Chip, Nudge, Settling, State
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.learning.locality import parts_without_energy
from eqchip.simulator.learning.references import finite_differences
from eqchip.simulator.weights import with_weights

STILL = Settling(tol=1e-13)


def circuit(cell: str = "activation=tanh", out: str = "", inputs: str = "", more: str = "") -> Any:
    on_inputs = f".model inx neuron({inputs})\nNx x inx" if inputs else ""
    return elaborate(
        parse(
            f"""chip
.bus x[3] h[5] y[2]
.model syn synapse(init=uniform spread=0.8)
.model cell neuron({cell})
.model out neuron({out or cell})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y out
{on_inputs}
{more}
.input x
.output y
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.learn Ny rate=0.1
.train seed=2
.end
""",
            "chip.cir",
        )
    )


def chip(*given: str, form: str = "array") -> Chip:
    return compile_chip(circuit(*given), form, np.float64)


def samples(count: int = 3) -> tuple[Any, Any]:
    random = np.random.default_rng(4)
    return random.uniform(-1, 1, (count, 3)), random.uniform(0, 1, (count, 2))


# -- rails -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_rails_of_a_linear_neuron_are_a_hard_sigmoid(form: str) -> None:
    x, t = samples()
    ends = []
    for cell in ("activation=hardsigmoid", "activation=linear low=0 high=1"):
        made = chip(cell, form=form)
        free = made.settle(x, STILL)
        nudged = made.settle(x, STILL, Nudge(t, 0.4), free)
        ends.append((made.outputs(free), made.outputs(nudged), made.contrast(free, nudged)["Yhy"]))
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize("cell", ["sigmoid slope=4 shift=0.5", "tanh slope=0.8", "softplus", "relu"])
def test_every_way_to_settle_ends_between_the_rails_at_the_same_place(cell: str, form: str) -> None:
    low, high = (0.1, 0.35) if cell == "relu" else (-0.15, 0.2)
    made = chip(f"activation={cell} low={low} high={high} vunit=0.5", form=form)
    x, t = samples()
    solvers = ["equilibrium", "euler", "expeuler", "heun", "rk4", "adaptive", "trap"]
    ends = [made.settle(x, Settling(solve, tol=1e-9), Nudge(t, 0.3)) for solve in solvers]
    states = [np.concatenate([v for n, v in made.voltages(one).items() if n != "v(x)"], 1) for one in ends]
    for one in states:
        np.testing.assert_allclose(one, states[0], atol=1e-8)
        assert np.min(one) >= 0.5 * low - 1e-12
        assert np.max(one) <= 0.5 * high + 1e-12
    assert np.any(states[0] >= 0.5 * high - 1e-12)
    assert np.any(states[0] <= 0.5 * low + 1e-12)
    assert np.any((states[0] < 0.5 * high - 1e-3) & (states[0] > 0.5 * low + 1e-3))


@pytest.mark.parametrize("form", ["array", "sparse"])
def test_gradients_know_who_stands_at_a_rail(form: str) -> None:
    made = chip("activation=tanh low=-0.2 high=0.25", "activation=linear", form=form)
    x, t = samples()
    found = made.gradient(made.settle(x, STILL), x, t)

    def loss() -> float:
        outputs = made.outputs(made.settle(x, STILL))
        return float(np.mean(0.5 * np.sum((outputs - t) ** 2, axis=1)))

    for name, index in finite_differences.pick(made, 8, np.random.default_rng(1)):
        exact = finite_differences.steady(made, loss, name, index)
        assert exact is not None
        assert found[name][index] == pytest.approx(exact, abs=1e-7)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("activation=tanh low=0.5 high=0.5", "Nh: rails low=0.5 and high=0.5 leave nothing between them"),
        ("activation=hardsigmoid high=0", "Nh: rails low=0 and high=0 leave nothing between them"),
        ("activation=hardsigmoid low=-1", "Nh: activation=hardsigmoid holds its state from 0 to 1"),
        ("activation=relu low=-1", "Nh: activation=relu holds its state from 0 to inf"),
    ],
)
def test_rails_without_meaning_are_refused_at_their_card(cell: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as wrong:
        circuit(cell, "activation=linear")
    assert wrong.value.at is not None
    assert wrong.value.at.line == 8


def test_no_complex_voltage_stands_at_a_rail() -> None:
    made = chip("activation=tanh low=-2")
    x, t = samples()
    free = made.settle(x, STILL)
    with pytest.raises(InputError, match="that of Nh is clamped"):
        next(made.continuation(x, Nudge(t, 0.1), free, [1.0 + 0j]))


# -- inputs behind an activation --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["array", "sparse"])
@pytest.mark.parametrize(
    ("read", "law"),
    [
        ("activation=sigmoid slope=4 shift=0.5", lambda s: 1 / (1 + np.exp(2 - 4 * s))),
        ("activation=hardsigmoid", lambda s: np.clip(s, 0, 1)),
        ("activation=relu vunit=0.1 c=7p gleak=9u bias=3 low=0.3", lambda s: np.maximum(s, 0)),
        ("activation=tanh low=-0.1 high=0.1", np.tanh),
    ],
)
def test_an_input_is_read_through_its_activation_and_held_by_data(read: str, law: Any, form: str) -> None:
    """Leak, capacitance, bias and rails of what a source holds do nothing."""
    x, t = samples()
    plain, made = chip(form=form), chip("activation=tanh", "", read, form=form)
    unit = 0.1 if "vunit=0.1" in read else 1.0
    theta = plain.parameters()
    made.write({name: theta[name] / (unit if name == "Yxh" else 1.0) for name in theta})
    assert made.tau == plain.tau
    assert made.output_conductance == plain.output_conductance
    for solve in ("equilibrium", "euler"):
        phase = Settling(solve, tol=1e-12)
        free, wanted = made.settle(x, phase), plain.settle(law(x), phase)
        np.testing.assert_allclose(made.outputs(free), plain.outputs(wanted), atol=1e-10)
        np.testing.assert_allclose(made.voltages(free)["v(x)"], x * unit)
    nudge = Nudge(t, 0.2)
    free, wanted = made.settle(x, STILL), plain.settle(law(x), STILL)
    pushed, reference = made.settle(x, STILL, nudge, free), plain.settle(law(x), STILL, nudge, wanted)
    signals = made.contrast(free, pushed), plain.contrast(wanted, reference)
    np.testing.assert_allclose(signals[0]["Yxh"], unit * signals[1]["Yxh"], atol=1e-9)
    np.testing.assert_allclose(
        made.gradient(free, x, t)["Yxh"], unit * plain.gradient(wanted, law(x), t)["Yxh"], atol=1e-9
    )


def test_biases_of_held_neurons_cannot_learn() -> None:
    with pytest.raises(InputError, match=r"\.learn Nx: data hold the states of these neurons"):
        circuit(inputs="activation=tanh", more=".learn Nx rate=1")


# -- sums that pass the activation ------------------------------------------------------------------------

THROUGH = "activation=sigmoid slope=4 shift=0.5 drive=through"


def test_at_rest_a_state_is_the_activity_of_the_sum() -> None:
    made = chip(THROUGH, "activation=tanh drive=through vunit=0.5")
    theta, (x, t) = made.parameters(), samples()
    beta = 0.4
    free = made.settle(x, STILL, Nudge(t, beta))
    h, y = free.values
    # In units of the driven node, W reads volts: one of y has vunit = 0.5.
    sums = x @ theta["Yxh"] + 0.5 * y @ theta["Yhy"].T + theta["Nh"]
    np.testing.assert_allclose(h, 1 / (1 + np.exp(2 - 4 * sums)), atol=1e-12)
    out = np.tanh(2.0 * h @ theta["Yhy"] + theta["Ny"])
    np.testing.assert_allclose((1 + beta) * y, out + beta * t, atol=1e-12)
    for solve in ("euler", "expeuler", "heun", "rk4", "trap", "discrete"):
        again = made.settle(x, Settling(solve, tol=1e-11), Nudge(t, beta))
        np.testing.assert_allclose(made.outputs(again), y, atol=1e-9)


@pytest.mark.parametrize("loop", ["", "Yhh h h syn", "Yhh h h syn dir=forward"])
def test_gradients_of_such_chips(loop: str) -> None:
    made = compile_chip(circuit(THROUGH, more=loop), "array", np.float64)
    x, t = samples()
    free = made.settle(x, STILL)
    found = made.gradient(free, x, t)

    def loss() -> float:
        outputs = made.outputs(made.settle(x, STILL))
        return float(np.mean(0.5 * np.sum((outputs - t) ** 2, axis=1)))

    for name, index in finite_differences.pick(made, 6, np.random.default_rng(1)):
        exact = finite_differences.derivative(made, loss, name, index, 1e-4)
        assert found[name][index] == pytest.approx(exact, abs=1e-7)
    assert made.reciprocity(free) > 0.01


@pytest.mark.parametrize(("solve", "eps"), [("discrete", 0.0), ("euler", 0.3)])
@pytest.mark.parametrize("cell", [THROUGH, "activation=hardsigmoid drive=through bias=0.5"])
def test_backpropagation_through_time_of_such_chips(cell: str, solve: str, eps: float) -> None:
    made = chip(cell, THROUGH)
    x, t = samples()
    phase = Settling(solve, steps=6, eps=eps)
    course = list(made.course(x, phase))
    found = made.through_time(course, phase, t).weights(1, 6)

    def loss() -> float:
        return float(np.mean(0.5 * np.sum((made.outputs(made.settle(x, phase)) - t) ** 2, axis=1)))

    for name, index in finite_differences.pick(made, 6, np.random.default_rng(1)):
        exact = finite_differences.steady(made, loss, name, index)
        assert exact is None or found[name][index] == pytest.approx(exact, abs=1e-7)


def test_the_vector_field_of_such_chips() -> None:
    """(∂f/∂θ)ᵀ Δs, with ∂f/∂θ from two steps of Euler's method that differ in θ."""
    made = chip(THROUGH)
    x, t = samples(1)
    before = made.settle(x, STILL)
    after = made.settle(x, STILL, Nudge(t, 0.5), before)
    middle = State(
        tuple(0.5 * (a + b) for a, b in zip(before.values, after.values, strict=True)),
        *(before.residual, before.iterations, before.settled),
    )
    moved = made.displacement(before, after)[0]
    found = made.vector_field(before, after)
    one = Settling("euler", steps=1, eps=1e-3)

    def rate() -> float:
        ended = made.settle(x, one, None, middle)
        return float(-(made.displacement(middle, ended)[0] / 1e-3) @ moved)

    for name, index in finite_differences.pick(made, 4, np.random.default_rng(1)):
        exact = finite_differences.derivative(made, rate, name, index, 1e-4)
        assert found[name][index] == pytest.approx(exact, abs=1e-8)


def test_a_linear_activation_lets_sums_pass_unchanged() -> None:
    x, t = samples()
    ends = [chip(f"activation=linear drive={drive}") for drive in ("direct", "through")]
    for made in ends:
        made.write({name: 0.3 * theta for name, theta in made.parameters().items()})
    for one, other in pairwise([made.settle(x, STILL, Nudge(t, 0.2)) for made in ends]):
        np.testing.assert_allclose(one.values[0], other.values[0], atol=1e-12)


def test_who_cannot_add_up_before_the_node_says_so() -> None:
    x, t = samples()
    with pytest.raises(InputError, match=r"Nh: drive=through adds up its inputs .* sparse form"):
        chip(THROUGH, form="sparse")
    with pytest.raises(InputError, match=r"Nh: drive=through adds up its inputs .* no SPICE form"):
        flat_spice(with_weights(circuit(THROUGH)))
    made = chip(THROUGH)
    assert isinstance(made, ArrayChip)
    assert not made.wiring.reciprocal
    assert parts_without_energy(circuit(THROUGH)) == ("Nh", "Ny")
    with pytest.raises(InputError, match="does not go with drive=through, that of Nh"):
        next(made.continuation(x, Nudge(t, 0.1), made.settle(x, STILL), [1.0 + 0j]))


# -- biases before training -------------------------------------------------------------------------------


def test_biases_are_drawn_where_the_neurons_say_how() -> None:
    drawn = "activation=tanh init=uniform spread=0.3"
    for form in ("array", "sparse"):
        theta = chip(drawn, "activation=tanh init=normal bias=0.7", form=form).parameters()
        assert np.all(np.abs(theta["Nh"]) < 0.3)
        assert len(np.unique(theta["Nh"])) == 5
        assert np.all(theta["Ny"] == 0.7)  # what is given is not drawn
        np.testing.assert_array_equal(theta["Nh"], chip(drawn).parameters()["Nh"])
    assert np.all(chip("activation=tanh").parameters()["Nh"] == 0.0)
    wide = chip("activation=tanh init=normal spread=2").parameters()["Nh"]
    assert np.max(np.abs(wide)) > 0.5
