"""Weights before training: given on the card, or drawn as `init=` says.

    glorot    uniform within ±√(6/(rows + columns)); Glorot & Bengio, AISTATS 9 (2010), equation 16
    zeros     0
    normal    standard deviation `spread`
    uniform   within ±spread

Every array draws from a stream of its own, keyed by the seed and its name, so that another array, another
order of cards or another form of the chip leaves its weights as they are. A bus coupled to itself is
drawn symmetric, unless it is coupled one way. An array with `values=ARRAY` starts with another's weights.
Biases that are not given are 0, or drawn where their neurons have an `init=`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.netlists.circuit import Circuit, Instance
from eqchip.simulator.streams import stream

FloatArray = NDArray[np.float64]


def with_weights(circuit: Circuit) -> Circuit:
    """Return the circuit with every weight that its cards leave open drawn; the seed is that of the run."""
    seed = int(float(circuit.train.get("seed", 0.0)))
    instances = [
        _drawn(instance, seed) if _open(instance) and not instance.like else instance
        for instance in circuit.instances
    ]
    given = {one.name.lower(): one for one in instances}
    instances = [
        _started(one, given[one.like.lower()]) if one.like and _open(one) else one for one in instances
    ]
    if all(new is old for new, old in zip(instances, circuit.instances, strict=True)):
        return circuit
    return replace(circuit, instances=instances)


def with_learned(
    circuit: Circuit, weights: Mapping[str, NDArray[Any]], changed: Collection[str] = ()
) -> Circuit:
    """Return the circuit with what was learned written on its instances, by instance name.

    It stands above what the netlist gave, and below what was `changed` since: names such as `Yxh.w` and
    `Yxh[3,5].w`, as `--set` has them.
    """
    names = {name.lower().replace(" ", "") for name in changed}
    learned: dict[str, str] = {}
    instances = []
    for one in circuit.instances:
        learning = one.family.learning
        if learning is None or one.name not in weights:
            instances.append(one)
            continue
        learned[one.name] = learning.parameter
        if f"{one.name}.{learning.parameter}".lower() in names:
            instances.append(one)
            continue
        values = np.asarray(weights[one.name], dtype=np.float64).reshape(one.shape or ())
        found: Any = values if one.shape else float(values)
        instances.append(replace(one, values={**one.values, learning.parameter: found}, learned=True))
    elements = {}
    for (name, index), given in circuit.elements.items():
        place = f"{name}[{','.join(map(str, index))}]".lower()
        left = {
            key: value
            for key, value in given.items()
            if key != learned.get(name) or f"{place}.{key}" in names
        }
        if left:
            elements[name, index] = left
    return replace(circuit, instances=instances, elements=elements)


def _open(instance: Instance) -> bool:
    """Whether an instance learns a parameter that has an `init` and is not given."""
    family, given, declared = instance.family, instance.given(), instance.family.all_parameters()
    return (
        family.learning is not None
        and "init" in declared
        and given.get(family.learning.parameter) is None
        and (declared[family.learning.parameter].default is None or "init" in given)
    )


def _started(instance: Instance, other: Instance) -> Instance:
    """Return an instance with the weights of another; where its own mask leaves devices out, none."""
    assert instance.family.learning is not None  # _open saw it
    parameter = instance.family.learning.parameter
    weights = np.broadcast_to(np.asarray(other.given()[parameter], dtype=np.float64), instance.shape)
    return replace(instance, values={**instance.values, parameter: weights.copy()})


def _drawn(instance: Instance, seed: int) -> Instance:
    family = instance.family
    assert family.learning is not None  # _open saw it
    declared, given = family.all_parameters(), instance.given()
    init = str(given.get("init", declared["init"].default))
    spread = given.get("spread", declared["spread"].default) if "spread" in declared else 0.0
    shape = instance.shape or (1, 1)
    values = draw(init, spread, shape, seed, instance.name)
    if instance.paired:
        values = np.triu(values) + np.triu(values, 1).T
    drawn: Any = values if instance.shape else float(values[0, 0])
    return replace(instance, values={**instance.values, family.learning.parameter: drawn})


def draw(init: str, spread: Any, shape: tuple[int, ...], seed: int, name: str) -> FloatArray:
    """Return weights of one array as `init` says."""
    random = stream(seed, "weights", name.lower())
    if init == "zeros":
        return np.zeros(shape)
    if init == "normal":
        return np.asarray(spread * random.standard_normal(shape))
    width = spread if init == "uniform" else float(np.sqrt(6.0 / (shape[0] + shape[-1])))
    return random.uniform(-width, width, shape)
