"""Hard circuits against ngspice: static ones to a millionth, transients as near as ngspice itself comes.

The reference of a transient runs at tight tolerances in ten thousand steps. What ngspice misses of it at the
options eqchip was given, or a thousandth of the peak where that is more, is what eqchip may miss.
"""

from __future__ import annotations

import numpy as np
import pytest

from eqchip.simulator.exchange import ngspice
from eqchip.units import parse_number
from hard_circuits import STATIC, TRANSIENT
from simulated import simulated

Columns = dict[str, np.ndarray]
TIGHT = ".options reltol=1e-7 abstol=1e-14 vntol=1e-10 chgtol=1e-19 itl4=200\n"


def reference(cards: str) -> Columns:
    return dict(ngspice.run(f"made by a test\n{cards}\n.end\n", limit=60.0)[-1].columns)


def largest(columns: Columns, names: list[str]) -> float:
    return max(float(np.max(np.abs(columns[name]))) for name in names)


@pytest.mark.ngspice
@pytest.mark.parametrize("name", STATIC)
def test_a_static_answer_is_that_of_ngspice(name: str) -> None:
    wanted = reference(TIGHT + ".options itl1=2000\n" + STATIC[name])
    (found,) = simulated(STATIC[name])
    for kind in ("v(", "i("):
        names = [one for one in wanted if one.startswith(kind) and "sweep" not in one]
        scale = largest(wanted, names) if names else 0.0
        for one in names:
            np.testing.assert_allclose(found[one], wanted[one], rtol=0, atol=1e-6 * scale, err_msg=one)


def distance(times: np.ndarray, values: Columns, wanted: Columns, names: list[str]) -> float:
    inside = times >= wanted["time"][0]
    lines = (np.interp(times, wanted["time"], wanted[one]) - values[one] for one in names)
    return max(float(np.max(np.abs(line[inside]))) for line in lines)


@pytest.mark.ngspice
@pytest.mark.parametrize("name", TRANSIENT)
def test_a_transient_is_as_near_as_ngspice_comes(name: str) -> None:
    cards, numbers = TRANSIENT[name]
    step, stop, *_ = numbers.split()
    uic = " uic" if numbers.endswith("uic") else ""
    wanted = reference(f"{TIGHT}{cards}.tran {step} {stop} 0 {parse_number(stop) / 1e4:g}{uic}")
    plain = reference(f"{cards}.tran {numbers}")
    (found,) = simulated(f"{cards}.tran {numbers}")
    names = [one for one in wanted if one.startswith("v(")]
    peak = largest(wanted, names)
    bar = max(1e-3 * peak, distance(plain["time"], plain, wanted, names))
    assert found.axis[-1] == pytest.approx(wanted["time"][-1], rel=1e-9)
    assert distance(found.axis, dict(found.values), wanted, names) <= bar
