"""Random circuits of every element against ngspice: operating points and transients, many of them.

The reference runs at tight tolerances, so that what is left is ours. A circuit on which ngspice itself
fails is counted and left out; more than a tenth of those would mean the generator is at fault.
"""

from __future__ import annotations

import numpy as np
import pytest
from circuits import random_circuit

import eqchip
from eqchip.simulator.exchange import ngspice

pytestmark = [
    pytest.mark.ngspice,
    pytest.mark.skipif(not ngspice.available(), reason="ngspice is not installed"),
]

OP_CIRCUITS, TRAN_CIRCUITS = 300, 60


def reference(text: str) -> dict[str, np.ndarray] | None:
    """Return ngspice's answer at tight tolerances; None when it finds none."""
    try:
        plots = ngspice.run(text, tight=True, limit=120)
    except ngspice.NgspiceFailed:
        return None
    return plots[-1].columns


def test_operating_points_agree_to_a_millionth_of_the_largest_voltage() -> None:
    worst, lost = 0.0, 0
    for seed in range(OP_CIRCUITS):
        text = random_circuit(seed, 3 + seed % 40, analysis=".op")
        expected = reference(text)
        if expected is None:
            lost += 1
            continue
        run = eqchip.simulate(eqchip.parse(text))
        names = [name for name in expected if name.startswith("v(")]
        scale = max(float(np.max(np.abs(expected[name]))) for name in names)
        error = max(abs(float(run[name][-1]) - float(expected[name][-1])) for name in names) / scale
        assert error < 1e-6, f"seed {seed}: {error:.2g} of the largest voltage"
        worst = max(worst, error)
    assert lost < OP_CIRCUITS / 10
    print(f"{OP_CIRCUITS - lost} operating points, worst {worst:.2g} of the largest voltage")


def test_transients_agree_to_a_thousandth_of_the_peak() -> None:
    worst, lost = 0.0, 0
    for seed in range(TRAN_CIRCUITS):
        text = random_circuit(seed, 3 + seed % 15, analysis=".tran 0.2u 60u 0 0.02u")
        expected = reference(text)
        if expected is None:
            lost += 1
            continue
        ours = random_circuit(seed, 3 + seed % 15, analysis=".tran 0.2u 60u")
        run = eqchip.simulate(eqchip.parse(ours))
        names = [name for name in expected if name.startswith("v(")]
        peak = max(float(np.max(np.abs(expected[name]))) for name in names)
        times = run["time"]
        for name in names:
            at = np.interp(times, expected["time"], expected[name])
            error = float(np.max(np.abs(at - run[name]))) / peak
            assert error < 1e-3, f"seed {seed}, {name}: {error:.2g} of the peak"
            worst = max(worst, error)
    assert lost < TRAN_CIRCUITS / 10
    print(f"{TRAN_CIRCUITS - lost} transients, worst {worst:.2g} of the peak")
