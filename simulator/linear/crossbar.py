"""Crossbar: conductances between wires of finite resistance, solved for many inputs at once.

    bus node ─ rdriver ─ rrow ─ crossing ─ rrow ─ crossing …       geometry of devices/wires.py

Bit lines are eliminated by tridiagonal solves; the Schur complement that is left on the word lines is solved
by conjugate gradients, preconditioned by tridiagonal solves of the word lines (crossbar_kernels.py). Factors
are those of the lines, as large as the crossbar itself: there is no fill-in. Inputs are shared among threads,
each solved by itself, so that none depends on what it is solved with.

`port_conductance` is the reduction to the M + N bus nodes: currents into the crossbar = Y·voltages, with Y
symmetric. It takes M + N solves, and pays where more inputs than that meet one state of the devices.

Source: Kirchhoff's laws; conjugate gradients, Hestenes and Stiefel, J. Res. NBS 49 (1952) 409. Limits:
every line has wire of a resistance above 0, joined to its bus node; conductances are not negative, and do not
depend on voltage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqchip import threads
from eqchip.errors import InputError, SimulationError
from eqchip.simulator.linear.crossbar_kernels import factor_columns, factor_rows, solve_one

FloatArray = NDArray[np.float64]

#: Largest current that may be missing at a node, over the largest current of a device.
TOLERANCE = 1e-10
#: Iterations after which a crossbar is given up: it takes 3 to 20 where wires conduct well.
LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Solution:
    """What a crossbar does with a batch of inputs."""

    row_currents: FloatArray  # (B, M) A, from each row's bus node into the crossbar
    column_currents: FloatArray  # (B, N)
    drops: FloatArray | None  # (B, M, N) V across each device, row minus column; None: not asked for
    iterations: NDArray[np.int64]  # (B,)
    residual: FloatArray  # (B,) A, the largest current missing at a node


class Crossbar:
    """One state of the devices of a crossbar, its lines factored."""

    def __init__(
        self,
        g: FloatArray,
        rrow: FloatArray | float,
        rcol: FloatArray | float,
        rdriver: FloatArray | float = 0.0,
        rload: FloatArray | float = 0.0,
        rowend: str = "left",
        colend: str = "bottom",
    ) -> None:
        self.g = np.ascontiguousarray(g, dtype=np.float64)
        if self.g.ndim != 2 or not self.g.size or not np.all(np.isfinite(self.g)) or np.any(self.g < 0.0):
            raise InputError(
                "a crossbar needs a conductance of 0 S or more at every crossing", expected="(M, N)"
            )
        self.row_link = _links("rrow", self.g.shape, rrow, rdriver, rowend, "left", "right")
        turned = np.transpose(rcol) if np.ndim(rcol) == 2 else rcol
        self.column_link = np.ascontiguousarray(
            _links("rcol", self.g.shape[::-1], turned, rload, colend, "top", "bottom").T
        )
        self.row_factor, self.column_factor = np.empty((2, *self.g.shape)), np.empty((2, *self.g.shape))
        factor_rows(self.g, self.row_link, self.row_factor[0], self.row_factor[1])
        factor_columns(self.g, self.column_link, self.column_factor[0], self.column_factor[1])

    def solve(
        self,
        rows: FloatArray,
        columns: FloatArray,
        drops: bool = False,
        tol: float = TOLERANCE,
        limit: int = LIMIT,
    ) -> Solution:
        """Return what flows with the bus nodes at these voltages, (B, M) and (B, N)."""
        m, n = self.g.shape
        rows, columns = (np.ascontiguousarray(each, dtype=np.float64) for each in (rows, columns))
        if (
            rows.ndim != 2
            or columns.ndim != 2
            or (rows.shape, columns.shape)
            != (
                (len(rows), m),
                (len(rows), n),
            )
        ):
            raise InputError(
                f"voltages {rows.shape} and {columns.shape} do not fit a {m} × {n} crossbar",
                expected=f"(B, {m}) and (B, {n})",
            )
        count = len(rows)
        found = Solution(
            np.empty((count, m)),
            np.empty((count, n)),
            np.empty((count, m, n)) if drops else None,
            np.empty(count, dtype=np.int64),
            np.empty(count),
        )
        largest = np.empty(count)

        def part(first: int, last: int) -> None:
            work = np.empty((7, m, n))
            for b in range(first, last):
                found.iterations[b], found.residual[b], largest[b] = solve_one(
                    self.g,
                    self.row_link,
                    self.column_link,
                    self.row_factor,
                    self.column_factor,
                    rows[b],
                    columns[b],
                    tol,
                    limit,
                    work,
                )
                drop = work[2] if found.drops is None else found.drops[b]
                np.subtract(work[0], work[1], out=drop)
                drop += rows[b][:, None] - columns[b]
                current = np.multiply(drop, self.g, out=work[3])
                found.row_currents[b] = current.sum(axis=1)
                found.column_currents[b] = -current.sum(axis=0)

        threads.share(part, count)
        missed = found.residual > np.maximum(10.0 * tol, 1e-9) * largest
        if np.any(missed):
            worst = float(np.max(found.residual[missed] / largest[missed]))
            raise SimulationError(
                f"a crossbar's currents still miss by {worst:.2g} of the largest "
                f"after {int(found.iterations[missed].max())} iterations"
            )
        return found

    def port_conductance(self, tol: float = TOLERANCE) -> FloatArray:
        """Return Y (M + N, M + N) in S: currents into the crossbar over voltages, rows first."""
        m, n = self.g.shape
        unit = np.eye(m + n)
        found = self.solve(unit[:, :m], unit[:, m:], tol=tol)
        whole = np.concatenate([found.row_currents, found.column_currents], axis=1)
        return np.asarray(0.5 * (whole + whole.T))


def _links(
    name: str,
    shape: tuple[int, int],
    along: FloatArray | float,
    end: FloatArray | float,
    where: str,
    near: str,
    far: str,
) -> FloatArray:
    """Return the conductances of wires (lines, crossings + 1); the outer two lead to the bus node."""
    if where not in (near, far, "both"):
        raise InputError(f"a line that is driven at '{where}'", expected=f"{near} | {far} | both")
    ohms = np.broadcast_to(np.asarray(along, dtype=np.float64), shape)
    ends = np.broadcast_to(np.asarray(end, dtype=np.float64), shape[:1])
    if np.any(ohms <= 0.0) or np.any(ends < 0.0):
        raise InputError(f"{name} of a crossbar must be above 0 Ω, what joins its ends at least 0 Ω")
    link = np.zeros((shape[0], shape[1] + 1))
    if where == far:
        link[:, 1:-1] = 1.0 / ohms[:, :-1]
        link[:, -1] = 1.0 / (ohms[:, -1] + ends)
        return link
    link[:, 1:-1] = 1.0 / ohms[:, 1:]
    link[:, 0] = 1.0 / (ohms[:, 0] + ends)
    if where == "both":
        link[:, -1] = 1.0 / (ohms[:, -1] + ends)
    return link


def solve(
    g: FloatArray,
    rrow: FloatArray | float,
    rcol: FloatArray | float,
    rdriver: FloatArray | float,
    rload: FloatArray | float,
    rows: FloatArray,
    columns: FloatArray,
    drops: bool = False,
) -> Solution:
    """Solve a crossbar that is driven at the left of its rows and read at the bottom of its columns."""
    return Crossbar(g, rrow, rcol, rdriver, rload).solve(rows, columns, drops)
