"""Wires in time: the RC ladder of a line in closed form and in ngspice; memristors written through wires."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from elaborated import circuit, with_ngspice
from eqchip.netlists.flatten import flat_spice
from eqchip.simulator.manufacture import manufactured
from simulated import simulated
from spice_runs import spice

N, OHMS, FARADS = 12, 100.0, 1e-13

#: A step into one row of N crossings whose devices hardly conduct.
LADDER = f"""\
.bus x[1] y[{N}]
.model r R(r=1e15)
Vx x 0 PULSE(0 1 0 1f 1f 1 2)
Ry y 0 1
Yxy x y r rrow={OHMS} crow={FARADS}
.options reltol=1e-6 method=trap
.tran 10p 2n
"""


def ladder(time: np.ndarray) -> np.ndarray:
    """Return what every crossing does after a step of 1 V: the modes of N equal RC segments, open at the end.

    G·sin(θk) = λ·sin(θk) with θ = (2p − 1)π/(2N + 1) and λ = (2 − 2·cos θ)/RC; the start −1 has the share
    −cot(θ/2)/2 over (2N + 1)/4 in it.
    """
    angle = (2.0 * np.arange(1, N + 1) - 1.0) * np.pi / (2 * N + 1)
    share = 0.5 / np.tan(0.5 * angle) / ((2 * N + 1) / 4.0)
    rate = (2.0 - 2.0 * np.cos(angle)) / (OHMS * FARADS)
    modes = np.sin(np.outer(angle, np.arange(1, N + 1))) * share[:, None]
    return np.asarray(1.0 - np.exp(-np.outer(time, rate)) @ modes)


def test_a_line_charges_as_its_modes_say() -> None:
    (trace,) = simulated(LADDER + ".save v(Yxy.row)")
    time, found = trace.axis, trace["v(yxy.row)"]
    late = time > 5e-12  # the first steps are those of a source that rises in 1 fs
    np.testing.assert_allclose(found[late], ladder(time[late]), atol=3e-4)


def test_the_end_of_a_line_lags_by_its_elmore_delay() -> None:
    """∫(1 − v)dt at the last crossing is Σ R·C over the way, R·C·N(N + 1)/2, whatever the steps."""
    (trace,) = simulated(LADDER.replace("2n", "20n") + ".save v(Yxy.row)")
    missing = 1.0 - trace["v(yxy.row)"][:, -1]
    area = float(np.sum(0.5 * (missing[1:] + missing[:-1]) * np.diff(trace.axis)))
    assert area == pytest.approx(OHMS * FARADS * N * (N + 1) / 2.0, rel=2e-4)


@with_ngspice
def test_ngspice_sees_the_same_line(tmp_path: Path) -> None:
    text = LADDER.replace("r=1e15", "r=10k").replace(f"crow={FARADS}", f"crow={FARADS} rcol=50 ccol=2e-14")
    (trace,) = simulated(text + f".save v(Yxy.row) v(Yxy.col[0][{N - 1}])")
    flat = flat_spice(manufactured(circuit(text))).split("\n", 1)[1].replace("\n.end\n", "")
    (plot,) = spice(flat, tmp_path)
    time = plot["time"]
    for k in (0, 5, N - 1):
        ours = np.interp(time, trace.axis, trace["v(yxy.row)"][:, k])
        np.testing.assert_allclose(ours[time > 2e-11], plot[f"v(yxy.row[0][{k}])"][time > 2e-11], atol=2e-3)
    ours = np.interp(time, trace.axis, trace[f"v(yxy.col[0][{N - 1}])"])
    np.testing.assert_allclose(ours[time > 2e-11], plot[f"v(yxy.col[0][{N - 1}])"][time > 2e-11], atol=2e-3)


WRITE = """\
.bus x[2] y[2]
.model hp vteam(ron=1k roff=100k kon=-10u koff=25u von=-0.3 voff=0.3 alphaon=3 alphaoff=3 woff=3n)
.model d D(is=1n n=1.5)
Vx0 x[0] 0 PULSE(0 -1.2 2u 0.1u 0.1u 6u 20u)
Vx1 x[1] 0 PULSE(0 0.9 5u 0.1u 0.1u 6u 20u)
Dp y 0 d
Dn 0 y d
Rl y 0 2k
.options reltol=1e-6
.tran 50n 15u
"""
ARRAY = "Yxy x y hp x0=0.4 rrow=200 rcol=100 rdriver=50 rload=30\n.save v(y) v(Yxy.row) v(Yxy.col) x(Yxy)\n"


def spelled_out() -> str:
    """Write the same crossbar device by device, segment by segment."""
    lines = []
    for i in range(2):
        for j in range(2):
            lines.append(f"P{i}{j} r{i}{j} c{i}{j} hp x0=0.4")
    lines += [f"Rd{i} x[{i}] r{i}0 250\nRw{i} r{i}0 r{i}1 200" for i in range(2)]
    lines += [f"Rb{j} c0{j} c1{j} 100\nRe{j} c1{j} y[{j}] 130" for j in range(2)]
    lines.append(
        ".save v(y) " + " ".join(f"v({k}{i}{j}) x(P{i}{j})" for k in "rc" for i in (0, 1) for j in (0, 1))
    )
    return "\n".join(lines) + "\n"


def test_memristors_are_written_through_wires_and_diodes() -> None:
    """Against every device and segment on a card of its own; and the wires slow the writing down."""
    (array,), (single,) = simulated(WRITE + ARRAY), simulated(WRITE + spelled_out())
    at = np.linspace(0.0, 15e-6, 200)

    def seen(trace: object, name: str, k: int | None = None) -> np.ndarray:
        values = trace[name]  # type: ignore[index]
        return np.interp(at, trace.axis, values if k is None else values[:, k])  # type: ignore[attr-defined]

    for k, (i, j) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        state = seen(array, "x(yxy)", k)
        np.testing.assert_allclose(state, seen(single, f"x(p{i}{j})"), atol=2e-4)
        assert np.ptp(state) > 0.05  # it was written
        np.testing.assert_allclose(seen(array, "v(yxy.row)", k), seen(single, f"v(r{i}{j})"), atol=2e-3)
    ideal = WRITE + "Yxy x y hp x0=0.4\n.save x(Yxy)\n"
    (direct,) = simulated(ideal)
    moved = [np.ptp(one["x(yxy)"][:, 1]) for one in (array, direct)]
    assert moved[0] < 0.99 * moved[1]
