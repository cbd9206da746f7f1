"""Compile: a circuit into the form in which it is simulated.

The array form is chosen where the circuit allows it; otherwise the sparse form, which takes any circuit, and
the reason is kept on the chip (`chip.reason`), to be printed and recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eqchip import threads
from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.simulator.array_form import ArrayChip
from eqchip.simulator.array_layout import Unsuited, lay_out
from eqchip.simulator.manufacture import manufactured

if TYPE_CHECKING:
    from eqchip.simulator.sparse_form import SparseChip

FORMS = ("auto", "array", "sparse")
DTYPES = ("float32", "float64")

#: Below this many weights float32 gains nothing; a tolerance below FINE is lost in its rounding.
SMALL, FINE = 20_000, 1e-5


def compile_chip(circuit: Circuit, form: str = "auto", dtype: Any = None) -> ArrayChip | SparseChip:
    """Return the chip of a circuit that learns.

    `form` is auto, array or sparse. `dtype` float32 or float64 concerns arrays; without it, float32 where the
    chip is large and its tolerance allows it. Sparse chips are always float64.
    """
    threads.hold()
    if form not in FORMS:
        raise InputError(f"form={form}: no such form", expected=" | ".join(FORMS))
    asked = None if dtype is None else _dtype(dtype)
    circuit = manufactured(circuit)
    if form == "sparse":
        return _sparse(circuit, "asked for", asked)
    try:
        return ArrayChip(lay_out(circuit, _precision(circuit) if asked is None else asked.type))
    except Unsuited as why:
        if form == "array":
            raise InputError(f"this circuit has no array form: {why}", expected="form=sparse") from None
        return _sparse(circuit, str(why), asked)


def _dtype(asked: Any) -> np.dtype[Any]:
    name = asked if isinstance(asked, str) else getattr(asked, "__name__", str(asked))
    if name not in DTYPES:
        raise InputError(f"dtype={name}: no such precision", expected=" | ".join(DTYPES))
    return np.dtype(name)


def _sparse(circuit: Circuit, reason: str, dtype: np.dtype[Any] | None) -> SparseChip:
    if dtype is not None and dtype != np.float64:
        raise InputError(
            f"{dtype} is for arrays; this chip takes the sparse form ({reason})",
            expected="dtype=float64, or a chip with an array form",
        )
    # Every device's law comes with it: no chip that does without should wait for that.
    from eqchip.simulator.sparse_form import SparseChip

    return SparseChip(circuit, reason)


def _precision(circuit: Circuit) -> Any:
    """Return the dtype that costs no accuracy that was asked for."""
    weights = sum(one.count for one in circuit.instances if one.family.coupling is not None)
    fine = (
        str(circuit.train.get("solve", "equilibrium")) == "equilibrium"
        and float(circuit.train.get("tol", 1e-6)) < FINE
    )
    return np.float64 if weights < SMALL or fine else np.float32
