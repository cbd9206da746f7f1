"""Transients with noise: kT/C, kT·C⁻¹, spectra, equipartition, shot noise, ngspice's .noise, refusals.

Every statistic is of a fixed seed. Where the law of a step is known the increments are whitened, so that
their sum of squares is chi-square whatever the step: bounds are 4.5 of its sigma, an error rate of 7e-6.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

import eqchip
from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.flatten import flat_spice
from eqchip.netlists.reader import parse
from naive_noise import BOLTZMANN, spectrum
from spice_runs import spice

FloatArray = NDArray[np.float64]

SIGMAS = 4.5
KELVIN = 300.15
KT = BOLTZMANN * KELVIN


def tran(cards: str, seed: int = 1) -> Any:
    return eqchip.simulate(eqchip.parse(f"made by a test\n{cards}\n.end\n"), seed=seed)["tran"]


def chi_square(whitened: FloatArray) -> None:
    """Hold the sum of squares of what should be independent standard normals to 4.5 sigma."""
    count = whitened.size
    assert abs(np.sum(whitened**2) / count - 1.0) < SIGMAS * np.sqrt(2.0 / count)


def held(found: FloatArray, wanted: FloatArray, samples: int) -> None:
    both = np.outer(np.diag(wanted), np.diag(wanted))
    assert np.all(np.abs(found - wanted) < SIGMAS * np.sqrt((both + wanted**2) / samples))


@pytest.mark.parametrize("share", [0.01, 1.0, 10.0])
def test_an_rc_has_kt_over_c_at_any_step(share: float) -> None:
    """τ = 1 ns: increments over their deviation √(kT/C·(1 − a²)) are standard normals, and have no memory."""
    v = tran(f"R1 a 0 1k\nC1 a 0 1p\n.tran {share}n {20_000 * share}n noise")["v(a)"]
    assert v[0] == 0.0
    assert len(v) == 20_001
    kept = np.exp(-share)
    fresh = (v[1:] - kept * v[:-1]) / np.sqrt(KT / 1e-12 * (1.0 - kept**2))
    chi_square(fresh)
    assert abs(np.mean(fresh[1:] * fresh[:-1])) < SIGMAS / np.sqrt(len(fresh))


def network(seed: int, nodes: int = 4) -> tuple[str, FloatArray, FloatArray]:
    """Return cards, C and G of a random network with floating resistors, held by one source."""
    draw = np.random.default_rng(seed)
    c, g = np.zeros((nodes, nodes)), np.zeros((nodes, nodes))
    cards = "V1 in 0 0.7\n"
    for i in range(nodes):
        own = 10.0 ** draw.uniform(-13.0, -12.0)
        c[i, i] += own
        cards += f"C{i} n{i} 0 {own:.17g}\n"
        for j in range(-1, i):
            if j != i - 1 and draw.random() < 0.4:
                continue
            ohm = 10.0 ** draw.uniform(3.0, 4.0)
            cards += f"R{i}_{j + 1} n{i} {'in' if j < 0 else f'n{j}'} {ohm:.17g}\n"
            g[i, i] += 1.0 / ohm
            if j >= 0:
                g[j, j] += 1.0 / ohm
                g[i, j] -= 1.0 / ohm
                g[j, i] -= 1.0 / ohm
        if i and draw.random() < 0.5:
            more = 10.0 ** draw.uniform(-13.0, -12.0)
            cards += f"CF{i} n{i} n{i - 1} {more:.17g}\n"
            c[np.ix_([i - 1, i], [i - 1, i])] += more * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return cards, c, g


@pytest.mark.parametrize("share", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_networks_have_the_law_of_their_resistors(seed: int, share: float) -> None:
    """Steps of e^{−At} and kT·(C⁻¹ − e^{−At}C⁻¹e^{−Aᵀt}); far apart kT·C⁻¹, whatever the resistors."""
    cards, c, g = network(seed)
    a, still = np.linalg.solve(c, g), KT * np.linalg.inv(c)
    length = share / np.min(np.linalg.eigvals(a).real)
    found = tran(f"{cards}.tran {length:.17g} {2000.5 * length:.17g} noise", seed)
    v = np.column_stack([found[f"v(n{i})"] for i in range(len(c))]) - 0.7
    kept = expm(-a * length)
    fresh = v[1:] - v[:-1] @ kept.T
    chi_square(np.linalg.solve(np.linalg.cholesky(still - kept @ still @ kept.T), fresh.T))
    if share == 10.0:
        held(v[1:].T @ v[1:] / 2000, still, 2000)


def test_bare_nodes_pass_their_noise_on() -> None:
    """R to a bare node to R: one resistor of both; the bare node stands where they put it."""
    found = tran("C1 a 0 1p\nR1 a m 1k\nR2 m 0 2k\n.tran 30n 90u noise")
    chi_square(found["v(a)"][1:] / np.sqrt(KT / 1e-12))
    assert np.allclose(found["v(m)"], found["v(a)"] * 2.0 / 3.0, atol=1e-12)


def test_the_spectrum_of_two_poles() -> None:
    """One-sided 4kT·Re Z, which is Σ 4kTR|H|², with what sampling folds into the band."""
    length, each = 2e-10, 256
    v = tran("R1 a 0 1k\nC1 a 0 1p\nR2 a b 3k\nC2 b 0 0.5p\n.tran 0.2n 13.2u 0.1u noise")["v(b)"]
    rows = v[: len(v) // each * each].reshape(-1, each)
    frequency, power = spectrum(rows, length)

    def wanted(f: FloatArray) -> FloatArray:
        w = 2j * np.pi * np.abs(f)
        y = (1e-3 + 1.0 / 3e3 + w * 1e-12) * (1.0 / 3e3 + w * 0.5e-12) - 1.0 / 9e6
        return np.asarray(4.0 * KT * ((1e-3 + 1.0 / 3e3 + w * 1e-12) / y).real)

    folded = sum(wanted(frequency + k / length) for k in range(-60, 61))
    for first in range(4, 124, 12):
        band = slice(first, first + 12)
        ratio = np.mean(power[band] / np.asarray(folded)[band])
        assert abs(ratio - 1.0) < SIGMAS * np.sqrt(1.6 / (12 * len(rows)))  # a Hann window joins bins


def test_a_biased_junction_is_shot_noise_into_its_slope() -> None:
    """1 µA: D = qI into g = qI/kT and C: variance kT/2C, and the memory of a trapezoidal step."""
    tau = 1e-12 / (1e-6 / (KT / 1.6021766208e-19))
    cards = f".model dio d(is=1f)\nI1 0 a 1u\nD1 a 0 dio\nC1 a 0 1p\n.tran {tau / 2} {6000.5 * tau / 2} noise"
    v = tran(cards)["v(a)"]
    v = v - v[0]
    kept = 0.75 / 1.25
    chi_square((v[1:] - kept * v[:-1]) / np.sqrt(0.5 * KT / 1e-12 * (1.0 - kept**2)))


def test_a_nonlinear_capacitor_has_equipartition_in_charge() -> None:
    """⟨q·v⟩ = kT for any q(v): noise of a resistor is additive in charge. Here it has 65 mV."""
    cards = ".model dio d(is=1e-30 cjo=1e-18 vj=1 m=0.5 thermal=0)\nD1 a 0 dio\nR1 a 0 1meg\n"
    v = tran(f"{cards}.tran 0.4p 20n 0.02n noise")["v(a)"]
    q = 2e-18 * (1.0 - np.sqrt(1.0 - np.minimum(v, 0.5)))
    q = np.where(v > 0.5, np.nan, q)
    assert not np.any(np.isnan(q))
    assert np.std(v) > 0.06
    product = q * v / KT
    blocks = product[: len(product) // 250 * 250].reshape(-1, 250).mean(axis=1)  # 100 τ each
    assert abs(np.mean(blocks) - 1.0) < SIGMAS * np.std(blocks) / np.sqrt(len(blocks)) + 0.01
    assert np.std(blocks) / np.sqrt(len(blocks)) < 0.015


def test_inductors_have_kt_over_l_and_amplifiers_pass_noise() -> None:
    """Between R and L is a bare node: its noise becomes flux. An ideal amplifier follows, without noise."""
    found = tran("R1 0 m 1k\nL1 m a 1u\nC1 a 0 1p\nE1 b 0 a 0 2\n.tran 4n 160u 0.1u noise")
    count = len(found.axis)
    # |a| of a step of 4 ns: 1 − 2·(R/2L)·h/|…|² leaves a third of the samples to count.
    bound = SIGMAS * np.sqrt(2.0 / (count / 3.0))
    assert abs(np.var(found["v(a)"]) / (KT / 1e-12) - 1.0) < bound
    assert abs(np.var(found["i(l1)"]) / (KT / 1e-6) - 1.0) < bound
    assert np.allclose(found["v(b)"], 2.0 * found["v(a)"], atol=1e-12)


@pytest.mark.parametrize("model", ["", "thermal=0"])
@pytest.mark.parametrize("cards", ["", "D1 b 0 dio\n"])
def test_beside_the_noise_stands_the_course_without(cards: str, model: str) -> None:
    """Both ways; quiet, the course is the transient itself; loud, it differs by noise of mean 0."""
    circuit = f"""\
