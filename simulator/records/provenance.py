"""Provenance: everything needed to know what a file is, and to make it again."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import h5py
import numpy as np

from eqchip import __version__, threads
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.records.layout import CONVENTIONS, SCHEMA, SCHEMA_VERSION
from eqchip.simulator.records.table import attribute, text_attribute

#: Circuits with more elements than this leave their instances to the netlist text.
_MANY = 5000


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known when a run starts."""

    command: str  # simulate | train | check
    chip: str
    netlist: str = ""
    netlist_file: str = ""
    includes: Mapping[str, str] = field(default_factory=dict)  # file name → text
    parameters: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    form: str = ""
    dtype: str = ""
    arguments: Sequence[str] = ()  # the command line, or () from Python


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    import numba
    import scipy

    return {
        "eqchip": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
    }


def machine() -> dict[str, Any]:
    """Return where it ran: system, processor, thread pools with their BLAS kernel."""
    return {"system": platform.platform(), "processor": platform.machine(), **threads.describe()}


def _plain(value: Any) -> Any:
    """Turn a value of a circuit into what JSON holds; large arrays are named, not copied."""
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= 64 else f"array of shape {value.shape}"
    if isinstance(value, np.generic):
        return value.item()
    return value


def resolved(circuit: Circuit) -> dict[str, Any]:
    """Return the parameters of a circuit as they were used, ready for JSON."""
    found: dict[str, Any] = {
        "parameters": {name: _plain(value) for name, value in circuit.parameters.items()},
        "options": dict(circuit.options),
        "temperature": circuit.settings.temperature,
        "models": {
            model.name: {"type": model.type, **{k: _plain(v) for k, v in model.values.items()}}
            for model in circuit.models.values()
        },
        "train": dict(circuit.train),
        "learn": {one.target: one.rate for one in circuit.learns},
        "nudge": {one.bus: {"cost": one.cost, "kind": one.kind} for one in circuit.nudges},
        "data": circuit.data.name if circuit.data else None,
        **({"protocol": asdict(circuit.protocol)} if circuit.protocol is not None else {}),
    }
    if len(circuit.instances) <= _MANY:
        found["instances"] = {
            one.name: {"family": one.family.name, **{k: _plain(v) for k, v in one.values.items()}}
            for one in circuit.instances
        }
    return found


def write(file: h5py.File, provenance: Provenance) -> None:
    """Fill the root's attributes and /provenance."""
    root = file
    text_attribute(root, "Conventions", CONVENTIONS)
    text_attribute(root, "NX_class", "NXroot")
    text_attribute(root, "title", f"eqchip {provenance.command} {provenance.chip}")
    text_attribute(root, "source", f"eqchip {__version__}")
    text_attribute(root, "schema", SCHEMA)
    root.attrs["schema_version"] = SCHEMA_VERSION
    for name in ("command", "chip", "form", "dtype", "seed"):
        attribute(root, name, getattr(provenance, name))
    group = file.create_group("provenance")
    _text(group, "netlist", provenance.netlist)
    text_attribute(group["netlist"], "file", provenance.netlist_file)
    if provenance.includes:
        folder = group.create_group("includes")
        for name, text in provenance.includes.items():
            _text(folder, name.replace("%", "%25").replace("/", "%2F"), text)
    _text(group, "parameters", json.dumps(provenance.parameters, default=str))
    _text(group, "overrides", json.dumps(dict(provenance.overrides), default=str))
    _text(group, "versions", json.dumps(versions()))
    _text(group, "machine", json.dumps(machine()))
    _text(group, "command_line", json.dumps(list(provenance.arguments)))
    _text(group, "process", json.dumps({"id": os.getpid(), "executable": sys.executable}))


def _text(group: h5py.Group, name: str, text: str) -> None:
    # A scalar dataset, not an attribute: attributes of default files hold at most 64 KB.
    group.create_dataset(name, data=text, dtype=h5py.string_dtype())
