"""A learning waveform on devices that are not ideal: a wish grows in a nudge, pulses write it at its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import eqchip
from eqchip.simulator.run import Run

FloatArray = NDArray[np.float64]


def waveform(**settings: float | str) -> Run:
    changes = {key.replace("__", "."): value for key, value in settings.items()}
    return eqchip.simulate(eqchip.load("stdp-waveform-real").set(changes))


def of(run: Run, name: str) -> FloatArray:
    return np.asarray(run["tran"][name], dtype=np.float64)


def test_devices_of_fine_steps_learn_what_ideal_ones_do() -> None:
    """Steps of 1e-6 without noise, bounds far away: the waveform of ideal weights from the same start."""
    run = waveform(
        syn__update="constant",
        syn__dw_min=1e-6,
        syn__dw_min_std=0.0,
        syn__read_noise=0.0,
        syn__cells="single",
        syn__w_max=20.0,
        syn__w_min=-20.0,
    )
    ideal = eqchip.simulate(
        eqchip.load("stdp-waveform-real").only("offset", "tau_mismatch").set({"syn.cells": "single"})
    )
    for name, value in ideal.weights.items():
        np.testing.assert_allclose(run.weights[name], value, atol=5e-3, err_msg=name)


def test_weights_move_in_nudges_and_jump_at_borders_only() -> None:
    run = waveform()
    phase, w = of(run, "phase"), of(run, "w(yxh)")
    still = (phase[1:] == phase[:-1]) & (phase[1:] != 2)
    assert np.all(w[1:][still] == w[:-1][still])  # read once a phase
    inside = (phase[1:] == 2) & (phase[:-1] == 2)
    assert np.max(np.abs(np.diff(w, axis=0)[inside])) > 0.0


def test_what_is_written_is_not_what_was_wished() -> None:
    """At the end of a nudge stands the wish; the gap after it reads what the pulses made of it."""
    run = waveform(syn__read_noise=0.0)
    phase, w = of(run, "phase"), of(run, "w(yxh)")
    ends = np.flatnonzero((phase[:-1] == 2) & (phase[1:] == 0))
    starts = np.array([np.flatnonzero(phase[:end] == 1)[-1] for end in ends])
    wish, step = w[ends] - w[starts], w[ends + 1] - w[starts]
    assert len(ends) > 50
    assert np.all(np.any(step != wish, axis=1))
    # 64 steps of unequal size, each with noise: no wish comes true, but what comes goes its way.
    assert np.corrcoef(wish.ravel(), step.ravel())[0, 1] > 0.5


def test_the_shipped_waveform_learns() -> None:
    """At most one of the last 12 samples is wrong; of answers by chance, 3 runs in 1000 would have that."""
    run = waveform()
    phase, wrong = of(run, "phase"), of(run, "wrong")
    ends = np.flatnonzero((phase[:-1] == 1) & (phase[1:] == 2))
    assert len(ends) == 96
    assert np.sum(wrong[ends][-12:]) <= 1
