"""What the .learn cards of a circuit name, as every form of its chip offers it."""

from __future__ import annotations

import numpy as np

from eqchip.errors import InputError, nearest
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.chip import Learnable


def learnables_of(circuit: Circuit) -> tuple[Learnable, ...]:
    """Return one learnable per .learn card, named as its instance is."""
    found = []
    for learn in circuit.learns:
        instance = circuit.instance(learn.target)
        if instance is None or instance.family.learning is None:
            names = [one.name for one in circuit.instances if one.family.learning is not None]
            raise InputError(
                f".learn {learn.target}: there is nothing to learn by that name",
                expected="one of " + ", ".join(names),
                near=nearest(learn.target, names),
            )
        declared = instance.family.all_parameters()[instance.family.learning.parameter]
        found.append(
            Learnable(
                instance.name,
                instance.shape,
                learn.rate,
                -np.inf if learn.low is None else learn.low,
                np.inf if learn.high is None else learn.high,
                learn.momentum,
                learn.decay,
                declared.unit,
                circuit.settings.gunit if declared.unit == "S" else 1.0,
            )
        )
    return tuple(found)
