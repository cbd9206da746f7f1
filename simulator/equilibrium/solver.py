"""Solver: a system with a pivot order, its factors and room to work in, kept from one solve to the next.

The order is chosen when first needed and again when a pivot fails; the constant part is eliminated anew only
when α, a shunt or an element's value has changed.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from eqchip.entries import pack, unpack
from eqchip.errors import SimulationError
from eqchip.kernels import kernel
from eqchip.simulator.equilibrium.bench import (
    ALPHA,
    SHRINK,
    Bench,
    Control,
    Workspace,
    set_control,
    workspace,
)
from eqchip.simulator.equilibrium.newton import NEWTON, STIFF
from eqchip.simulator.linear.factors import refill_core, refill_head, solve_transposed
from eqchip.simulator.linear.scheme import Singular
from eqchip.simulator.network import Evaluated, Evaluation, residual
from eqchip.simulator.outcome import Outcome
from eqchip.simulator.system import System, diagonal, padded

FloatArray = NDArray[np.float64]


@kernel
def refill(packed: NDArray[np.int64], diagonal_slots: NDArray[np.int64], shunt: FloatArray) -> int:
    """Set the constant matrix to G₀ + α·C₀ + shunts to ground and eliminate the head; -1: it went well."""
    bench = unpack(packed, Bench)
    network = bench.network
    constant, g0, c0 = bench.scheme.constant, network.g0, network.c0
    alpha = bench.ws.control[ALPHA]
    for p in range(len(g0)):
        constant[p] = g0[p] + alpha * c0[p]
    for i in range(len(shunt)):
        constant[diagonal_slots[i]] += shunt[i]
    bench.ws.valid[0] = 0.0
    return refill_head(bench.scheme, network.start, network.rows)


@kernel
def refill_changing(packed: NDArray[np.int64]) -> int:
    """Factor the core with the changing entries as they are; -1 when that went well."""
    bench = unpack(packed, Bench)
    failed = refill_core(bench.scheme)
    bench.ws.valid[0] = 1.0 if failed < 0 else 0.0
    return failed


@kernel
def back_substitute(packed: NDArray[np.int64], b: FloatArray, y: FloatArray) -> None:
    """Solve Aᵀ y = b with the factors as they are."""
    bench = unpack(packed, Bench)
    solve_transposed(bench.scheme, b, bench.ws.w, y)


#: What is said where a law gives NaN or infinity.
NO_NUMBER = "an element has no finite current, voltage or slope"


class NotFinite(SimulationError):
    """A law has no finite value, or an infinite slope, where it was asked."""


class Solver:
    """Everything a kernel needs to solve F(x) = 0 for one system."""

    bench: Bench
    packed: NDArray[np.int64]

    def __init__(self, system: System) -> None:
        self.system = system
        self.at: Evaluation = system.room()
        self.diagonal = diagonal(system.pattern)
        self.alpha = np.nan
        self.shunt = np.zeros(0)
        self.revision = -1
        self.ready = False

    @property
    def ws(self) -> Workspace:
        """Return the workspace: settings of the next solve, results of the last."""
        return self.bench.ws

    def prepare(
        self,
        x: FloatArray,
        drives: FloatArray,
        control: Control,
        alpha: float = 0.0,
        shunt: FloatArray | None = None,
    ) -> None:
        """Bring the factors up to date with α and shunts; choose an order near x if there is none."""
        shunt = np.zeros(0) if shunt is None else shunt
        same = alpha == self.alpha and np.array_equal(shunt, self.shunt)
        if self.ready and same and self.revision == self.system.revision:
            set_control(self.ws, control, alpha)
            return
        if self.ready and self.revision != self.system.revision:
            self._pack(self.bench._replace(network=self.system.network))
        self.alpha, self.shunt, self.revision, self.control = alpha, shunt, self.system.revision, control
        if self.ready:
            set_control(self.ws, control, alpha)
            if refill(self.packed, self.diagonal, shunt) < 0:
                return
        self.repivot(x, drives)

    def _pack(self, bench: Bench) -> None:
        self.bench = bench
        self.packed = pack(bench)

    def repivot(self, x: FloatArray, drives: FloatArray) -> None:
        """Choose a new pivot order for the present matrix near x.

        SimulationError where it is singular; NotFinite where a current or a slope at x is no number.
        """
        network = self.system.network
        self._evaluate(x, drives, self.system.fresh_memory())
        if names := self.not_finite():
            raise NotFinite(NO_NUMBER, advice=Outcome.NOT_FINITE.advice, nodes=names)
        changing = self.at.jg + self.alpha * self.at.jc if self.alpha else self.at.jg.copy()
        changing[-1] = 0.0
        try:
            scheme = self.system.scheme(self.alpha, changing, self.shunt)
        except Singular as error:
            raise singular(self.system, self._matrix(changing)) from error
        control = self.ws.control if self.ready else None
        ws = workspace(network, scheme)
        self._pack(Bench(network, scheme, self.at, ws, NEWTON.address))
        if control is None:
            set_control(ws, self.control, self.alpha)
        else:
            ws.control[:SHRINK] = control[:SHRINK]
        if refill_changing(self.packed) >= 0:
            raise singular(self.system, self._matrix(changing))
        self.ready = True

    def not_finite(self) -> list[str]:
        """Return the unknowns in whose rows the last evaluation left a value or a slope that is no number."""
        lost = ~np.isfinite(self.at.f[:-1] + self.at.q[:-1])
        slopes = (self.at.jg + self.at.jc)[:-1]
        lost[self.system.network.changing_rows[~np.isfinite(slopes)]] = True
        return [self.system.names[i] for i in np.flatnonzero(lost)[:10]]

    def _evaluate(
        self, x: FloatArray, drives: FloatArray, memory: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Evaluate everything at x (ground at its end); return currents and charges."""
        f, q = np.zeros(self.system.size + 1), np.zeros(self.system.size + 1)
        residual(pack(Evaluated(self.system.network, self.at)), x, drives, memory, f, q)
        return f, q

    def evaluate(self, x: FloatArray, drives: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return all currents (A; V in branch rows) and charges (C; Wb) at x, nothing limited."""
        f, q = self._evaluate(padded(x), drives, np.full(self.system.memory, np.inf))
        return f[:-1], q[:-1]

    def residual(self, x: FloatArray, drives: FloatArray) -> FloatArray:
        """Return the current every node misses at x (A), and the voltage every branch does (V)."""
        f, _ = self._evaluate(padded(x), drives, np.full(self.system.memory, np.inf))
        return f[:-1]

    def _matrix(self, changing: FloatArray) -> sparse.csc_matrix:
        network = self.system.network
        data = network.g0 + self.alpha * network.c0
        data[self.diagonal[: len(self.shunt)]] += self.shunt
        size = network.size
        constant = sparse.csc_matrix((data[:-1], network.rows, network.start), shape=(size, size))
        extra = sparse.coo_matrix(
            (changing[:-1], (network.changing_rows, network.changing_columns)), shape=(size, size)
        )
        return (constant + extra).tocsc()

    def adjoint(self, x: FloatArray, drives: FloatArray, rhs: FloatArray, control: Control) -> FloatArray:
        """Solve Jᵀ y = rhs at an equilibrium x; y is zero at unknowns that a bound holds there."""
        network = self.system.network
        point = padded(x[: self.system.size])
        self.prepare(point, drives, control)
        f, _ = self._evaluate(point, drives, np.full(self.system.memory, np.inf))
        held = network.held
        pinned = ((point[held] <= network.low[held]) & (f[held] > 0.0)) | (
            (point[held] >= network.high[held]) & (f[held] < 0.0)
        )
        stiff = STIFF * max(np.abs(network.g0).max(), np.abs(self.at.jg).max())
        changing = self.at.jg.copy()
        changing[-1] = 0.0
        changing[network.held_spots[pinned]] += stiff
        self.bench.scheme.changing[:] = changing
        if refill_changing(self.packed) >= 0:
            self.repivot(point, drives)
            self.bench.scheme.changing[:] = changing
            if refill_changing(self.packed) >= 0:
                raise singular(self.system, self._matrix(changing))
        y = np.zeros(self.system.size)
        b = np.array(rhs[: self.system.size], dtype=np.float64)
        b[held[pinned]] = 0.0
        back_substitute(self.packed, b, y)
        y[held[pinned]] = 0.0
        return y


def singular(system: System, matrix: sparse.csc_matrix) -> SimulationError:
    """Return the error that names what a singular matrix leaves undetermined.

    A vector of its null space shows it: voltages that may take any value, or currents that may flow in a
    loop. Inverse iteration on a slightly shifted matrix finds one.
    """
    size = system.size
    scale = np.abs(matrix).max() or 1.0
    vector = np.ones(size) + 0.1 * np.sin(np.arange(size))
    try:
        shifted = splu((matrix + 1e-13 * scale * sparse.eye(size)).tocsc())
        for _ in range(3):
            vector = shifted.solve(vector / np.max(np.abs(vector)))
        found = np.flatnonzero(np.abs(vector) > 0.1 * np.max(np.abs(vector)))
    except RuntimeError:
        found = np.flatnonzero(np.diff(matrix.tocsr().indptr) == 0)
    names = [system.names[i] for i in found]
    nodes = [name for name in names if name.startswith("v(")]
    if names and not nodes:
        return SimulationError(
            "the matrix is singular: nothing fixes the current around a loop of ideal voltage sources "
            "(at DC an inductor is one)",
            advice="a small resistor in the loop",
            nodes=names[:10],
        )
    return SimulationError(
        "the matrix is singular: nothing at DC fixes the voltage of some nodes"
        if nodes
        else "the matrix is singular",
        advice=Outcome.SINGULAR.advice,
        nodes=nodes[:10],
    )


def solver_of(system: System) -> Solver:
    """Return the solver of a system, made on first use."""
    if system.solver is None:
        system.solver = Solver(system)
    found = system.solver
    if not isinstance(found, Solver):
        raise TypeError("a system's solver is a Solver")
    return found
