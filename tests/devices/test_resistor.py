"""Resistors by their conductance, and resistors that differ from device to device."""

from __future__ import annotations

import numpy as np
import pytest

from elaborated import circuit, refused
from eqchip.netlists.flatten import flat_spice
from eqchip.simulator.manufacture import manufactured
from simulated import simulated

DIVIDER = "V1 a 0 1\nR1 a b {first}\nR2 b 0 1k\n.model r R(g=3m)\n.op"


@pytest.mark.parametrize("first", ["g=3m", "r=5 g=3m", "r", "{1/3m}"])
def test_a_conductance_stands_for_a_resistance(first: str) -> None:
    (trace,) = simulated(DIVIDER.format(first=first))
    assert trace["v(b)"][0] == pytest.approx(3.0 / 4.0, rel=1e-9)


def test_its_multiplicity_and_temperature_count_as_those_of_a_resistance() -> None:
    by_g, by_r = (
        simulated(DIVIDER.format(first=f"{word} m=2 tc1=1e-3 temp=77"))[0]["v(b)"][0]
        for word in ("g=3m", "{1/3m}")
    )
    assert by_g == pytest.approx(by_r, rel=1e-12)


def test_its_export_says_the_resistance() -> None:
    found = circuit(".bus b[2]\nV1 a 0 1\nR1 a b 1k g=4m\n.set R1[1].g=2m\nR2 b 0 1k r_dtod=0.1\n.op\n")
    text = flat_spice(manufactured(found))
    assert "R1[0] a b[0] 250\n" in text
    assert "R1[1] a b[1] 500\n" in text
    assert "dtod" not in text
    assert " g=" not in text


def test_a_resistor_without_either_is_refused() -> None:
    refused("R1 a 0\n", "R1 has no value")


def test_resistances_are_drawn_once_a_chip() -> None:
    """Mean and spread of 10,000 within 5 σ; another chip has others, the same seed the same."""
    cards = ".bus b[10000]\nV1 b 0 1\nR1 b 0 1k r_dtod=0.1\n.options chipseed={seed}\n"

    def drawn(seed: int) -> np.ndarray:
        one = manufactured(circuit(cards.format(seed=seed))).instance("R1")
        assert one is not None
        return np.asarray(one.values["r"])

    first = drawn(1)
    np.testing.assert_array_equal(first, drawn(1))
    assert not np.any(first == drawn(2))
    assert abs(first.mean() - 1e3) < 5.0 * 100.0 / 100.0
    assert abs(first.std() - 100.0) < 5.0 * 100.0 / np.sqrt(2e4)
