from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from eqchip.devices.circuit import opcodes
from eqchip.devices.circuit.behavioural import BEHAVIOURAL_CURRENT, BEHAVIOURAL_VOLTAGE, measure
from eqchip.devices.circuit.opcodes import (
    ARITY,
    CONSTANT,
    CONTROL,
    FUNCTIONS,
    LIMIT,
    OPERATORS,
    POWER,
    PWL,
    SELECT,
    SIGNED_POWER,
    TIME,
)
from eqchip.devices.circuit.stack_machine import run
from eqchip.devices.family import Settings
from spice_runs import TIGHT, needs_ngspice, spice

A, B = (CONTROL, 0.0), (CONTROL, 1.0)

#: name of a function or operator → a program that applies it to its first controls
APPLIED = {name: (*A, *B, op) for name, op in OPERATORS.items()} | {
    name: (*A, *(B if ARITY[op] > 1 else ()), *((CONSTANT, 0.5) if ARITY[op] > 2 else ()), op)
    for name, op in FUNCTIONS.items()
}
#: where a function is defined and smooth, if not everywhere
DOMAINS = {
    "acos": (-0.9, 0.9),
    "asin": (-0.9, 0.9),
    "atanh": (-0.9, 0.9),
    "acosh": (1.1, 3.0),
    "ln": (0.1, 3.0),
    "log": (0.1, 3.0),
    "log10": (0.1, 3.0),
    "sqrt": (0.1, 3.0),
}


def value_and_slopes(code, controls, time=0.0):
    code = np.asarray(code, dtype=float)
    depth, count = measure(code)
    count = max(count, len(controls))
    slope = np.zeros((depth, count))
    value = run(code, 0, len(code), np.asarray(controls, float), count, time, np.zeros(depth), slope)
    return value, slope[0].copy()


@pytest.mark.parametrize("name", APPLIED)
def test_the_derivative_of_every_function_is_exact(name: str) -> None:
    random = np.random.default_rng(3)
    low, high = DOMAINS.get(name, (-2.0, 2.0))
    for _ in range(20):
        at = random.uniform(low, high, 2)
        _, slopes = value_and_slopes(APPLIED[name], at)
        for k in range(2):
            step = np.zeros(2)
            step[k] = 1e-6
            up, _ = value_and_slopes(APPLIED[name], at + step)
            down, _ = value_and_slopes(APPLIED[name], at - step)
            assert slopes[k] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-8)


def test_a_composed_expression_follows_the_chain_rule() -> None:
    # sin(a·b)·exp(−t): derivatives b·cos(ab)·e⁻ᵗ, a·cos(ab)·e⁻ᵗ
    code = (*A, *B, opcodes.MULTIPLY, opcodes.SIN, TIME, opcodes.NEGATE, opcodes.EXP, opcodes.MULTIPLY)
    value, slopes = value_and_slopes(code, (0.3, 0.7), time=2.0)
    assert value == pytest.approx(math.sin(0.21) * math.exp(-2.0), rel=1e-14)
    expected = np.array([0.7, 0.3]) * math.cos(0.21) * math.exp(-2.0)
    np.testing.assert_allclose(slopes, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("code", "at", "value", "slope"),
    [
        ((*A, opcodes.ABS), 0.0, 0.0, 0.0),
        ((*A, opcodes.STEP), 0.0, 0.5, 0.0),
        ((*A, opcodes.RAMP), 0.0, 0.0, 0.5),
        ((*A, opcodes.SIGN), -2.0, -1.0, 0.0),
        ((*A, opcodes.NINT), 2.5, 2.0, 0.0),
        ((*A, opcodes.INT), -1.7, -1.0, 0.0),
        ((*A, CONSTANT, 3.0, POWER), -2.0, 8.0, -12.0),
        ((*A, CONSTANT, 3.0, SIGNED_POWER), -2.0, -8.0, 12.0),
        ((*A, CONSTANT, 2.0, POWER), -2.0, 4.0, -4.0),
        ((*A, CONSTANT, 0.0, CONSTANT, 1.0, LIMIT), 3.0, 1.0, 0.0),
        ((*A, CONSTANT, 1.0, CONSTANT, 0.0, LIMIT), -3.0, 0.0, 0.0),
        ((*A, CONSTANT, 5.0, *A, SELECT), 0.0, 0.0, 1.0),
        ((*A, CONSTANT, 5.0, *A, SELECT), 2.0, 5.0, 0.0),
        ((*A, PWL, 3.0, 0.0, 0.0, 1.0, 2.0, 2.0, 2.0), 1.0, 2.0, 0.0),
        ((*A, PWL, 3.0, 0.0, 0.0, 1.0, 2.0, 2.0, 2.0), -1.0, -2.0, 2.0),
        ((*A, opcodes.NOT), 0.0, 1.0, 0.0),
    ],
)
def test_what_happens_at_kinks_and_outside(code, at: float, value: float, slope: float) -> None:
    got, slopes = value_and_slopes(code, (at,))
    assert got == value
    assert slopes[0] == slope


