"""Fits find again what a plain generator of pulse data, written here, put in."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq

from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.data.pulses import parse_pulses
from eqchip.simulator.fitting.card import card, check_name
from eqchip.simulator.fitting.fit import Fit, fit
from eqchip.simulator.fitting.response import Response

Law = Callable[[float], float]

#: Values −1 to 1 of the generator are 10 to 90 µS.
MIDDLE, HALF = 50.0, 40.0


def measured(
    devices: list[tuple[Law, Law, float]], pulses: int, cycles: int = 1, every: int = 1, noise: float = 0.0,
    reading: float = 0.0, seed: int = 0,
) -> str:  # fmt: skip
    """Pulse `devices` (step up, step down, where each begins) up and down, and read them every few pulses."""
    random = np.random.default_rng(seed)
    lines = ["device,pulse,conductance (uS),direction"]
    for number, (up, down, w) in enumerate(devices):
        for k in range(2 * cycles * pulses + 1):
            rising = (k - 1) // pulses % 2 == 0
            if k:
                w += (up(w) if rising else down(w)) + noise * random.standard_normal()
            if k % every == 0:
                shown = MIDDLE + HALF * (w + reading * random.standard_normal())
                lines.append(f"{number},{k},{float(shown)!r},{'up' if rising or not k else 'down'}")
    return "\n".join(lines)


def soft(up: float, down: float, high: float, low: float) -> tuple[Law, Law]:
    return (lambda w: up * (1 - w / high)), (lambda w: -down * (1 - w / low))


def in_generator(made: Fit, value: float) -> float:
    """A value of the fit, whose unit is the range of the data, in the unit of the generator."""
    conductance = made.low + 0.5 * (value + 1.0) * (made.high - made.low)
    return (conductance * 1e6 - MIDDLE) / HALF


def numbers(made: Fit) -> dict[str, float]:
    return {key: value for key, value in made.summary.values.items() if isinstance(value, float)}


def responses(text: str) -> Response:
    return parse_pulses(text, "made.csv")


def test_soft_bounds_without_noise_are_found_exactly() -> None:
    up, down, high, low = 0.03, 0.02, 1.2, -0.9
    made = fit(responses(measured([(*soft(up, down, high, low), -0.8)], 80)), "softbounds", 0.0)
    found = numbers(made)
    assert in_generator(made, found["w_max"]) == pytest.approx(high, rel=1e-4)
    assert in_generator(made, found["w_min"]) == pytest.approx(low, rel=1e-4)
    # Steps at the middle of the data's own range, in its unit.
    zero, unit = in_generator(made, 0.0), (made.high - made.low) * 1e6 / (2 * HALF)
    rise, fall = up * (1 - zero / high) / unit, down * (1 - zero / low) / unit
    assert found["dw_min"] == pytest.approx(max(rise, fall), rel=1e-4)
    assert found["up_down"] == pytest.approx((rise - fall) / max(rise, fall), rel=1e-4)
    assert made.residual < 1e-6 * (made.high - made.low)
    assert made.curve_residual < 1e-4 * (made.high - made.low)


def test_readings_after_several_pulses_give_the_same() -> None:
    devices = [(*soft(0.03, 0.02, 1.2, -0.9), -0.8)]
    one = numbers(fit(responses(measured(devices, 80)), "softbounds", 0.0))
    four = numbers(fit(responses(measured(devices, 80, every=4)), "softbounds", 0.0))
    for key in ("dw_min", "up_down", "w_max", "w_min"):
        assert four[key] == pytest.approx(one[key], rel=2e-4)


@pytest.mark.statistical
def test_means_spreads_and_both_noises_are_recovered() -> None:
    """Means within 5 standard errors (false alarm 1e-5 for all of them), deviations within 5 of theirs."""
    random = np.random.default_rng(7)
    count, pulses, noise, reading = 12, 60, 0.012, 0.02
    gains = 1.0 + 0.15 * random.standard_normal(count)
    devices = [(*soft(0.04 * g, 0.04 * g, 1.1, -1.1), -0.9) for g in gains]
    made = fit(
        responses(measured(devices, pulses, cycles=2, noise=noise, reading=reading, seed=8)), "softbounds"
    )
    found, errors = numbers(made), made.summary.uncertain
    unit = (made.high - made.low) * 1e6 / (2 * HALF)
    zero = in_generator(made, 0.0)
    steps = 0.04 * gains.mean() * np.array([1 - zero / 1.1, 1 + zero / 1.1]) / unit
    assert abs(found["dw_min"] - steps.max()) < 5 * errors["dw_min"]
    assert abs(found["up_down"] - (steps[0] - steps[1]) / steps.max()) < 5 * errors["up_down"]
    for name, bound in (("w_max", 1.1), ("w_min", -1.1)):
        assert abs(in_generator(made, found[name]) - bound) < 5 * errors[name] * unit
    # A deviation over n draws is known to its own share of 1/√(2n); the two noises share the information.
    total = made.response.steps
    assert made.step_deviation * unit == pytest.approx(noise, rel=5 * 3 / math.sqrt(2 * total))
    assert made.read_deviation * unit == pytest.approx(reading, rel=5 * 3 / math.sqrt(2 * total))
    width = float(np.std(gains / gains.mean(), ddof=1))
    assert found["dw_min_dtod"] == pytest.approx(width, rel=5 / math.sqrt(2 * count))


@pytest.mark.parametrize(
    ("name", "up", "down", "begin"),
    [
        ("constant", lambda w: 0.02, lambda w: -0.025, -0.9),
        ("linear", lambda w: 0.02 * (1 - 0.5 * w), lambda w: -0.02 * (1 + 0.3 * w), -0.9),
        (
            "exponential",
            lambda w: 0.03 * max(0.0, 1 - 0.2 * math.exp(1.2 * w)),
            lambda w: -0.03 * max(0.0, 1 - 0.3 * math.exp(-0.9 * w)),
            -0.8,
        ),
        (
            "power",
            lambda w: 0.03 * ((1.2 - w) / 2.4) ** 1.7,
            lambda w: -0.03 * ((w + 1.2) / 2.4) ** 1.7,
            -0.9,
        ),
    ],
)
def test_every_law_explains_its_own_data(name: str, up: Law, down: Law, begin: float) -> None:
    made = fit(responses(measured([(up, down, begin)], 60)), name, 0.0)
    assert made.residual < 2e-5 * (made.high - made.low)
    assert made.curve_residual < 1e-3 * (made.high - made.low)
    if name == "power":
        assert numbers(made)["pow_gamma"] == pytest.approx(1.7, rel=0.02)


def test_akaike_prefers_the_law_that_made_the_data() -> None:
    text = measured([(*soft(0.04, 0.03, 1.1, -1.1), -0.9)] * 3, 60, noise=0.004, seed=3)
    found = {name: fit(responses(text), name, 0.0) for name in ("constant", "softbounds", "linear", "power")}
    assert min(found, key=lambda name: found[name].criterion) == "softbounds"
    assert found["constant"].criterion - found["softbounds"].criterion > 50


# -- labels of NeuroSim, by their published curve, solved here


def rate_of(label: float) -> float:
    """1/a of a label: |NL| is 10.1015 times the largest distance of the normalised curve from a line."""

    def largest(k: float) -> float:
        p = np.linspace(0.0, 1.0, 20001)
        return float(np.max((1 - np.exp(-k * p)) / (1 - math.exp(-k)) - p))

    return math.copysign(brentq(lambda k: 10.1015 * largest(k) - abs(label), 1e-3, 150.0), label)


LABELS = [
    (2.4, -4.88),
    (1.85, -1.79),
    (0.04, -0.63),
    (3.68, -6.76),
    (1.94, -0.61),
    (0.105, 2.4),
    (0.5, -0.5),
    (1.75, 1.46),
]


@pytest.mark.parametrize(("up", "down"), LABELS)
def test_labels_of_neurosim_come_back(up: float, down: float) -> None:
    states, low, high = 64, 10.0, 90.0

    def curve(k: float, pulses: np.ndarray) -> np.ndarray:
        return low + (high - low) * (1 - np.exp(-k * pulses / states)) / (1 - math.exp(-k))

    rising = curve(rate_of(up), np.arange(states + 1))
    falling = curve(rate_of(down), np.arange(states, -1, -1))
    lines = ["pulse,g (uS),direction"]
    lines += [f"{k},{g!r},up" for k, g in enumerate(rising.tolist())]
    lines += [f"{k},{g!r},down" for k, g in enumerate(falling.tolist())]
    made = fit(responses("\n".join(lines)), "pmax", 0.0)
    found = numbers(made)
    assert found["p_max"] == states
    assert found["nl_up"] == pytest.approx(up, abs=2e-3)
    assert found["nl_down"] == pytest.approx(down, abs=2e-3)
    assert made.curve_residual < 1e-4 * (made.high - made.low)


# -- the card


def test_the_card_is_a_library_that_says_what_is_left() -> None:
    text = measured([(*soft(0.04 * g, 0.03 * g, 1.1, -1.1), -0.9) for g in (0.9, 1.0, 1.1)], 40, noise=0.004)
    made = fit(responses(text), "softbounds", 0.0)
    written = card(made, "mine")
    model = elaborate(parse("t\n" + written + "R1 a 0 1\n")).models["mine"]
    for key, value in {"update": "softbounds", **made.summary.values}.items():
        assert model.values[key] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-6)), key
    assert model.values["gmax"] == pytest.approx(made.high, rel=1e-6)
    assert "residual:" in written
    assert "Source: measured, made.csv" in written
    assert all(len(line) <= 110 for line in written.splitlines())
    with pytest.raises(InputError, match="no name for a model"):
        check_name("1x")


def test_one_device_has_no_spread_and_the_card_says_so() -> None:
    made = fit(
        responses(measured([(*soft(0.04, 0.03, 1.1, -1.1), -0.9)], 40, noise=0.002)), "softbounds", 0.0
    )
    assert not [key for key in made.summary.values if key.endswith("_dtod")]
    assert "nothing is known of the spread" in card(made, "one")


def test_curves_begin_where_trains_do_and_steps_are_their_differences() -> None:
    made = fit(responses(measured([(*soft(0.04, 0.03, 1.1, -1.1), -0.9)], 40)), "softbounds", 0.0)
    for train in made.response.trains:
        curve = made.curve(train)
        assert curve[0] == pytest.approx(train.values[0])
        steps = made.steps(curve[:-1], train.direction)
        assert steps == pytest.approx([b - a for a, b in pairwise(curve)], rel=1e-6)


def test_a_law_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no model 'softbound' to fit"):
        fit(responses("g (uS)\n1\n2\n3\n"), "softbound")