V1 in 0 PULSE(0 0.5 0.1u 50n 50n 0.9u 2u)
.model res r({model})
.model dio d(is=1f {model})
R1 in a res 10k
C1 a 0 10p
R2 a b res 20k
C2 b 0 2p
{cards}"""
    noisy = tran(f"{circuit}.tran 20n 6u 0 2n noise", 3)
    plain = tran(f"{circuit}.options reltol=1e-6\n.tran 20n 6u 0 2n")
    missed = noisy["v(b)"] - np.interp(noisy.axis, plain.axis, plain["v(b)"])
    assert np.max(np.abs(missed)) < (1e-3 if model else 6.0 * np.sqrt(KT / 2e-12))
    assert model or np.std(missed) > 0.3 * np.sqrt(KT / 2e-12)


def test_temperatures_and_thermal_say_how_loud() -> None:
    """.temp, temp= of one element and thermal= of a model; two temperatures mix by conductance."""
    for cards, kelvin in (
        (".temp 127\nR1 a 0 1k\n", 400.15),
        ("R1 a 0 1k temp=227\n", 500.15),
        (".model hot r(thermal=900)\nR1 a 0 hot 1k\n", 900.0),
        (".model hot r(thermal=900)\nR1 a 0 hot 2k\nR2 a 0 2k\n", 0.5 * (900.0 + KELVIN)),
    ):
        v = tran(f"{cards}C1 a 0 1p\n.tran 20n 80u noise")["v(a)"]
        chi_square(v[1:] / np.sqrt(BOLTZMANN * kelvin / 1e-12))


def test_ideal_thermal_silences_the_word() -> None:
    text = "made by a test\n.model dio d(is=1f)\nR1 a 0 1k\nD1 a 0 dio\nC1 a 0 1p\n.tran 1n 9n noise\n.end\n"
    chip = eqchip.parse(text)
    assert np.std(eqchip.simulate(chip)["tran"]["v(a)"][1:]) > 1e-5
    assert np.max(np.abs(eqchip.simulate(chip.ideal("thermal"))["tran"]["v(a)"])) < 1e-12


def test_neurons_fluctuate_as_their_models_say() -> None:
    """Thermal noise of the leak: kT/C; a trap that is full for a quarter of the time shifts the mean."""
    cards = """\
