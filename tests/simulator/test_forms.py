"""Both forms of random small chips against each other and against the plain twin."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.array_form import ArrayChip
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip
from eqchip.simulator.sparse_form import SparseChip
from eqchip.simulator.weights import with_weights
from naive_arrays import SMOOTH, NaiveArrays, random_chip

TIGHT = Settling(tol=1e-14)


class Case:
    """A chip in both forms, its twin, and samples for it."""

    def __init__(self, text: str, seed: int = 0, samples: int = 3) -> None:
        circuit = with_weights(elaborate(parse(text, "random.cir")))
        array, sparse = compile_chip(circuit, "array"), compile_chip(circuit, "sparse")
        assert isinstance(array, ArrayChip)
        assert isinstance(sparse, SparseChip)
        assert array.dtype == np.float64
        self.array, self.sparse, self.naive = array, sparse, NaiveArrays(circuit)
        self.chips = (array, sparse)
        random = np.random.default_rng(seed)
        self.inputs = random.uniform(-1, 1, (samples, len(circuit.inputs[0].nodes)))
        self.targets = random.uniform(-1, 1, (samples, len(circuit.nudges[0].nodes)))
        self.scale = array.layout.scales.energy

    def volts(self, chip, state) -> np.ndarray:  # type: ignore[no-untyped-def, type-arg]
        """All node voltages, (B, nodes), ground among them."""
        circuit = chip.circuit
        out = np.zeros((len(state.residual), len(circuit.nodes)))
        for name, values in chip.voltages(state).items():
            out[:, circuit.buses[name[2:-1]]] = values
        return out


@given(random_chip(), st.floats(-0.4, 0.4), st.booleans())
@settings(max_examples=40)
def test_equilibria_leave_no_current_and_agree(text: str, beta: float, frozen: bool) -> None:
    case = Case(text)
    reached = []
    for chip in case.chips:
        free = chip.settle(case.inputs, TIGHT)
        anchor = chip.outputs(free) if frozen else None
        nudged = chip.settle(case.inputs, TIGHT, Nudge(case.targets, beta, anchor), free)
        for state, strength in ((free, 0.0), (nudged, beta)):
            assert np.all(state.settled)
            for row, v in enumerate(case.volts(chip, state)):
                held = None if anchor is None else anchor[row]
                into = case.naive.current(v) + case.naive.nudge(v, case.targets[row], strength, held)
                assert np.max(np.abs(case.naive.moving(v, into))) < 1e-12
        reached.append((free, nudged))
    for array, sparse in zip(*reached, strict=True):
        volts = case.volts(case.array, array)
        np.testing.assert_allclose(volts, case.volts(case.sparse, sparse), atol=1e-12)
        np.testing.assert_allclose(case.array.outputs(array), case.sparse.outputs(sparse), atol=1e-12)


@given(random_chip(), st.floats(-0.4, 0.4))
@settings(max_examples=25)
def test_steps_of_time_are_those_of_the_twin(text: str, beta: float) -> None:
    case = Case(text, samples=2)
    steps = Settling("euler", steps=7, eps=0.3)
    start = Settling("euler", steps=3, eps=0.2)
    for chip in case.chips:
        free = chip.settle(case.inputs, start)
        end = chip.settle(case.inputs, steps, Nudge(case.targets, beta), free)
        for row, target in enumerate(case.targets):
            v = np.zeros(len(chip.circuit.nodes))
            v[chip.circuit.inputs[0].nodes] = case.inputs[row]
            v = case.naive.euler(v, case.naive.current, 3, 0.2 * chip.tau)
            np.testing.assert_allclose(case.volts(chip, free)[row], v, atol=1e-13)
            v = case.naive.euler(
                v,
                lambda v, target=target: case.naive.current(v) + case.naive.nudge(v, target, beta),  # type: ignore[misc]
                7,
                0.3 * chip.tau,
            )
            np.testing.assert_allclose(case.volts(chip, end)[row], v, atol=1e-13)


@given(random_chip())
@settings(max_examples=25)
def test_contrasts_are_those_of_single_devices(text: str) -> None:
    case = Case(text)
    for chip in case.chips:
        free = chip.settle(case.inputs, TIGHT)
        nudged = chip.settle(case.inputs, TIGHT, Nudge(case.targets, 0.2), free)
        found = chip.contrast(free, nudged)
        assert set(found) == {one.name for one in chip.learnables}
        before = [case.naive.local(v) for v in case.volts(chip, free)]
        after = [case.naive.local(v) for v in case.volts(chip, nudged)]
        for name, value in found.items():
            wanted = np.mean([b[name] - a[name] for a, b in zip(before, after, strict=True)], axis=0)
            np.testing.assert_allclose(value, wanted / case.scale, atol=1e-13)


@given(random_chip(activations=(*SMOOTH, "linear")))
@settings(max_examples=25)
def test_gradients_are_slopes_of_the_loss_and_agree(text: str) -> None:
    case = Case(text)

    def loss(chip, change) -> float:  # type: ignore[no-untyped-def]
        start = chip.parameters()
        chip.write({name: start[name] + change[name] for name in start})
        outputs = chip.outputs(chip.settle(case.inputs, TIGHT))
        chip.write(start)
        return float(np.mean(0.5 * np.sum((outputs - case.targets) ** 2, axis=1)))

    array, sparse = (
        chip.gradient(chip.settle(case.inputs, TIGHT), case.inputs, case.targets) for chip in case.chips
    )
    random = np.random.default_rng(0)
    for name, value in array.items():
        np.testing.assert_allclose(value, sparse[name], atol=1e-12)
    change = {name: random.standard_normal(value.shape) for name, value in array.items()}
    for name in change:
        if change[name].ndim == 2 and change[name].shape[0] == change[name].shape[1]:
            link = case.array.wiring.links[case.array.layout.arrays[name.lower()]]
            if link.coupling.mutual:
                change[name] += change[name].T
    for chip in case.chips:

        def difference(h: float, chip=chip) -> float:  # type: ignore[no-untyped-def]
            ahead, behind = ({n: sign * h * c for n, c in change.items()} for sign in (1, -1))
            return (loss(chip, ahead) - loss(chip, behind)) / (2 * h)

        slope = (4 * difference(1e-4) - difference(2e-4)) / 3  # Richardson: fourth order
        wanted = 0.0
        for name, c in change.items():
            product = array[name] * c
            looped = (
                name.startswith("Y")
                and case.array.wiring.links[case.array.layout.arrays[name.lower()]].coupling.mutual
            )
            wanted += float(np.sum(np.triu(product)) if looped else np.sum(product))
        assert abs(slope - wanted) < 1e-6 * max(1.0, abs(wanted))


@given(random_chip(reciprocal=True, activations=(*SMOOTH, "linear")))
@settings(max_examples=20)
def test_a_tied_chip_is_reciprocal_and_follows_its_energy(text: str) -> None:
    case = Case(text)
    for chip in case.chips:
        free = chip.settle(case.inputs, TIGHT)
        assert chip.reciprocity(free) < 1e-12
        v = case.volts(chip, free)[0]
        # An equilibrium is a stationary point of E, and a minimum where it is stable.
        h = 1e-4
        for node in case.naive.neurons.keys() - case.naive.held:
            ahead, behind = v.copy(), v.copy()
            ahead[node] += h
            behind[node] -= h
            curvature = case.naive.energy(ahead) + case.naive.energy(behind) - 2 * case.naive.energy(v)
            assert curvature > 0
            assert abs(case.naive.energy(ahead) - case.naive.energy(behind)) / (2 * h) < 1e-6 * 1e-6


@given(random_chip())
@settings(max_examples=20)
def test_both_forms_linearise_alike(text: str) -> None:
    case = Case(text)
    states = [chip.settle(case.inputs, TIGHT) for chip in case.chips]
    (margin, slowest), (other, other_slowest) = (
        chip.stability(state) for chip, state in zip(case.chips, states, strict=True)
    )
    assert np.isclose(margin, other, rtol=1e-9)
    assert np.isclose(slowest, other_slowest, rtol=1e-9)
    first, second = (chip.reciprocity(state) for chip, state in zip(case.chips, states, strict=True))
    assert np.isclose(first, second, rtol=1e-8, atol=1e-12)
    assert case.array.tau == case.sparse.tau
    assert case.array.output_conductance == case.sparse.output_conductance


def test_a_synapse_towards_an_input_is_as_strong_as_one_from_it() -> None:
    """The default gunit is that of a neuron, whichever side it stands on."""
    cards = """* either way
