"""Both integrators converge with order 2 on smooth problems, and damp what is stiff as they should."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from simulated import compiled, simulated

METHODS = ["trap", "trbdf2"]
#: Tolerances so loose that TMAX alone sets the steps.
FREE = ".options reltol=1 abstol=1 method={method}\n"


def slope(steps: list[float], errors: list[float]) -> float:
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


def rc_error(method: str, step: float) -> float:
    # C v′ = (A·sin ωt − v)/R, from rest: v = A/(1 + (ωτ)²)·(sin ωt − ωτ·cos ωt + ωτ·e^(−t/τ))
    trace = simulated(
        FREE.format(method=method) + f"V1 a 0 SIN(0 1 1k)\nR1 a b 1k\nC1 b 0 0.1u\n.tran {step} 1m 0 {step}"
    )[0]
    w = 2e3 * math.pi * 1e-4
    t = trace.axis
    exact = (np.sin(w * t / 1e-4) - w * np.cos(w * t / 1e-4) + w * np.exp(-t / 1e-4)) / (1.0 + w * w)
    return float(np.max(np.abs(trace["v(b)"] - exact)))


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_network_is_integrated_with_order_two(method: str) -> None:
    steps = [8e-6, 4e-6, 2e-6, 1e-6]
    assert slope(steps, [rc_error(method, step) for step in steps]) == pytest.approx(2.0, abs=0.1)


def lc_error(method: str, step: float) -> float:
    # A series RLC of the second order: i(0) = 0, v(0) = 1 V.
    trace = simulated(
        FREE.format(method=method)
        + f"C1 a 0 1u IC=1\nL1 a b 1m IC=0\nR1 b 0 10\n.tran {step} 0.3m 0 {step} UIC"
    )[0]
    damping, w0 = 10.0 / 2e-3, 1.0 / math.sqrt(1e-9)
    w = math.sqrt(w0 * w0 - damping * damping)
    t = trace.axis
    current = np.exp(-damping * t) * np.sin(w * t) / (w * 1e-3)
    return float(np.max(np.abs(trace["i(l1)"] - current)))


@pytest.mark.parametrize("method", METHODS)
def test_an_oscillator_is_integrated_with_order_two(method: str) -> None:
    steps = [4e-6, 2e-6, 1e-6, 5e-7]
    assert slope(steps, [lc_error(method, step) for step in steps]) == pytest.approx(2.0, abs=0.1)


def junction_end(method: str, step: float) -> float:
    # A driven diode with its own charge: nonlinear in current and in charge.
    netlist = (
        FREE.format(method=method)
        + "V1 a 0 SIN(0.3 0.2 1k)\nR1 a b 1k\nD1 b 0 d\nRp b 0 20k\n"
        + ".model d D(Is=1e-9 N=1.8 Cjo=100n Vj=0.8 M=0.5 TT=20u)\n"
    )
    return float(simulated(netlist + f".tran {step} 0.6m 0 {step}")[0]["v(b)"][-1])


@pytest.mark.parametrize("method", METHODS)
def test_a_nonlinear_charge_is_integrated_with_order_two(method: str) -> None:
    steps = [8e-6, 4e-6, 2e-6]
    ends = [junction_end(method, step) for step in [*steps, 1e-6]]
    # Successive differences fall by 4 where the order is 2: no exact solution is needed.
    differences = [abs(a - b) for a, b in pairwise(ends)]
    assert slope(steps, differences) == pytest.approx(2.0, abs=0.1)


LC = "C1 a 0 1n IC=1\nL1 a 0 1u IC=0\n.tran 10n 5u 0 10n UIC\n"  # ωh = 0.316, 25 periods


def lc_energy(method: str) -> tuple[np.ndarray, np.ndarray]:
    trace = simulated(FREE.format(method=method) + LC)[0]
    return trace.axis, 0.5e-9 * trace["v(a)"] ** 2 + 0.5e-6 * trace["i(l1)"] ** 2


def test_the_trapezoidal_rule_takes_no_energy_from_a_resonance() -> None:
    # q₁ − q₀ = h·ī and φ₁ − φ₀ = h·v̄ conserve ½Cv² + ½Li² whatever h; only the first steps are others.
    _, energy = lc_energy("trap")
    np.testing.assert_allclose(energy[20:], energy[20], rtol=1e-7)
    assert energy[20] == pytest.approx(0.5e-9, rel=1e-2)


def test_trbdf2_takes_from_a_resonance_what_its_stability_function_says() -> None:
    # v′ = iω·v: u_γ = (1 + γz/2)/(1 − γz/2), u₁ = (u_γ/(γ(1 − γ)) − (1 − γ)/γ)/(2 + √2 − z), z = iωh.
    time, energy = lc_energy("trbdf2")
    full = np.isclose(np.diff(time), 10e-9, rtol=1e-9, atol=0.0)
    gamma, z = 2.0 - math.sqrt(2.0), 1j * 10e-9 / math.sqrt(1e-15)
    stage = (1.0 + gamma * z / 2.0) / (1.0 - gamma * z / 2.0)
    factor = (stage / (gamma * (1.0 - gamma)) - (1.0 - gamma) / gamma) / (2.0 + math.sqrt(2.0) - z)
    assert np.count_nonzero(full) > 400
    np.testing.assert_allclose((energy[1:] / energy[:-1])[full], abs(factor) ** 2, rtol=1e-6)
    assert abs(factor) < 1.0


@pytest.mark.parametrize("method", METHODS)
def test_a_fast_mode_does_not_ring(method: str) -> None:
    # τ = 1 ns, steps of 1 µs: after the edge the node follows its source without overshoot.
    trace = simulated(
        f".options method={method}\nV1 a 0 PULSE(0 1 10u 10n 10n 50u 200u)\nR1 a b 1\nC1 b 0 1n\n"
        "R2 b c 1k\nC2 c 0 10n\n.tran 1u 100u"
    )[0]
    assert np.max(trace["v(b)"]) < 1.0 + 2e-3
    assert np.min(trace["v(b)"]) > -2e-3
    assert len(trace.axis) < 1200


@pytest.mark.parametrize("method", METHODS)
def test_the_error_follows_reltol(method: str) -> None:
    def error(reltol: float) -> float:
        trace = simulated(
            f".options reltol={reltol} vntol=1n method={method}\nV1 a 0 PULSE(0 1 1u 1n 1n 1 2)\n"
            "R1 a b 1k\nC1 b 0 1n\n.tran 10u 10u"
        )[0]
        t = np.maximum(trace.axis - 1e-6, 0.0)
        ramp = np.minimum(t, 1e-9) / 1e-9
        tau = 1e-6
        after = np.where(
            t <= 1e-9,
            (t - tau * (1.0 - np.exp(-t / tau))) / 1e-9,
            1.0 - tau / 1e-9 * (1.0 - np.exp(-1e-9 / tau)) * np.exp(-(t - 1e-9) / tau),
        )
        assert ramp[-1] == 1.0
        return float(np.max(np.abs(trace["v(b)"] - after)))

    errors = [error(10.0**-k) for k in (3, 4, 5, 6)]
    assert errors[0] < 1e-3
    assert errors[3] < 1e-5
    assert all(fine < 0.5 * coarse for coarse, fine in pairwise(errors))


def test_linear_steps_of_one_length_are_factored_once() -> None:
    system = compiled("V1 a 0 SIN(0 1 1k)\nR1 a b 1k\nC1 b 0 1u\n.tran 10u 1m 0 10u")
    assert system.affine
