"""What a plan gives no phase or time to act in is refused, not passed over.

    held states        hold_c of neurons: a rule that compares the ends of two phases reads them
    errors of a nudge  gain_error, gain_dtod, sign_error: of a real β
    what time does     drift, decay, diffusion, 1/f of memory devices: phases with a length, `.train period=`,
                       or `.options age=`

What a card says in vain by itself, whatever the plan, is for netlists/idle.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eqchip.devices.place import Place
from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Instance
from eqchip.simulator.chip import Chip
from eqchip.simulator.integrators.methods import INTEGRATORS
from eqchip.simulator.learning.plan import Plan


def check_acting(chip: Chip, plan: Plan) -> None:
    """Refuse imperfections that no phase of this plan would feel."""
    method, rule, _ = plan.methods()
    offline = method.circle or rule.reference is not None or rule.descent is not None
    who = f"estimator={plan.estimator}" if method.circle else f"rule={plan.rule}"
    who = "average=" if plan.average and not (offline or rule.steps) else who
    held = _first(chip.circuit, "hold_c") if offline or rule.steps or plan.average else None
    if held is not None:
        raise InputError(
            f"{held.name}: hold_c= holds ends of phases that are compared, and {who} compares none",
            held.at,
            expected="rule=contrast with estimator=onesided, random or centered; or no hold_c=",
        )
    if (offline or rule.clamp) and (missed := chip.unmet()):
        raise InputError(
            f"{who} has no real β to be wrong: {missed}", expected="no errors of .nudge, or rule=contrast"
        )


def check_aging(chip: Chip, plan: Plan) -> None:
    """Refuse what only time does to devices, where a training takes none."""
    if plan.period or float(chip.circuit.options.get("age", 0.0)):
        return
    solver = INTEGRATORS.get(plan.free.solve)
    if solver is not None and solver.physical:
        return
    for one in chip.circuit.instances:
        for name, parameter in one.family.all_parameters().items():
            aging = parameter.place is Place.STORED or (parameter.place is Place.READ and name == "flicker")
            if aging and _given(one, name):
                raise InputError(
                    f"{one.name}: {name}= acts as time passes, and solve={plan.free.solve} takes none",
                    one.at,
                    expected="period= of .train, seconds from one sample to the next; or age= of .options",
                )


def _first(circuit: Circuit, name: str) -> Instance | None:
    """Return the first instance to which a parameter is given that is not 0."""
    return next((one for one in circuit.instances if _given(one, name)), None)


def _given(instance: Instance, name: str) -> bool:
    declared = instance.family.all_parameters()
    value: Any = instance.given().get(name) if name in declared else None
    return value is not None and bool(np.any(np.asarray(value) != declared[name].default))
