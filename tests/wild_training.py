"""A training of a wild chip against its own steps, one by one; it repeats and resumes to the same bits."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from eqchip.simulator.chip import Chip, Settling, State, Weights
from eqchip.simulator.learning.estimate import estimate
from eqchip.simulator.learning.plan import Plan
from eqchip.simulator.learning.trainer import train
from eqchip.simulator.samples import Dataset, Samples
from eqchip.simulator.streams import stream
from wild_chips import samples
from wild_learning import EULER, KINDS, Case, near

RULES = (
    ("contrast", "onesided"),
    ("contrast", "random"),
    ("contrast", "centered"),
    ("stdp", "random"),
    ("vectorfield", "random"),
    ("continual", "random"),
    ("chl", ""),
    ("rbp", ""),
    ("bptt", ""),
)
LEARN = ("", " min=-0.1 max=0.15", " momentum=0.8", " decay=0.1 min=-0.2", " momentum=0.5 decay=0.05 max=0.2")


def training(seed: int) -> None:
    """Both forms train as their steps do one by one; a training repeats and resumes to the same bits."""
    random = np.random.default_rng(seed)
    rule, estimator = RULES[seed % len(RULES)]
    learn = LEARN[seed % (2 if rule == "continual" else len(LEARN))]
    case = Case(seed, learn=learn)
    count = int(random.integers(1, 8))
    inputs, wanted = samples(case.circuit, seed, count)
    data = Dataset("wild", Samples(inputs, wanted), Samples(inputs[:2], wanted[:2]))
    frozen = rule in ("contrast", "stdp", "vectorfield", "continual") and random.random() < 0.3
    plan = case.plan(
        rule,
        estimator,
        EULER if rule == "bptt" or random.random() < 0.5 else Settling(tol=1e-12),
        batch=int(random.integers(1, 5)),
        epochs=3,
        seed=seed,
        persistent=bool(random.random() < 0.5),
        kind="frozen" if frozen else "live",
        schedule=("constant", "exponential", "cosine")[seed // len(RULES) % 3],
        gamma=0.7,
    )
    ends = []
    for form, dtype, _ in KINDS:
        chip = case.chip(form, dtype)
        epochs = train(chip, data, plan)
        state = copy.deepcopy(next(epochs).state)
        list(epochs)
        end = chip.parameters()
        twin = case.chip(form, dtype)
        step_by_step(twin, data, plan)
        near(end, twin.parameters(), 1e-8 if dtype == np.float64 else 1e-3)
        for one in chip.learnables:
            limits = np.array([one.low, one.high], dtype)
            assert np.all(end[one.name] >= limits[0])
            assert np.all(end[one.name] <= limits[1])
        again = case.chip(form, dtype)
        list(train(again, data, plan))
        _same(again, end)
        for _ in range(2):  # a state is not used up
            resumed = case.chip(form, dtype)
            list(train(resumed, data, plan, state))
            _same(resumed, end)
        ends.append(end)
    near(ends[2], ends[0], 1e-6)
    near(ends[1], ends[0], 1e-2)


def step_by_step(chip: Chip, data: Dataset, plan: Plan) -> None:
    """Train by the equations of the trainer, with every θ written anew."""
    chip.write(chip.parameters())
    velocity: Weights = {}
    kept: dict[int, Any] = {}
    count = len(data.train)
    for epoch in range(1, plan.epochs + 1):
        order = stream(plan.seed, "order", epoch).permutation(count)
        signs = stream(plan.seed, "sign", epoch)
        share = {
            "constant": 1.0,
            "cosine": 0.5 + 0.5 * np.cos(np.pi * (epoch - 1) / plan.epochs),
            "exponential": plan.gamma ** (epoch - 1),
        }[plan.schedule]
        for first in range(0, count, plan.batch):
            rows = order[first : first + plan.batch]
            sign = float(signs.choice((1.0, -1.0))) if plan.estimator == "random" else 1.0
            start = None
            if plan.persistent and kept:
                none = np.zeros(len(rows))
                parts = [kept.get(int(row)) for row in rows]
                example = next(iter(kept.values()))
                parts = [[np.zeros_like(p) for p in example] if part is None else part for part in parts]
                columns = [np.array(column) for column in zip(*parts, strict=True)]
                values = columns[0] if chip.form == "sparse" else tuple(columns)
                start = State(values, none, none.astype(np.int64), none.astype(np.bool_))
            found = estimate(
                chip, data.train.inputs[rows], data.train.targets[rows], plan, sign, start, share
            )
            if plan.persistent:
                nest = found.free.values
                nest = nest if isinstance(nest, tuple) else (nest,)
                for at, row in enumerate(rows):
                    kept[int(row)] = [part[at].copy() for part in nest]
            if found.moved is not None:
                chip.write(found.moved)
                continue
            theta = chip.parameters()
            for one in chip.learnables:
                step = found.values[one.name] + one.decay * theta[one.name]
                step = velocity[one.name] = one.momentum * velocity.get(one.name, 0.0) + step
                theta[one.name] = np.clip(theta[one.name] - share * one.rate * step, one.low, one.high)
            chip.write(theta)


def _same(chip: Chip, wanted: Weights) -> None:
    for name, value in chip.parameters().items():
        np.testing.assert_array_equal(value, wanted[name], err_msg=name)
