"""Charges: what a white current into a row of a circuit really leaves behind, in charges and fluxes.

    C dx/dt + f(x) = i(t)

A white current into a node with a capacitance charges it. Into a node without one it flows on at once,
through resistors to the nodes around, into an inductor as flux, or away through a voltage source, and the
voltage of the node itself is white, of infinite variance. What a charge of 1 As brought to a row becomes is

    K = lim C·(C + εG)⁻¹,   ε → 0

taken at two small ε and extrapolated. A row whose capacitors reach no branch (a source, an inductor) keeps
its charge: K = 1 there, and nothing is computed.

Source: the limit is that of the pencil (C, G), which splits what moves from what follows at once (Campbell,
Singular Systems of Differential Equations, 1980). Limits: G around bare nodes must not depend on voltages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from eqchip.errors import InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: ε over the step; what is faster than this counts as without capacitance.
EPSILON = 1e-9
#: How far the limit at two ε, or at two states of the devices, may differ.
AGREE = 1e-4
#: Numbers of K that are computed at most.
MOST = 40_000_000


def landing(
    capacitance: Any,
    conductances: tuple[Any, ...],
    nodes: int,
    rows: IntArray,
    step: float,
    name: Callable[[int], str],
) -> Any:
    """Return K (size, size), sparse, for currents into `rows`.

    Matrices are sparse, over unknowns of which the first `nodes` are voltages; `conductances` are G at states
    between which K must not differ. `name` tells the name of an unknown.
    """
    size = capacitance.shape[0]
    unclear = rows[~_keeps(capacitance, conductances[0], nodes)[rows]]
    found = sparse.identity(size, format="lil")
    if not len(unclear):
        return found.tocsc()
    if size * len(unclear) > MOST:
        raise InputError(
            f"noise drives {len(unclear)} nodes without a capacitance of their own, too many to eliminate",
            expected="a capacitance on each",
        )
    limits = [_limit(capacitance, one, unclear, step) for one in conductances]
    for other in limits[1:]:
        missed = np.max(np.abs(other - limits[0]), axis=0) / np.max(np.abs(limits[0]), axis=0, initial=1e-30)
        if np.any(missed > AGREE):
            raise InputError(
                f"noise drives {name(int(unclear[np.argmax(missed)]))}, which has no capacitance, and "
                "devices whose slope depends on the voltage",
                expected="a capacitance there, or thermal=0 where the noise comes from",
            )
    columns = found.tocsc().tolil()
    for k, row in enumerate(unclear):
        columns[:, row] = limits[0][:, k : k + 1]
    return columns.tocsc()


def _keeps(capacitance: Any, conductance: Any, nodes: int) -> NDArray[np.bool_]:
    """Say of every row whether a charge brought there stays in capacitors that touch no branch."""
    size = capacitance.shape[0]
    joined, part = connected_components(capacitance, directed=False)
    branch = np.zeros(size, np.bool_)
    branch[nodes:] = True
    touching = conductance.tocoo()
    branch[touching.row[touching.col >= nodes]] = True
    bad = np.zeros(joined, np.bool_)
    bad[part[branch]] = True
    # To ground or to itself: the rows of a part without any capacitance to ground add up to nothing.
    diagonal = capacitance.diagonal()
    total = np.zeros(joined)
    np.add.at(total, part, np.asarray(capacitance.sum(axis=1)).ravel())
    top = np.zeros(joined)
    np.maximum.at(top, part, diagonal)
    bad |= total <= 1e-9 * top
    return np.asarray(~bad[part] & (diagonal > 0.0))


def _limit(capacitance: Any, conductance: Any, rows: IntArray, step: float) -> FloatArray:
    """Return the columns of K."""
    unit = np.zeros((capacitance.shape[0], len(rows)))
    unit[rows, np.arange(len(rows))] = 1.0
    found = []
    for epsilon in (EPSILON * step, 0.1 * EPSILON * step):
        try:
            moved = splu((capacitance + epsilon * conductance).tocsc()).solve(unit)
        except RuntimeError:
            raise InputError(
                "noise drives nodes of which neither a capacitance nor anything at DC fixes the voltage",
                expected="a capacitance or a resistor to ground",
            ) from None
        found.append(capacitance @ moved)
    return np.asarray((10.0 * found[1] - found[0]) / 9.0)
