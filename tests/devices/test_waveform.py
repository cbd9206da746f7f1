from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from eqchip.devices.circuit import waveform
from eqchip.errors import InputError, Location
from spice_runs import needs_ngspice, spice

TSTEP, TSTOP = 0.5e-6, 40e-6
U = 1e-6


@dataclass
class Wave:
    kind: str
    values: tuple[float, ...] = ()
    options: dict[str, float] = field(default_factory=dict)
    dc: float = 0.0


WAVES = [
    Wave("dc", (2.5,)),
    Wave("pulse", (0, 1)),
    Wave("pulse", (0, 1, 2 * U)),
    Wave("pulse", (0, 1, 0, U, U, 3 * U, 10 * U)),
    Wave("pulse", (0, 1, 0, U, 2 * U, 0, 10 * U)),
    Wave("pulse", (0, 1, 0, 0, 0, 5 * U, 0)),
    Wave("pulse", (1, -1, 3 * U, 4 * U, 4 * U, 4 * U, 10 * U)),  # does not fit into its period
    Wave("pulse", (0, 1, -2 * U, U, U, 3 * U, 10 * U)),
    Wave("pulse", (0, 1, U, U, U, 3 * U, 10 * U, 1)),
    Wave("pulse", (0, 1, U, U, U, 3 * U, 10 * U, 2)),
    Wave("sin", (1, 2)),
    Wave("sin", (0, 1, 0, 2 * U)),
    Wave("sin", (1, 2, 1e5, 3 * U, 1e5, 30)),
    Wave("exp", (0, 1)),
    Wave("exp", (0, 1, 0, 2 * U, 0, 3 * U)),
    Wave("exp", (1, 3, 4 * U, 2 * U, 9 * U, 3 * U)),
    Wave("sffm", (0, 1)),
    Wave("sffm", (0, 1, 0, 3, 0)),
    Wave("sffm", (0.1, 1, 2e5, 3, 5e4, 30, 60)),
    Wave("pwl", (U, 3, 2 * U, 4)),
    Wave("pwl", (0, 0, U, 1, 2 * U, 0.5), {"td": 2 * U}),
    Wave("pwl", (0, 0.5, U, 1, 2 * U, 0.2, 5 * U, 0.5), {"r": 0.0}),
    Wave("pwl", (0, 0, U, 1, 2 * U, 0.5, 5 * U, 1), {"r": U, "td": 3 * U}),
]
by_wave = pytest.mark.parametrize("wave", WAVES, ids=lambda w: f"{w.kind}{len(w.values)}{''.join(w.options)}")


class TestNgspice:
    pytestmark = needs_ngspice

    def test_every_kind_follows_ngspice(self, tmp_path: Path) -> None:
        cards = []
        for k, wave in enumerate(WAVES):
            numbers = " ".join(map(repr, wave.values))
            options = " ".join(f"{name}={value!r}" for name, value in wave.options.items())
            shape = f"dc {numbers}" if wave.kind == "dc" else f"{wave.kind}({numbers}) {options}"
            cards.append(f"v{k} n{k} 0 {shape}")
        plot = spice("\n".join([*cards, f".tran {TSTEP} {TSTOP} 0 0.1u"]), tmp_path)[0]
        table = waveform.table(WAVES, range(1, len(WAVES) + 1), TSTEP, TSTOP)
        drives = np.zeros((len(plot["time"]), len(WAVES) + 1))
        for row, time in zip(drives, plot["time"], strict=True):
            waveform.fill(table, time, row)
        np.testing.assert_array_equal(drives[:, 0], plot["time"])
        for k, wave in enumerate(WAVES):
            np.testing.assert_allclose(drives[:, k + 1], plot[f"v(n{k})"], atol=2e-14, err_msg=str(wave))


@by_wave
def test_between_breakpoints_a_waveform_is_smooth(wave: Wave) -> None:
    """A corner that `breakpoints` forgot would bend the curve by its change of slope over h."""
    corners = waveform.breakpoints(wave, TSTEP, TSTOP)
    h = 20e-9
    times = np.arange(h, TSTOP - h, h) + 0.37e-9
    near = np.min(np.abs(times[:, None] - corners[None, :]), axis=1, initial=1.0) <= h
    times = times[~near]

    def at(offset: float) -> np.ndarray:
        return np.array([waveform.value_at(wave, t + offset, TSTEP, TSTOP) for t in times])

    bend = np.abs(at(h) - 2.0 * at(0.0) + at(-h)) / h**2
    # The sharpest smooth curve here bends by 5e12 V/s²; the mildest corner, 0.5 V/µs, by 1.2e13 or more.
    assert bend.max() <= 8e12