@pytest.mark.parametrize("at", [-1e3, -1e6])
def test_a_logistic_is_flat_where_its_exponential_overflows(at: float) -> None:
    code = (CONSTANT, 0.3, CONSTANT, 1.0, *A, opcodes.NEGATE, opcodes.EXP, opcodes.ADD, opcodes.DIVIDE)
    value, slopes = value_and_slopes(code, (at,))
    assert (value, slopes[0]) == (0.0, 0.0)


@pytest.mark.parametrize("op", [opcodes.ASIN, opcodes.ACOS, opcodes.ATANH, opcodes.ACOSH])
def test_at_the_end_of_a_domain_the_slope_is_large_but_finite(op: int) -> None:
    _, slopes = value_and_slopes((*A, op), (1.0,))
    assert 1e9 < abs(slopes[0]) < np.inf


@pytest.mark.parametrize(
    "code",
    [
        (*A, opcodes.SQRT),
        (*A, opcodes.LN),
        (*A, opcodes.LOG10),
        (CONSTANT, 1.0, *A, opcodes.DIVIDE),
        (*A, CONSTANT, 0.5, POWER),
        (*A, CONSTANT, 0.5, SIGNED_POWER),
        (*A, CONSTANT, -1.0, POWER),
    ],
)
def test_newton_can_start_at_zero_volts(code) -> None:
    value, slopes = value_and_slopes(code, (0.0,))
    assert np.isfinite(value)
    assert np.isfinite(slopes).all()


def test_outside_its_domain_a_function_is_nan_and_not_something_plausible() -> None:
    for op in (
        opcodes.LN,
        opcodes.LOG10,
        opcodes.SQRT,
        opcodes.ASIN,
        opcodes.ACOS,
        opcodes.ATANH,
        opcodes.ACOSH,
    ):
        assert math.isnan(value_and_slopes((*A, op), (-2.0,))[0])


def test_the_branch_not_taken_does_not_poison_the_derivative() -> None:
    # a > 0 ? sqrt(a) : 0, at a < 0
    code = (*A, CONSTANT, 0.0, opcodes.GREATER, *A, opcodes.SQRT, CONSTANT, 0.0, SELECT)
    assert value_and_slopes(code, (-1.0,)) == (0.0, np.zeros(1))


