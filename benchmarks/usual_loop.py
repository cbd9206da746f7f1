"""The loop people write in PyTorch to train a layered chip by equilibrium propagation, from the equations.

    s ← s + ε(−s + ρ′(s)(ΣWρ + b) − β(s − t))    Ernoult et al. 2019, EB; states clipped for hard sigmoid
    ΔW = rate/(distance·β) · mean of ρρᵀ(second) − ρρᵀ(first)

One hidden layer, float32, no gradient recorded, everything in memory. As the codes of these papers do, every
step computes the drive of the input anew; `cached` computes it once a batch, the first thing to mend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

MISSING = "" if torch is not None else "torch is not installed"


@dataclass
class Schedule:
    """How a chip is trained; `centered` runs a second nudged phase, from the free state too."""

    free: int
    nudged: int
    eps: float
    beta: float
    activation: str  # sigmoid: σ(4s − 2); hardsigmoid
    centered: bool = False
    persistent: bool = False
    rates: tuple[float, float] = (0.1, 0.05)  # of both arrays; biases as the arrays above them


class UsualLoop:
    """Weights, particles, and one batch after the other."""

    def __init__(self, weights: dict[str, NDArray[Any]], schedule: Schedule, cached: bool) -> None:
        self.w = {name: torch.from_numpy(np.array(value, np.float32)) for name, value in weights.items()}
        self.schedule, self.cached = schedule, cached
        self.kept: tuple[Any, Any] | None = None

    def settle(self, x: Any, h: Any, y: Any, steps: int, beta: float, target: Any) -> tuple[Any, Any]:
        """Return the states of both layers after some steps."""
        w, eps, hard = self.w, self.schedule.eps, self.schedule.activation == "hardsigmoid"
        drive = torch.addmm(w["Nh"], x, w["Yxh"])
        for number in range(steps):
            if number and not self.cached:
                drive = torch.addmm(w["Nh"], x, w["Yxh"])
            if hard:
                dh = drive + y @ w["Yhy"].T - h
                dy = torch.addmm(w["Ny"], h, w["Yhy"]) - y
            else:
                rh, ry = torch.sigmoid(4 * h - 2), torch.sigmoid(4 * y - 2)
                dh = 4 * rh * (1 - rh) * (drive + ry @ w["Yhy"].T) - h
                dy = 4 * ry * (1 - ry) * torch.addmm(w["Ny"], rh, w["Yhy"]) - y
            if beta:
                dy += beta * (target - y)
            h, y = h + eps * dh, y + eps * dy
            if hard:
                h, y = h.clamp_(0, 1), y.clamp_(0, 1)
        return h, y

    def batch(self, inputs: NDArray[Any], targets: NDArray[Any], rows: NDArray[Any], sign: float) -> None:
        """Train on one batch."""
        plan = self.schedule
        with torch.no_grad():
            x, t = torch.from_numpy(inputs[rows]), torch.from_numpy(targets[rows])
            h, y = self.begin(len(inputs), rows)
            h, y = self.settle(x, h, y, plan.free, 0.0, t)
            if plan.persistent and self.kept is not None:
                self.kept[0][rows], self.kept[1][rows] = h, y
            beta = sign * plan.beta
            second = self.settle(x, h, y, plan.nudged, beta, t)
            first = self.settle(x, h, y, plan.nudged, -beta, t) if plan.centered else (h, y)
            self.step(x, first, second, beta * (2 if plan.centered else 1))

    def begin(self, samples: int, rows: NDArray[Any]) -> tuple[Any, Any]:
        """Return where the free phase begins."""
        hidden, outputs = self.w["Yhy"].shape
        if self.schedule.persistent:
            if self.kept is None:
                self.kept = torch.zeros(samples, hidden), torch.zeros(samples, outputs)
            return self.kept[0][rows], self.kept[1][rows]
        return torch.zeros(len(rows), hidden), torch.zeros(len(rows), outputs)

    def step(self, x: Any, first: tuple[Any, Any], second: tuple[Any, Any], distance: float) -> None:
        """Move the weights by the contrast of two states."""
        rho: Callable[[Any], Any] = (
            (lambda s: s) if self.schedule.activation == "hardsigmoid" else lambda s: torch.sigmoid(4 * s - 2)
        )
        (h1, y1), (h2, y2) = (tuple(rho(s) for s in state) for state in (first, second))
        low, high = (rate / (distance * len(x)) for rate in self.schedule.rates)
        self.w["Yxh"] += low * (x.T @ (h2 - h1))
        self.w["Nh"] += low * (h2 - h1).sum(0)
        self.w["Yhy"] += high * (h2.T @ y2 - h1.T @ y1)
        self.w["Ny"] += high * (y2 - y1).sum(0)

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the weights as they are."""
        return {name: value.numpy() for name, value in self.w.items()}

    def answer(self, x: NDArray[Any]) -> Any:
        """Return the answers to a batch."""
        with torch.no_grad():
            h, y = (torch.zeros(len(x), n) for n in self.w["Yhy"].shape)
            return self.settle(torch.from_numpy(x), h, y, self.schedule.free, 0.0, None)[1].argmax(1)