@by_wave
def test_breakpoints_are_sorted_distinct_and_inside(wave: Wave) -> None:
    corners = waveform.breakpoints(wave, TSTEP, TSTOP)
    assert (np.diff(corners) > 0.0).all()
    assert ((corners >= 0.0) & (corners <= TSTOP)).all()


def test_the_corners_of_a_pulse_are_where_it_turns() -> None:
    corners = waveform.breakpoints(Wave("pulse", (0, 1, U, U, 2 * U, 3 * U, 20 * U)), TSTEP, TSTOP)
    np.testing.assert_allclose(corners, np.array([1, 2, 5, 7, 21, 22, 25, 27]) * U, rtol=1e-12)


def test_a_repeated_line_has_its_corners_again() -> None:
    wave = Wave("pwl", (0, 0, U, 1, 4 * U, 0), {"r": U, "td": 2 * U})
    corners = waveform.breakpoints(wave, TSTEP, 13 * U)
    np.testing.assert_allclose(corners, np.array([2, 3, 6, 9, 12]) * U, rtol=1e-12)


def test_damping_delays_and_phases_as_written() -> None:
    wave = Wave("sin", (0.5, 2.0, 1e5, U, 2e4, 90.0))
    assert waveform.value_at(wave, 0.0) == pytest.approx(2.5)
    late = 0.5 + 2.0 * math.sin(2 * math.pi * 1e5 * 3 * U + math.pi / 2) * math.exp(-2e4 * 3 * U)
    assert waveform.value_at(wave, 4 * U) == pytest.approx(late, rel=1e-14)


def test_fill_touches_no_other_drive() -> None:
    table = waveform.table([Wave("dc", (3.0,)), Wave("dc", (), dc=4.0)], [2, 4], TSTEP, TSTOP)
    drives = np.full(6, 9.0)
    waveform.fill(table, 1.5, drives)
    np.testing.assert_array_equal(drives, [1.5, 9.0, 3.0, 9.0, 4.0, 9.0])


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (Wave("sine", (0, 1)), "no waveform 'sine'; did you mean 'sin'"),
        (Wave("pulse", (0,)), "pulse with 1 numbers"),
        (Wave("pulse", (0, 1, 0, -1e-9)), "pulse with tr=-1 ns"),
        (Wave("sin", (0, 1, 2, 3, 4, 5, 6)), "sin with 7 numbers"),
        (Wave("sin", (0, 1), {"r": 0.0}), "sin has no option 'r'"),
        (Wave("pwl", (0, 1, 2)), "pwl with 3 numbers"),
        (Wave("pwl", (0, 1, 2e-6, 3, 1e-6, 4)), "pwl goes from 2 µs back to 1 µs"),
        (Wave("pwl", (0, 1, 1e-6, 3, 1e-6, 4)), "pwl goes from 1 µs back to 1 µs"),
        (Wave("pwl", (0, 1, 1e-6, 3), {"r": 5e-7}), "pwl repeats from 500 ns"),
        (Wave("pwl", (0, 1, 1e-6, 3), {"r": 1e-6}), "pwl repeats from 1 µs"),
    ],
)
def test_mistakes_are_named_with_their_place(wave: Wave, message: str) -> None:
    at = Location("a.cir", 3, 8, "V1 a 0 something", 9)
    with pytest.raises(InputError, match=message) as raised:
        waveform.check(wave.kind, wave.values, wave.options, at)
    assert str(raised.value).startswith("a.cir:3:8: ")
    assert "expected" in str(raised.value)


@by_wave
def test_what_is_right_passes(wave: Wave) -> None:
    waveform.check(wave.kind, wave.values, wave.options)


def test_a_period_far_below_the_run_is_refused() -> None:
    with pytest.raises(InputError, match="periods in this run"):
        waveform.breakpoints(Wave("pulse", (0, 1, 0, 1e-12, 1e-12, 1e-12, 1e-11)), 1e-9, 1.0)