def test_rows_have_the_length_of_their_programs() -> None:
    programs = (np.array([CONSTANT, 2.0]), np.array([*A, *B, opcodes.ADD]))
    rows = BEHAVIOURAL_CURRENT.prepare(BEHAVIOURAL_CURRENT.resolve(2, {}, Settings(), programs))
    assert [len(row) for row in rows] == [3 + 2, 3 + 5]
    np.testing.assert_array_equal(rows[1][:3], [5, 2, 2])  # code length, stack depth, controls


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ((999.0,), "no such opcode"),
        ((opcodes.ADD,), "too few values"),
        ((*A, *B), "must leave one value"),
        ((), "must leave one value"),
    ],
)
def test_what_is_not_a_program_is_refused(code, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        measure(np.array(code))


def ngspice_expressions() -> dict[str, tuple[float, ...]]:
    """Expressions as ngspice spells them, beside our programs; defined for v(a) in (0, 1)."""
    made: dict[str, tuple[float, ...]] = {}
    for name, op in FUNCTIONS.items():
        if name in ("limit", "if", "int", "arctan", "acosh"):
            continue  # not in ngspice's B source, or not defined here
        if ARITY[op] == 1:
            made[f"{name}(v(a))"] = (*A, op)
            if name not in DOMAINS:
                made[f"{name}(v(a)-0.52)"] = (*A, CONSTANT, 0.52, opcodes.SUBTRACT, op)
        elif ARITY[op] == 2:
            made[f"{name}(v(a),v(b))"] = (*A, *B, op)
    made["acosh(v(a)+1.1)"] = (*A, CONSTANT, 1.1, opcodes.ADD, opcodes.ACOSH)
    for exponent in (2.0, 3.0, 0.5, -1.0, 0.0):
        shifted = (*A, CONSTANT, 0.52, opcodes.SUBTRACT)
        for spelled, op in (
            ("(v(a)-0.52)^{}", POWER),
            ("(v(a)-0.52)**{}", POWER),
            ("pwr(v(a)-0.52,{})", SIGNED_POWER),
        ):
            if exponent >= 1.0 or exponent == 0.0:
                made[spelled.format(f"({exponent})")] = (*shifted, CONSTANT, exponent, op)
        made[f"pow(v(a),({exponent}))"] = (*A, CONSTANT, exponent, POWER)
    for spelled in ("<", "<=", ">", ">=", "==", "!=", "&&", "||"):
        made[f"v(a) {spelled} v(b) ? 1 : 0"] = (
            *A,
            *B,
            OPERATORS[spelled],
            CONSTANT,
            1.0,
            CONSTANT,
            0.0,
            SELECT,
        )
    made["ternary_fcn(v(a)>v(b),2,3)"] = (*A, *B, opcodes.GREATER, CONSTANT, 2.0, CONSTANT, 3.0, SELECT)
    made["pwl(v(a),0.2,2,0.5,0,0.7,5)"] = (*A, PWL, 3.0, 0.2, 2.0, 0.5, 0.0, 0.7, 5.0)
    made["v(a)/v(b)"] = (*A, *B, opcodes.DIVIDE)
    made["-v(a)^2"] = (*A, CONSTANT, 2.0, POWER, opcodes.NEGATE)
    return made


class TestNgspice:
    pytestmark = needs_ngspice

    def test_every_word_means_what_ngspice_means(self, tmp_path: Path) -> None:
        expressions = ngspice_expressions()
        cards = [f"b{k} n{k} 0 v={text}" for k, text in enumerate(expressions)]
        sources = ["v1 a 0 0.5", "v2 b 0 0.7", ".nodeset v(a)=0.5 v(b)=0.7", ".dc v1 0.05 0.95 0.06"]
        plot = spice(TIGHT + "\n".join([*sources, *cards]), tmp_path)[0]
        for k, (text, code) in enumerate(expressions.items()):
            ours = [value_and_slopes(code, (a, 0.7))[0] for a in plot["v(a)"]]
            np.testing.assert_allclose(ours, plot[f"v(n{k})"], rtol=1e-9, atol=1e-12, err_msg=text)


def test_the_sources_conserve_and_point_the_right_way() -> None:
    """V: n+ is above n-. I: the current goes from n+ through the source to n-."""
    program = (np.array([CONSTANT, 2.0]),)
    p = BEHAVIOURAL_CURRENT.prepare(BEHAVIOURAL_CURRENT.resolve(1, {}, Settings(), program))[0]
    i, q, g, c = np.zeros(2), np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2))
    BEHAVIOURAL_CURRENT.law(np.zeros(2), p, np.zeros(1), np.zeros(0), i, q, g, c)
    np.testing.assert_array_equal(i, [2.0, -2.0])
    p = BEHAVIOURAL_VOLTAGE.prepare(BEHAVIOURAL_VOLTAGE.resolve(1, {}, Settings(), program))[0]
    i, q, g, c = np.zeros(3), np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))
    BEHAVIOURAL_VOLTAGE.law(np.array([2.5, 0.5, 0.1]), p, np.zeros(1), np.zeros(0), i, q, g, c)
    np.testing.assert_allclose(i, [0.1, -0.1, 0.0])
