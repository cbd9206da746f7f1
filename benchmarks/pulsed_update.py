"""How long is a pulsed update of 500 × 784 devices, 20 samples one after another, against a plain pulse loop?

Each sample asks for a change of mean 2.5 pulses a device, its counts drawn as coincidences of shared trains
of 31 slots. The plain loop has the same trains and laws, and draws one normal a pulse, as most simulators do.
Beside the times stand the means and deviations of what all devices moved by.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from eqchip import threads
from eqchip.devices.cells.cells import Cells
from harness import Contender, Report, compare, main

QUESTION = "Pulsed update of 500 × 784 devices, batch 20: n pulses in a draw, and pulse by pulse"
SIZES = (500,)
COLUMNS, BATCH, SLOTS, DW_MIN, STD = 784, 20, 31, 1e-3, 0.3
Moved = dict[str, np.ndarray[Any, Any]]

MEAN = 2.5  # pulses a device and sample

LAWS: dict[str, dict[str, Any]] = {
    "constant": {},
    "softbounds": {},
    "exponential": {"a_up": 0.00081, "a_down": 0.36833, "gamma_up": 12.44625, "gamma_down": 12.78785},
    "power": {"pow_gamma": 1.0},
}


@njit(error_model="numpy")
def plain(w, rows, columns, factor, law, slots, seed):  # type: ignore[no-untyped-def]
    """Pulse by pulse, a normal each."""
    np.random.seed(seed)  # noqa: NPY002  # Numba has no other that is as fast
    root = math.sqrt(factor / slots)
    for b in range(rows.shape[0]):
        bits = np.zeros((rows.shape[1], slots), np.bool_)
        others = np.zeros((columns.shape[1], slots), np.bool_)
        for i in range(rows.shape[1]):
            for t in range(slots):
                bits[i, t] = np.random.random() < root * abs(rows[b, i])  # noqa: NPY002
        for j in range(columns.shape[1]):
            for t in range(slots):
                others[j, t] = np.random.random() < root * abs(columns[b, j])  # noqa: NPY002
        for i in range(rows.shape[1]):
            for j in range(columns.shape[1]):
                up = rows[b, i] * columns[b, j] > 0.0
                for t in range(slots):
                    if bits[i, t] and others[j, t]:
                        old = w[i, j]
                        if law == 0:
                            step = 1.0
                        elif law == 1:
                            step = 1.0 - old if up else 1.0 + old
                        elif law == 2:
                            z = 0.244 * old + 0.2425
                            if up:
                                step = max(0.0, 1.0 - 0.00081 * math.exp(12.44625 * z))
                            else:
                                step = max(0.0, 1.0 - 0.36833 * math.exp(-12.78785 * z))
                        else:
                            step = 0.5 * (1.0 - old) if up else 0.5 * (1.0 + old)
                        noise = STD * (step if law == 2 else 1.0) * np.random.normal()  # noqa: NPY002
                        move = DW_MIN * (step + noise)
                        w[i, j] = min(max(old + (move if up else -move), -1.0), 1.0)


def measure(size: int, folder: Path, options: Any, report: Report) -> None:
    """Measure every law."""
    threads.apply(options.threads)
    random = np.random.default_rng(1)
    rows, columns = random.standard_normal((BATCH, size)), random.standard_normal((BATCH, COLUMNS))
    factor = MEAN / float(np.mean(np.abs(rows)) * np.mean(np.abs(columns)))
    updates = size * COLUMNS * BATCH
    for number, (law, values) in enumerate(LAWS.items()):
        moved: Moved = {}
        contenders = []
        for pulses in ("shared", "expected"):
            given = {
                "update": law,
                "dw_min": DW_MIN,
                "dw_min_std": STD,
                "bl": SLOTS,
                "pulses": pulses,
                **values,
            }

            def ours(
                given: dict[str, Any] = given, pulses: str = pulses, moved: Moved = moved
            ) -> dict[str, float]:
                cells = Cells(given, (size, COLUMNS), lambda what: np.random.default_rng(0))
                started = _cpu()
                cells.change_by_trains(rows, columns, factor * DW_MIN, np.random.default_rng(2))
                spent = _cpu() - started
                moved[pulses] = cells.weights
                return {"ns a synapse-update": 1e9 * spent / updates}

            contenders.append(Contender(f"one draw, {pulses}", ours))

        def theirs(number: int = number, moved: Moved = moved) -> dict[str, float]:
            w = np.zeros((size, COLUMNS))
            started = _cpu()
            plain(w, rows, columns, factor, number, SLOTS, 3)
            spent = _cpu() - started
            moved["plain"] = w
            return {"ns a synapse-update": 1e9 * spent / updates}

        contenders.append(Contender("pulse by pulse", theirs))
        timings = compare(contenders, options.pairs, options.budget)
        ns = [timing.figures["ns a synapse-update"] for timing in timings]
        accuracy = {
            f"{what} of the change, {name} less pulse by pulse, over its deviation": float(
                (figure(moved[name]) - figure(moved["plain"])) / moved["plain"].std()
            )
            for what, figure in (("mean", np.mean), ("deviation", np.std))
            for name in ("shared", "expected")
        }
        ratios = {"faster than pulse by pulse": ns[2] / ns[0], "faster, without trains": ns[2] / ns[1]}
        report.case(f"{law}, {size} × {COLUMNS}, batch {BATCH}", timings, accuracy, ratios)


def _cpu() -> float:
    return time.process_time()


if __name__ == "__main__":
    sys.exit(main("pulsed_update", QUESTION, SIZES, measure))
