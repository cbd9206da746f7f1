"""The loop of training: what one update is, what it depends on, and that it can be taken up again."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError, SimulationError
from eqchip.netlists.circuit import Circuit, Nudging, Output
from eqchip.simulator.chip import Settling, State
from eqchip.simulator.cost.decoding import Readout
from eqchip.simulator.learning.epoch import Epoch
from eqchip.simulator.learning.particles import Particles
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.references.recurrent_backpropagation import gradient
from eqchip.simulator.learning.trainer import evaluate, train
from eqchip.simulator.samples import Dataset, Samples
from naive_chip import NaiveChip
from naive_circuits import layered

TIGHT = Settling(tol=1e-11)
EULER = Settling("euler", tol=1e-6, steps=60, eps=0.3)


def small(decode: str = "argmax", **more: Any) -> NaiveChip:
    nodes = np.arange(2)
    circuit = Circuit(outputs=[Output("y", nodes, decode=decode)], nudges=[Nudging("y", nodes)])
    return layered((3, 4, 2), circuit=circuit, **more)


def samples(count: int = 7, seed: int = 0) -> Samples:
    random = np.random.default_rng(seed)
    inputs = random.uniform(-1.0, 1.0, (count, 3))
    return Samples(inputs, np.eye(2)[(inputs.sum(axis=1) > 0).astype(int)])


def data(count: int = 7) -> Dataset:
    return Dataset("random", samples(count), samples(5, seed=1))


def plan(**changes: Any) -> Plan:
    return Plan(**{"beta": 1e-3, "batch": 3, "epochs": 2, "free": TIGHT, "nudged": TIGHT} | changes)


@pytest.mark.parametrize("estimator", ["onesided", "centered", "random"])
@pytest.mark.parametrize("beta", [1e-3, -1e-3])
def test_one_update_is_minus_rate_times_the_gradient_of_the_mean_loss(estimator: str, beta: float) -> None:
    chip = small(rate=0.25)
    one_batch = data()
    before = chip.parameters()
    slope = gradient(chip, one_batch.train.inputs, one_batch.train.targets)
    (epoch,) = train(chip, one_batch, plan(estimator=estimator, batch=7, epochs=1, beta=beta))
    for name, after in chip.parameters().items():
        step = -0.25 * slope[name]
        np.testing.assert_allclose(after - before[name], step, atol=3e-3 * np.max(np.abs(step)))
    assert epoch.number == 1
    assert epoch.samples == 7


def test_the_loss_falls_and_the_test_follows() -> None:
    same = Dataset("same", samples(20), samples(20))
    epochs = list(train(small(rate=0.4), same, plan(epochs=12, batch=5, beta=0.2)))
    losses = [epoch.train_loss for epoch in epochs]
    assert losses[-1] < 0.4 * losses[0]
    assert epochs[-1].test_loss == pytest.approx(losses[-1], rel=0.3)
    assert epochs[-1].train_error is not None
    assert epochs[0].train_error is not None
    assert epochs[-1].train_error < epochs[0].train_error


def test_momentum_decay_and_bounds_follow_their_equations() -> None:
    chip = small(rate=0.2, momentum=0.6, decay=0.05, bounds={"Yhy": (-0.3, 0.2)})
    set_ = data()
    every = plan(batch=7, epochs=3)
    chip.write({name: np.clip(value, -0.3, 0.2) for name, value in chip.parameters().items()})
    theta, velocity = chip.parameters(), dict.fromkeys(chip.parameters(), 0.0)
    twin = small(rate=0.2, bounds={"Yhy": (-0.3, 0.2)})
    for _ in range(3):
        twin.write(theta)
        slope = gradient(twin, set_.train.inputs, set_.train.targets)
        for name in theta:
            velocity[name] = 0.6 * velocity[name] + slope[name] + 0.05 * theta[name]
            theta[name] = theta[name] - 0.2 * velocity[name]
        theta["Yhy"] = np.clip(theta["Yhy"], -0.3, 0.2)
    list(train(chip, set_, every))
    assert np.any(theta["Yhy"] == 0.2)  # the bound was met
    for name, value in chip.parameters().items():
        np.testing.assert_allclose(value, theta[name], atol=1e-6)


@pytest.mark.parametrize("estimator", ["centered", "random"])
@pytest.mark.parametrize("persistent", [False, True])
def test_a_run_taken_up_again_ends_in_the_same_bits(estimator: str, persistent: bool) -> None:
    every = plan(estimator=estimator, persistent=persistent, epochs=5, beta=0.3, free=EULER, nudged=EULER)
    whole = small(momentum=0.5)
    finals = list(train(whole, data(), every))
    first = small(momentum=0.5)
    (*_, half) = islice(train(first, data(), every), 2)
    second = small(momentum=0.5, seed=9)  # its own weights do not matter
    rest = list(train(second, data(), every, half.state))
    assert [epoch.number for epoch in rest] == [3, 4, 5]
    assert [epoch.train_loss for epoch in rest] == [epoch.train_loss for epoch in finals[2:]]
    for name, value in whole.parameters().items():
        np.testing.assert_array_equal(second.parameters()[name], value)


def test_the_seed_decides_the_order_and_each_epoch_has_its_own() -> None:
    def seen(seed: int) -> list[list[float]]:
        chip = small(rate=0.0)
        shown: list[float] = []
        settle = chip.settle

        def listen(inputs: Any, settling: Settling, nudge: Any = None, start: Any = None) -> State:
            if nudge is None:
                shown.extend(inputs[:, 0])
            return settle(inputs, settling, nudge, start)

        chip.settle = listen  # type: ignore[method-assign]
        orders = []
        for _ in train(chip, data(), plan(batch=2, seed=seed)):
            orders.append(shown[:7])
            shown.clear()
        return orders

    first, second = seen(0)
    assert sorted(first) == sorted(second) == sorted(samples().inputs[:, 0])
    assert first != second
    assert seen(0) == [first, second]
    assert seen(1) != [first, second]


def test_particles_begin_where_their_own_sample_ended() -> None:
    chip = small(rate=0.0)
    short = Settling("euler", tol=1e-6, steps=2, eps=0.3)
    kept = list(train(chip, data(), plan(free=short, nudged=short, persistent=True, epochs=3)))
    # Three epochs of two steps at fixed weights are six steps, whatever the order of samples was.
    wanted = chip.settle(samples().inputs, Settling("euler", steps=6, eps=0.3)).values
    np.testing.assert_allclose(kept[-1].state.particles, wanted, atol=1e-14)
    fresh = list(train(chip, data(), plan(free=short, nudged=short, epochs=3)))
    assert fresh[-1].state.particles is None
    assert fresh[-1].phases["free"].residual > 2 * kept[-1].phases["free"].residual


def test_particles_keep_any_nest_of_arrays() -> None:
    store = Particles(4)
    zero = np.zeros(2)
    nest = {"v": np.array([[1.0], [2.0]]), "more": (np.array([3, 4]), np.array([5.0, 6.0]))}
    assert store.recall(np.array([0, 1])) is None
    store.keep(np.array([3, 1]), State(nest, zero, zero, zero > 0))
    found = store.recall(np.array([1, 2, 3]))
    assert found is not None
    np.testing.assert_array_equal(found.values["v"], [[2.0], [0.0], [1.0]])
    np.testing.assert_array_equal(found.values["more"][0], [4, 0, 3])
    with pytest.raises(TypeError, match="cannot hold a list"):
        Particles(1).keep(np.array([0]), State([1.0], zero, zero, zero > 0))


def test_phases_latency_and_rate_are_reported() -> None:
    def run(**changes: Any) -> Epoch:
        (epoch,) = train(small(), data(), plan(epochs=1, **changes))
        return epoch

    stepped = run(free=EULER, nudged=Settling("euler", tol=1e-6, steps=9, eps=0.3))
    assert stepped.latency == pytest.approx(60 * 0.3 * 1e-6)  # steps·eps·τ, τ = 1 pF / 1 µS
    assert set(stepped.phases) == {"free", "+β", "−β"}
    assert (stepped.phases["free"].iterations, stepped.phases["−β"].most_iterations) == (60, 9)
    assert stepped.phases["free"].samples == 7
    assert stepped.phases["+β"].unsettled == 7  # nine steps are too few for 1e-6
    assert stepped.phases["+β"].largest_residual >= stepped.phases["+β"].residual > 1e-6
    at_rest = run(estimator="onesided")
    assert at_rest.latency is None
    assert set(at_rest.phases) == {"free", "+β"}
    assert at_rest.phases["free"].unsettled == 0
    assert at_rest.phases["free"].largest_residual <= 1e-11
    assert at_rest.samples_per_second == pytest.approx(7 / at_rest.seconds)


def test_evaluation_counts_wrong_answers_and_does_not_depend_on_the_batch() -> None:
    chip, set_ = small(), samples(300)
    found = evaluate(chip, set_, plan(), Readout())
    y = chip.outputs(chip.settle(set_.inputs, TIGHT))
    assert found.error == np.mean(y.argmax(axis=1) != set_.targets.argmax(axis=1))
    assert found.loss == pytest.approx(0.5 * np.mean(np.sum((y - set_.targets) ** 2, axis=1)), abs=1e-9)
    assert evaluate(chip, set_, plan(), Readout("linear")).error is None


def test_samples_kept_back_are_reported_apart() -> None:
    kept = Dataset("random", samples(), samples(5, seed=1), samples(6, seed=2))
    (epoch,) = train(small(), kept, plan(epochs=1))
    assert epoch.valid_loss is not None
    assert epoch.valid_loss != epoch.test_loss
    (epoch,) = train(small(), data(), plan(epochs=1))
    assert epoch.valid_loss is None


def test_every_batch_is_ticked() -> None:
    passed: list[int] = []
    list(train(small(), data(), plan(epochs=1), tick=passed.append))
    assert passed == [3, 6, 7]


def test_a_phase_that_runs_away_is_an_error_with_advice() -> None:
    wild = Settling("euler", steps=400, eps=2000.0)
    with (
        np.errstate(all="ignore"),
        pytest.raises(SimulationError, match="the free phase ran away in 3 of 3 samples") as caught,
    ):
        list(train(small(activation="linear", spread=5.0), data(), plan(free=wild, nudged=wild)))
    assert "a smaller rate" in str(caught.value)


def test_nothing_to_train_is_an_error() -> None:
    chip = small()
    chip.learnables = ()
    with pytest.raises(InputError, match=r"no \.learn card"):
        list(train(chip, data(), plan()))


def test_one_output_cannot_be_the_largest() -> None:
    circuit = Circuit(outputs=[Output("y", np.arange(1))])
    chip = layered((3, 1), circuit=circuit)
    one = Samples(samples().inputs, samples().targets[:, :1])
    with pytest.raises(InputError, match="decode=argmax of the single output"):
        list(train(chip, Dataset("one", one, one), plan()))


def test_the_first_phase_has_its_weights_within_their_bounds() -> None:
    chip = small(rate=0.0, bounds={"Yhy": (-0.01, 0.01)})
    assert np.max(np.abs(chip.parameters()["Yhy"])) > 0.01
    bounded = small(rate=0.0, bounds={"Yhy": (-0.01, 0.01)})
    bounded.write(bounded.parameters())
    (epoch,) = train(chip, data(), plan(epochs=1, batch=7))
    (wanted,) = train(bounded, data(), plan(epochs=1, batch=7))
    assert epoch.train_loss == wanted.train_loss