.bus x[2] y[2]
.model syn synapse
.model cell neuron(c=1p gleak=1u activation=tanh)
Yxy {rows} {columns} syn w=0.3
Ny y cell
.input x
.output y decode=linear
.nudge y
.learn Yxy rate=1
.end
"""
    inputs = np.array([[0.4, -0.9]])
    states = [
        compile_chip(elaborate(parse(cards.format(rows=rows, columns=columns), "way.cir")), form)
        for rows, columns in (("x", "y"), ("y", "x"))
        for form in ("array", "sparse")
    ]
    answers = [chip.outputs(chip.settle(inputs, Settling(tol=1e-12))) for chip in states]
    assert np.all(np.abs(answers[0]) > 0.01)
    for answer in answers[1:]:
        np.testing.assert_allclose(answer, answers[0], rtol=1e-9)


def test_outputs_of_different_scales_count_alike() -> None:
    """The cost is a sum in state units: β weighs it by one energy scale, whatever each neuron's own is."""
    text = """* two scales
.bus x[2] h[2] y[2] z[1]
.model syn synapse(init=uniform spread=0.4)
.model cell neuron(c=1p gleak=1u activation=tanh)
.model big neuron(c=1p gleak=4u vunit=0.3 activation=tanh)
Yxh x h syn
Yhy h y syn
Yhz h z syn
Nh h cell
Ny y cell
Nz z big
.input x
.output y decode=linear
.output z decode=linear
.nudge y
.nudge z
.learn Yxh rate=1
.learn Yhz rate=1
.learn Nz rate=1
.end
"""
    inputs, targets = np.array([[0.4, -0.9], [0.7, 0.2]]), np.array([[0.1, 0.9, -0.3], [0.5, -0.2, 0.6]])
    beta, still = 1e-4, Settling(tol=1e-13)
    for form in ("array", "sparse"):
        chip = compile_chip(elaborate(parse(text, "scales.cir")), form)
        free = chip.settle(inputs, still)
        down, up = (chip.settle(inputs, still, Nudge(targets, sign * beta), free) for sign in (-1, 1))
        slope = chip.gradient(free, inputs, targets)
        for name, signal in chip.contrast(down, up).items():
            np.testing.assert_allclose(signal / (2 * beta), slope[name], rtol=1e-4, atol=1e-7)
