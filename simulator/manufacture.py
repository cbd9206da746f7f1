"""Manufacture: what differs from device to device is drawn once a chip.

A parameter declared as the spread of another (Parameter.spreads) gives every element a value of its own:

    relative    x·(1 + s·ξ)        absolute    x + s·ξ        lognormal    x·exp(s·ξ)        ξ ~ N(0, 1)

A relative draw that would leave the range of its parameter is held at the edge of 0.1 % of its nominal value:
no conductance or capacitance is negative. Each draw has a stream of its own, keyed by the chip's seed
(`.options chipseed=`), the instance and the parameter, so that another spread, another instance or another
seed of the run leaves it as it is. Devices between a bus and itself have one value a pair.

Source: DESIGN of eqchip, places of imperfection. Limits: draws are independent; no gradients over a die.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices.parameter import Parameter
from eqchip.netlists.circuit import Circuit, Instance
from eqchip.simulator.streams import stream
from eqchip.simulator.weights import with_weights
from eqchip.simulator.wires import with_wires

FloatArray = NDArray[np.float64]

#: A relative spread leaves at least this much of the nominal value.
LEAST = 1e-3


def chip_seed(circuit: Circuit) -> int:
    """Return the seed of manufacture."""
    return int(float(circuit.options.get("chipseed", 0.0)))


def manufactured(circuit: Circuit) -> Circuit:
    """Return the circuit with its weights and every difference between its devices drawn, and its wires."""
    circuit = with_weights(circuit)
    seed = chip_seed(circuit)
    instances = [_made(one, seed) for one in circuit.instances]
    if all(new is old for new, old in zip(instances, circuit.instances, strict=True)):
        return with_wires(circuit)
    return with_wires(replace(circuit, instances=instances))


def _made(instance: Instance, seed: int) -> Instance:
    declared = instance.family.all_parameters()
    given = instance.given()
    drawn: dict[str, Any] = {}
    for name, parameter in declared.items():
        if not parameter.spreads or not np.any(given.get(name, 0.0)):
            continue
        nominal = given.get(parameter.spreads, declared[parameter.spreads].default)
        if nominal is not None:
            random = stream(seed, "drawn", instance.name.lower(), parameter.spreads)
            drawn[parameter.spreads] = spread(instance, declared, parameter, nominal, given[name], random)
    return replace(instance, values={**instance.values, **drawn}) if drawn else instance


def spread(
    instance: Instance,
    declared: Mapping[str, Parameter],
    parameter: Parameter,
    nominal: Any,
    width: Any,
    random: np.random.Generator,
) -> Any:
    """Return one value for each element of an instance."""
    xi = random.standard_normal(instance.shape or (1,))
    if instance.paired:
        xi = np.triu(xi) + np.triu(xi, 1).T
    values = vary(parameter.spread_law, np.asarray(nominal, dtype=np.float64), width, xi)
    about = declared[parameter.spreads]
    values = np.clip(values, about.low, about.high)
    return values if instance.shape else float(values[0])


def vary(law: str, nominal: FloatArray, width: Any, xi: FloatArray) -> FloatArray:
    """Return values about `nominal`."""
    if law == "absolute":
        return np.asarray(nominal + width * xi)
    factor = np.exp(width * xi) if law == "lognormal" else np.maximum(1.0 + width * xi, LEAST)
    return np.asarray(nominal * factor)