.bus h[1]
.model cell neuron(activation=linear c=1f gleak=1u thermal=300)
.model trapped neuron(activation=linear c=1f gleak=1u telegraph=0.2 telegraph_up=20meg telegraph_down=60meg)
Nh h {cell}
.tran 2n 10u noise"""
    v = tran(cards.replace("{cell}", "cell"))["v(h)"].ravel()  # h = 2 τ: the trapezoidal step keeps nothing
    chi_square(v[1:] / np.sqrt(BOLTZMANN * 300.0 / 1e-15))
    v = tran(cards.replace("{cell}", "trapped").replace("10u", "40u"))["v(h)"].ravel()
    number = 40e-6 * 80e6 / 2.0  # independent looks at a trap of 1/(up + down)
    assert abs(np.mean(v) - 0.05) < SIGMAS * 0.2 * np.sqrt(0.1875 / number)
    assert np.max(v) == pytest.approx(0.2, rel=1e-3)


def test_draws_depend_on_the_seed_and_on_nothing_else() -> None:
    cards = "R1 a 0 1k\nC1 a 0 1p\n"
    one = tran(f"{cards}.tran 1n 400n noise", 7)
    assert np.array_equal(one["v(a)"], tran(f"{cards}.tran 1n 400n noise uic", 7)["v(a)"])
    late = tran(f"{cards}.tran 1n 400n 100n noise", 7)
    assert np.array_equal(late["v(a)"], one["v(a)"][100:])
    assert np.array_equal(late.axis, one.axis[100:])
    assert not np.allclose(one["v(a)"], tran(f"{cards}.tran 1n 400n noise", 8)["v(a)"], atol=1e-7)


@pytest.mark.ngspice
def test_the_total_noise_of_a_ladder_is_ngspices(tmp_path: Path) -> None:
    """Its .noise, integrated over 13 decades: what our samples have, far apart."""
    ladder = "V1 in 0 0 ac 1\nR1 in a 1k\nC1 a 0 1p\nR2 a b 5k\nC2 b 0 2p\n"
    ladder += "R3 b c 2k\nC3 c 0 0.5p\nC4 c a 1p\n"
    plots = spice(f"{ladder}.noise v(c) v1 dec 200 1 1e13", tmp_path)
    wanted = next(plot["v(onoise_total)"] for plot in plots if "v(onoise_total)" in plot)[0] ** 2
    v = tran(f"{ladder.replace(' ac 1', '')}.tran 200n 400u noise")["v(c)"][1:]
    assert abs(np.mean(v**2) / wanted - 1.0) < SIGMAS * np.sqrt(2.0 / len(v))
    c = np.array([[2e-12, 0.0, -1e-12], [0.0, 2e-12, 0.0], [-1e-12, 0.0, 1.5e-12]])
    assert wanted == pytest.approx(KT * np.linalg.inv(c)[2, 2], rel=2e-3)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ("R1 a 0 1k\nD1 a b dio\nC1 b 0 1p\n.tran 1n 10n noise", r"noise drives v\(a\), which has no capac"),
        ("V1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n.tran 1n 10n noise", "nothing in this circuit keeps noise"),
        ("V1 a 0 1\nR1 a b 1k\nD1 b 0 dio\n.tran 1n 10n noise", "nothing in this circuit keeps noise"),
        ("V1 a 0 1\nR1 a 0 1k\n.save i(v1)\n.tran 1n 10n noise", r"i\(v1\) of a noisy transient is white"),
        ("R1 a 0 1k\nC1 a 0 1p\n.options energy=1\n.tran 1n 10n noise", "energy of a noisy waveform"),
        ("R1 a 0 1k\n.tran 1n 10n noise learn", "that learns cannot be noisy yet"),
        ("R1 a 0 1k\nC1 a 0 1p\n.tran 1n 0.5n noise", "a noisy transient of 0.5 steps"),
        ("R1 a 0 1k\n.tran 1n 10n noise loud", "'loud' on .tran is one word too many"),
    ],
)
def test_what_has_no_answer_is_refused(cards: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        tran(f".model dio d(is=1f)\n{cards}")


def test_a_noisy_transient_has_no_spice_form() -> None:
    text = "made by a test\nR1 a 0 1k\nC1 a 0 1p\n.tran 1n 10n noise\n.end\n"
    with pytest.raises(InputError, match="a noisy transient has no SPICE form"):
        flat_spice(elaborate(parse(text, "test.cir")))
