"""Energies of transients: closed forms of RC and RLC networks, their order, Tellegen, ngspice's sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eqchip.netlists.circuit import Tran
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.analyses.analyse import analyse
from eqchip.simulator.cost.waveform_energy import MOST, WaveformEnergy
from eqchip.simulator.sparse import compile_sparse
from spice_runs import spice

CASES = Path(__file__).parents[2] / "cases"


def energies(text: str) -> WaveformEnergy:
    system = compile_sparse(elaborate(parse(f"made by a test\n{text}\n.end\n", "test.cir")))
    (card,) = (one for one in system.circuit.analyses if isinstance(one, Tran))
    energy = WaveformEnergy(system)
    for _ in analyse(system, card, energy):
        pass
    return energy


def of_case(name: str, options: str = "") -> WaveformEnergy:
    lines = (CASES / f"{name}.cir").read_text().splitlines()
    return energies("\n".join([options, *lines[1:-1]]))


def unbalanced(found: WaveformEnergy) -> float:
    """Return what Tellegen's theorem misses, over all that went to and fro."""
    delivered, burnt = sum(found.delivered.values()), sum(found.burnt.values())
    scale = sum(map(abs, (*found.delivered.values(), *found.burnt.values(), found.stored)))
    return abs(delivered - burnt - found.stored) / scale


def charging(longest: float, options: str = "") -> WaveformEnergy:
    """2 V reached in 0.1 τ charge 1 nF through 1 kΩ, for 20 τ."""
    return energies(f"V1 in 0 pwl 0 0 0.1u 2\nR1 in out 1k\nC1 out 0 1n\n{options}\n.tran 1u 20u 0 {longest}")


RAMP, TAU, VOLTS, FARADS = 0.1e-6, 1e-6, 2.0, 1e-9
SHARE = np.exp(-RAMP / TAU)
#: ∫V·i over the ramp, where i = (V·C/T)·(1 − e^(−t/τ)), and over what is left: V·i(T)·τ.
DELIVERED = VOLTS**2 * FARADS / RAMP**2 * (RAMP**2 / 2 - TAU**2 + SHARE * (TAU * RAMP + TAU**2)) + (
    VOLTS**2 * FARADS / RAMP * (1.0 - SHARE) * TAU
)


@pytest.mark.parametrize(
    ("options", "tolerance"), [("", 2e-3), (".options reltol=1e-6", 1e-4), (".options method=gear", 2e-3)]
)
def test_half_of_what_charges_a_capacitor_through_a_resistor_is_burnt(options: str, tolerance: float) -> None:
    found = charging(0.05e-6, options)
    assert found.delivered == pytest.approx({"v1": DELIVERED}, rel=tolerance)
    assert found.stored == pytest.approx(0.5 * FARADS * VOLTS**2, rel=1e-6)
    assert found.burnt["resistor"] == pytest.approx(DELIVERED - 0.5 * FARADS * VOLTS**2, rel=tolerance)
    assert found.burnt["capacitor"] == 0.0


def test_the_error_falls_with_the_square_of_the_step() -> None:
    loose = ".options reltol=0.5 trtol=1e6"
    errors = [abs(charging(h, loose).delivered["v1"] - DELIVERED) for h in (0.02e-6, 0.01e-6, 0.005e-6)]
    slopes = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(slopes, 2.0, atol=0.2)


def test_a_ringing_circuit_loses_what_its_resistor_burns() -> None:
    r, inductance, c, v0, end = 10.0, 1e-6, 1e-9, 3.0, 0.7e-6
    found = energies(
        f"C1 a 0 {c} ic={v0}\nL1 a b {inductance}\nR1 b 0 {r}\n.options reltol=1e-6\n.tran 1n {end} 0 1n uic"
    )
    decay = r / (2.0 * inductance)
    turn = np.sqrt(1.0 / (inductance * c) - decay**2)
    fall = np.exp(-decay * end)
    v = v0 * fall * (np.cos(turn * end) + decay / turn * np.sin(turn * end))
    i = v0 / (turn * inductance) * fall * np.sin(turn * end)
    left = 0.5 * c * v**2 + 0.5 * inductance * i**2
    assert found.delivered == {}
    assert found.stored == pytest.approx(left - 0.5 * c * v0**2, rel=1e-4)
    assert found.burnt["resistor"] == pytest.approx(0.5 * c * v0**2 - left, rel=1e-3)
    assert abs(found.burnt["inductor"]) < 1e-6 * left


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("ep08_opamp_integrator", 1e-3), ("ep10_diode_bridge", 1e-3), ("ep11_pwl_neuron", 1e-3)],
)
def test_what_is_delivered_is_burnt_or_stored(name: str, tolerance: float) -> None:
    assert unbalanced(of_case(name)) < tolerance


