"""The deep chips of 2017 as their code trains them: layer by layer in plain NumPy, batch for batch."""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import eqchip
from eqchip.netlists.chips import find_chip
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.trainer import train
from eqchip.simulator.samples import Dataset, Samples
from eqchip.simulator.streams import stream

#: Rates of train_model.py from input to output; its β is 1, its cost Σ(y − t)².
RATES = {"784-500-500-10": (0.4, 0.1, 0.01), "784-500-500-500-10": (0.128, 0.032, 0.008, 0.002)}
SIZES = (12, 9, 8, 7, 4)


def step(layers: list[Any], weights: list[Any], biases: list[Any], beta: float, target: Any) -> list[Any]:
    """Step every layer at once by ε = ½, as the code does, and clip."""
    after = [layers[0]]
    for k in range(1, len(layers)):
        force = layers[k - 1] @ weights[k - 1] + biases[k] - layers[k]
        if k + 1 < len(layers):
            force = force + layers[k + 1] @ weights[k].T
        else:
            force = force - 2.0 * beta * (layers[k] - target)
        after.append(np.clip(layers[k] + 0.5 * force, 0.0, 1.0))
    return after


@pytest.mark.parametrize("dims", RATES)
def test_deep_chips_train_as_the_code_of_2017(dims: str) -> None:
    """The shipped netlist with fewer neurons a layer, and steps enough to pass them."""
    rates = RATES[dims]
    sizes = (*SIZES[: len(rates)], SIZES[-1])
    left = iter(sizes)
    text = find_chip(f"ep-{dims}-code").read_text(encoding="utf-8")
    text = re.sub(r"(?<=\w\[)\d+(?=\])", lambda _: str(next(left)), text)
    settings = {"train.free_steps": 40, "train.batch": 4, "train.epochs": 4, "train.seed": 3}
    chip = eqchip.parse(text).set(settings).compile("array", np.float64)
    plan = plan_for(chip)
    names = [one.name for one in chip.learnables]
    arrays, neurons = ([name for name in names if name[0] == kind] for kind in "YN")
    theta = chip.parameters()
    weights = [theta[name].copy() for name in arrays]
    assert [one.shape for one in weights] == list(pairwise(sizes))
    biases = [np.zeros(size) for size in sizes]

    random = np.random.default_rng(1)
    x, t = random.uniform(0, 1, (12, 12)), np.eye(4)[random.integers(0, 4, 12)]
    samples = Samples(x, t)
    losses = [epoch.train_loss for epoch in train(chip, Dataset("random", samples, samples), plan)]

    kept = [np.zeros((12, size)) for size in sizes[1:]]
    for number, loss in enumerate(losses, 1):
        order, signs = stream(3, "order", number).permutation(12), stream(3, "sign", number)
        costs = 0.0
        for rows in (order[:4], order[4:8], order[8:]):
            sign = float(signs.choice([1.0, -1.0]))
            free = [x[rows], *(part[rows] for part in kept)]
            for _ in range(40):
                free = step(free, weights, biases, 0.0, t[rows])
            for part, now in zip(kept, free[1:], strict=True):
                part[rows] = now
            costs += 0.5 * float(np.sum((free[-1] - t[rows]) ** 2))
            ended = free
            for _ in range(plan.nudged.steps):
                ended = step(ended, weights, biases, sign, t[rows])
            for k, rate in enumerate(rates):
                weights[k] += rate / sign / 4 * (ended[k].T @ ended[k + 1] - free[k].T @ free[k + 1])
                biases[k + 1] += rate / sign * np.mean(ended[k + 1] - free[k + 1], axis=0)
        assert loss == pytest.approx(costs / 12, rel=1e-9)
    after = chip.parameters()
    for name, wanted in zip(arrays, weights, strict=True):
        assert np.max(np.abs(wanted - theta[name])) > 1e-4  # every array has learned
        np.testing.assert_allclose(after[name], wanted, atol=1e-11)
    for name, wanted in zip(neurons, biases[1:], strict=True):
        np.testing.assert_allclose(after[name], wanted, atol=1e-11)
