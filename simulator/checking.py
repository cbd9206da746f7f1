"""Check a chip: its local updates against the gradient, its voltages against ngspice."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.errors import InputError
from eqchip.simulator.data.load import load as load_data
from eqchip.simulator.learning.fidelity import BETAS, Fidelity, fidelity
from eqchip.simulator.learning.locality import parts_without_energy
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.theorems.prove import ground_of, prove, selected
from eqchip.simulator.learning.window import window
from eqchip.simulator.loaded import LoadedChip, pointing
from eqchip.simulator.records.reader import Record
from eqchip.simulator.records.recorder import Recorder
from eqchip.simulator.rows import Column, Plan, Rows, gather
from eqchip.simulator.run import Run
from eqchip.simulator.simulating import origin, seed_of

#: Samples a check looks at: each costs several equilibria at 25 values of β.
SAMPLES = 32

#: Numbers of each array that a record keeps as attributes, one list over the arrays.
SCALARS = (
    "cosine",
    "relative_error",
    "scale",
    "bias",
    "std",
    "slope",
    "best_beta",
    "best_error",
    "own_cosine",
    "own_error",
    "noisy_cosine",
    "noise",
    "written_cosine",
    "written_scale",
)


@pointing
def check(
    chip: LoadedChip,
    file: Path | None = None,
    *,
    data: str | None = None,
    samples: int = SAMPLES,
    dtype: str | None = "float64",
    form: str = "auto",
    theorems: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> tuple[Fidelity, Run]:
    """Hold the updates of a chip against the gradient of its cost; in float64 unless asked otherwise."""
    begin = time.monotonic()
    names = selected(theorems)
    if not chip.circuit.learns:
        raise InputError(
            f"{chip.name} has nothing that learns: no .learn card",
            expected="a chip with .learn and .nudge; for any circuit, eqchip check CHIP --ngspice",
        )
    compiled = chip.compile(form, dtype)
    data = chip.data if data is None else data
    dataset = load_data(chip.circuit, data)
    few = dataset.train[: min(samples, len(dataset.train))]
    plan = plan_for(compiled)
    ground = ground_of(compiled, few.inputs, few.targets, plan)
    found = fidelity(
        compiled,
        few.inputs,
        few.targets,
        plan,
        seed=seed_of(chip.circuit),
        window=window(ground, BETAS) if plan.estimator else None,
    )
    found = replace(found, held=ground.held, theorems=tuple(prove(ground, names)))
    tables = [table_of(found, parts_without_energy(chip.circuit))]
    tables += [one.table for one in found.theorems if one.table is not None]
    used = str(np.dtype(compiled.dtype))
    facts = {
        "command": "check",
        "chip": chip.name,
        "form": compiled.form,
        "dtype": used,
        "seed": seed_of(chip.circuit),
        "outcome": "complete",
        "seconds": time.monotonic() - begin,
    }
    if file is None:
        return found, Run(facts, {one.kind: gather([one, rows])[0] for one, rows in tables})
    where = origin("check", chip, compiled.form, used, arguments, data)
    where = replace(where, parameters={**where.parameters, "data_option": data})
    with Recorder(file, where, [one for one, _ in tables]) as recorder:
        for index, (_, rows) in enumerate(tables):
            recorder.add(index, rows)
    return found, Run.of(Record(file))


def compare_gradients(
    chip: LoadedChip, *, data: str | None = None, samples: int = SAMPLES, form: str = "auto"
) -> Fidelity:
    """Hold the updates as trained against the gradient, and nothing else: no β but its own, no theorem."""
    if not chip.circuit.learns:
        raise InputError(
            f"{chip.name} has nothing that learns: no .learn card", expected="a chip with .learn"
        )
    compiled = chip.compile(form, "float64")
    dataset = load_data(chip.circuit, chip.data if data is None else data)
    few = dataset.train[: min(samples, len(dataset.train))]
    plan = plan_for(compiled)
    return fidelity(compiled, few.inputs, few.targets, plan, betas=(), picks=0, seed=seed_of(chip.circuit))


def table_of(found: Fidelity, without_energy: Sequence[str] = ()) -> tuple[Plan, Rows]:
    """Return a check as a table over β: the relative error of each array."""
    names = list(found.arrays)
    scalars: dict[str, Any] = {
        key: [_number(getattr(found.arrays[name], key)) for name in names] for key in SCALARS
    }
    plan = Plan(
        "fidelity",
        Column("beta", ""),
        tuple(Column(f"relative_error({name.lower()})", "") for name in names),
        {
            "arrays": names,
            "estimator": found.estimator,
            "rule": found.rule,
            "target": found.target,
            "aimed": int(found.aimed),
            "solve": found.solve,
            "samples": found.samples,
            "beta": found.beta,
            "window_bounds": _number(found.window.bounds if found.window else None),
            "window_branch": _number(found.window.branch if found.window else None),
            "reciprocity": found.reciprocity,
            "without_energy": " ".join(without_energy),  # names of parts
            "stability": found.stability,
            "slowest": found.slowest,
            "settling_residual": found.residual,
            "reference_error": _number(found.reference_error),
            **scalars,
        },
    )
    values: dict[str, NDArray[Any]] = {
        f"relative_error({name.lower()})": np.array([_number(one) for one in found.arrays[name].errors])
        for name in names
    }
    return plan, Rows(np.array(found.betas), values)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