def test_a_source_that_is_charged_delivers_less_than_nothing() -> None:
    found = energies("V1 a 0 3\nR1 a b 100\nV2 b 0 1\n.tran 1u 1m")
    assert found.delivered == pytest.approx({"v1": 3 * 0.02 * 1e-3, "v2": -1 * 0.02 * 1e-3}, rel=1e-9)
    assert found.burnt == pytest.approx({"resistor": 4e-4 * 100 * 1e-3}, rel=1e-9)


def test_energies_are_counted_from_where_rows_begin() -> None:
    found = energies("V1 a 0 3\nR1 a 0 100\n.tran 1u 1m 0.4m")
    assert found.burnt["resistor"] == pytest.approx(
        0.09 * 0.6e-3, rel=5e-2
    )  # first and last row may lie within


def test_many_sources_are_told_by_kind() -> None:
    cards = "\n".join(f"V{k} n{k} 0 1\nR{k} n{k} 0 1k" for k in range(MOST + 1))
    found = energies(f"{cards}\n.tran 1u 1m")
    assert found.delivered == pytest.approx({"voltage source": (MOST + 1) * 1e-3 * 1e-3}, rel=1e-9)


def test_neurons_in_a_transient_draw_from_supplies() -> None:
    """A neuron at rest: ibias·vdd, and what its bias needs; what its leak burns is within."""
    found = energies(
        ".model cell neuron(c=1p gleak=1u activation=linear drive=direct bias=0.5 vdd=2 ibias=3u)\n"
        "Nx x cell\n.tran 1u 1m"
    )
    drawn = 2.0 * (3e-6 + 0.5e-6) * 1e-3
    assert found.delivered == pytest.approx({"supplies": drawn}, rel=1e-9)
    assert found.burnt["neuron"] == pytest.approx(drawn, rel=1e-9)


@pytest.mark.parametrize("name", ["ep08_opamp_integrator", "ep10_diode_bridge", "ep11_pwl_neuron"])
@pytest.mark.ngspice
def test_sources_deliver_what_those_of_ngspice_do(name: str, tmp_path: Path) -> None:
    """∫ −v·i of ngspice's own points; within 1e-3 of the energy that goes to and fro."""
    text = (CASES / f"{name}.cir").read_text().splitlines()
    (plot,) = spice("\n".join([".options reltol=1e-5", *text[1:-1]]), tmp_path)
    time = plot["time"]
    powers = {
        "ep08_opamp_integrator": {"vin": lambda: -plot["v(in)"] * plot["i(vin)"]},
        "ep10_diode_bridge": {"vs": lambda: -(plot["v(a)"] - plot["v(b)"]) * plot["i(vs)"]},
        "ep11_pwl_neuron": {
            "iin": lambda: plot["v(m)"] * np.interp(time, PWL[::2], PWL[1::2]),
            "bact": lambda: -plot["v(a)"] * plot["i(bact)"],
        },
    }[name]
    found = of_case(name, ".options reltol=1e-5")
    for source, power in powers.items():
        expected, scale = (np.trapezoid(one, time) for one in (power(), np.abs(power())))
        assert found.delivered[source] == pytest.approx(expected, abs=1e-3 * scale)


#: The current of Iin of ep11: times and amperes in turn.
PWL = np.array([0, 0, 50, 20, 400, 20, 420, 5, 900, 5, 950, 30, 1500, 30]) * 1e-6
