"""Random circuits of every element against ngspice: operating points, sweeps and transients, many of them.

The reference runs at tight tolerances and short steps, so that what is left is ours. A circuit on which
ngspice itself fails is counted and left out; more than a tenth of those would mean the generator is at fault.
EQCHIP_CIRCUITS=40 runs forty of each kind instead of all: minutes instead of an hour.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
from circuits import random_circuit

import eqchip
from eqchip.simulator.exchange import ngspice

pytestmark = [
    pytest.mark.ngspice,
    pytest.mark.skipif(not ngspice.available(), reason="ngspice is not installed"),
]

MOST = int(os.environ.get("EQCHIP_CIRCUITS", "1000"))
STATIC, TRANSIENT = min(MOST, 300), min(MOST, 100)
SWEEP = ".dc Vs0 -2 2 0.25 Is0 -1e-4 1e-4 5e-5"
#: How ngspice's transients run, and ours. The second pair begins with initial conditions of a third of the
#: nodes; there ngspice's first step is its largest error.
FROM_REST = ".tran 0.2u 60u 0 0.02u", ".tran 0.2u 60u"
FROM_IC = ".tran 0.2u 20u 0 1n uic", ".tran 0.2u 20u uic"

Columns = dict[str, np.ndarray]


def reference(text: str) -> Columns | None:
    """Return ngspice's answer at tight tolerances; None when it finds none."""
    try:
        plots = ngspice.run(text, tight=True, limit=120)
    except ngspice.NgspiceFailed:
        return None
    return dict(plots[-1].columns)


def worst_of(count: int, compare: Callable[[int], float | None], limit: float) -> None:
    """Hold every circuit's error against the limit; None means that ngspice lost it."""
    errors = {seed: compare(seed) for seed in range(count)}
    found = {seed: error for seed, error in errors.items() if error is not None}
    failed = {seed: error for seed, error in found.items() if not error < limit}
    assert not failed, f"by seed: {failed}"
    assert count - len(found) <= count / 10, f"ngspice failed on {sorted(set(errors) - set(found))}"
    print(f"{len(found)} circuits, worst {max(found.values()):.2g}")


def static_error(text: str) -> float | None:
    """Return the largest difference over the largest voltage, or current, of all points."""
    expected = reference(text)
    if expected is None:
        return None
    run = eqchip.simulate(eqchip.parse(text))
    worst = 0.0
    for kind in ("v(", "i("):
        # ngspice keeps the swept source as v(v-sweep) or i(i-sweep), and currents of B sources as well.
        names = [name for name in expected if name.startswith(kind) and "sweep" not in name]
        scale = max(float(np.max(np.abs(expected[name]))) for name in names)
        errors = [np.max(np.abs(np.atleast_1d(run[name]) - expected[name])) for name in names]
        worst = max(worst, float(np.max(errors)) / scale)
    return worst


def transient_error(seed: int, cards: tuple[str, str], begin: float = 0.0) -> float | None:
    """Return the largest difference of a voltage over the peak, less what the reference itself misses."""
    nodes = 3 + seed % 15
    expected = reference(random_circuit(seed, nodes, analysis=cards[0]))
    if expected is None:
        return None
    run = eqchip.simulate(eqchip.parse(random_circuit(seed, nodes, analysis=cards[1])))
    names = [name for name in expected if name.startswith("v(")]
    peak = max(float(np.max(np.abs(expected[name]))) for name in names)
    times, time = run["time"], expected["time"]
    inside = times >= begin
    worst = 0.0
    for name in names:
        wanted = expected[name]
        # It does not stop where an EXP or SIN begins, so its lines cut those corners.
        missed = np.max(np.abs(np.interp(time[1::2], time[::2], wanted[::2]) - wanted[1::2])) / 3.0
        error = np.max(np.abs(np.interp(times, time, wanted) - run[name])[inside])
        worst = max(worst, float(error - missed) / peak)
    return worst


def test_operating_points_agree_to_a_millionth() -> None:
    def error(seed: int) -> float | None:
        return static_error(random_circuit(seed, 3 + seed % 40, analysis=".op"))

    worst_of(STATIC, error, limit=1e-6)


def test_sweeps_agree_to_a_millionth() -> None:
    def error(seed: int) -> float | None:
        return static_error(random_circuit(seed, 3 + seed % 20, analysis=SWEEP))

    worst_of(STATIC // 4, error, limit=1e-6)


def test_transients_agree_to_a_thousandth_of_the_peak() -> None:
    worst_of(TRANSIENT, lambda seed: transient_error(seed, FROM_REST), limit=1e-3)


def test_transients_from_initial_conditions_agree_to_a_thousandth_of_the_peak() -> None:
    worst_of(TRANSIENT, lambda seed: transient_error(seed, FROM_IC, begin=0.1e-6), limit=1e-3)
