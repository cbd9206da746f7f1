"""A crossbar with wires, spelled out segment by segment and solved as one dense matrix: slow and plain."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass
class NaiveCrossbar:
    """Conductances (0: no device), resistances of every segment, of drivers and loads; where lines end."""

    g: FloatArray  # (M, N)
    rrow: FloatArray  # (M, N): of the segment that leads to each crossing from the driven end
    rcol: FloatArray
    rdriver: FloatArray  # (M,)
    rload: FloatArray  # (N,)
    rowend: str = "left"
    colend: str = "bottom"
    links: list[tuple[str, str, float]] = field(default_factory=list)  # node, node, Ω

    def __post_init__(self) -> None:
        rows, columns = self.g.shape
        for i in range(rows):
            path = [f"r{i},{j}" for j in range(columns)]
            self.line(f"x{i}", path, list(self.rrow[i]), float(self.rdriver[i]), self.rowend, "right")
        for j in range(columns):
            path = [f"c{i},{j}" for i in range(rows)]
            self.line(f"y{j}", path, list(self.rcol[:, j]), float(self.rload[j]), self.colend, "bottom")

    def line(self, bus: str, path: list[str], ohms: list[float], end: float, where: str, far: str) -> None:
        if where == far:
            path, ohms = path[::-1], ohms[::-1]
        for a, b, segment in zip([bus, *path], path, ohms, strict=False):
            self.links.append((a, b, segment + (end if a == bus else 0.0)))
        if where == "both":
            self.links.append((path[-1], bus, ohms[-1] + end))

    def solve(self, inputs: FloatArray, load: float) -> dict[str, float]:
        """Return every voltage: rows held at `inputs`, columns loaded with `load` siemens to ground."""
        rows, columns = self.g.shape
        names = ["0", *(f"x{i}" for i in range(rows)), *(f"y{j}" for j in range(columns))]
        names += [f"{k}{i},{j}" for k in "rc" for i in range(rows) for j in range(columns)]
        group = {name: name for name in names}

        def root(name: str) -> str:
            while group[name] != name:
                name = group[name]
            return name

        for a, b, ohms in self.links:  # 0 Ω: one node; that of a bus keeps its name
            if ohms == 0.0:
                first, second = sorted((root(a), root(b)), key=names.index)
                group[second] = first
        kept = [name for name in names if root(name) == name]
        at = {name: kept.index(root(name)) for name in names}
        matrix = np.zeros((len(kept), len(kept)))

        def conduct(a: str, b: str, g: float) -> None:
            p, q = at[a], at[b]
            matrix[p, p] += g
            matrix[q, q] += g
            matrix[p, q] -= g
            matrix[q, p] -= g

        for a, b, ohms in self.links:
            if ohms > 0.0:
                conduct(a, b, 1.0 / ohms)
        for i in range(rows):
            for j in range(columns):
                conduct(f"r{i},{j}", f"c{i},{j}", float(self.g[i, j]))
        for j in range(columns):
            conduct(f"y{j}", "0", load)
        right = np.zeros(len(kept))
        for name, volts in [("0", 0.0), *((f"x{i}", float(inputs[i])) for i in range(rows))]:
            matrix[at[name]] = 0.0
            matrix[at[name], at[name]] = 1.0
            right[at[name]] = volts
        volts = np.linalg.solve(matrix, right)
        return {name: float(volts[at[name]]) for name in names}
