"""Run a B-source program: its value, and its exact derivative by every control (forward mode).

At kinks and jumps the derivative is, like ngspice's: sgn(0) = 0 for abs; 0 for sgn, u, int, floor, ceil,
nint and comparisons; ½ for uramp at 0; for min and max that of the second argument on a tie; for pwl that
of the piece to the right; for limit 0 at and beyond a limit.

Newton starts at 0 V, so nothing may be infinite there: dividing by 0, log(0) and the slopes of roots at 0
are taken at SMALLEST instead, and so are the slopes of asin, acos, atanh and acosh at the ends of their
domains. Outside the domain of a function (log or sqrt of a negative number) the value is NaN, and the
solver says so.
"""

from __future__ import annotations

import math

from eqchip.devices.circuit.opcodes import (
    ABS,
    ACOS,
    ACOSH,
    ADD,
    AND,
    ASIN,
    ASINH,
    ATAN,
    ATANH,
    CEIL,
    CONSTANT,
    CONTROL,
    COS,
    COSH,
    DIVIDE,
    EQUAL,
    EXP,
    FLOOR,
    GREATER,
    GREATER_EQUAL,
    INT,
    LESS,
    LESS_EQUAL,
    LIMIT,
    LN,
    LOG10,
    MAX,
    MIN,
    MULTIPLY,
    NEGATE,
    NINT,
    NOT,
    NOT_EQUAL,
    OR,
    POWER,
    PWL,
    RAMP,
    SELECT,
    SIGN,
    SIGNED_POWER,
    SIN,
    SINH,
    SQRT,
    STEP,
    STEP_RAMP,
    SUBTRACT,
    TAN,
    TANH,
    TIME,
)
from eqchip.devices.family import FloatArray
from eqchip.kernels import kernel

SMALLEST = 1e-30
LARGEST = 709.7  # the exponential of more is infinite


@kernel
def unary(code: int, x: float) -> tuple[float, float]:
    """Return a function of one argument and its derivative there."""
    if code == NEGATE:
        return -x, -1.0
    if code == NOT:
        return (1.0 if x == 0.0 else 0.0), 0.0
    if code in (ABS, SIGN):
        sign = 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)
        return (abs(x), sign) if code == ABS else (sign, 0.0)
    if code in (STEP, RAMP):
        step = 0.0 if x < 0.0 else (1.0 if x > 0.0 else 0.5)
        return (step, 0.0) if code == STEP else (max(x, 0.0), step)
    if code == STEP_RAMP:
        return min(max(x, 0.0), 1.0), (1.0 if 0.0 < x < 1.0 else (0.5 if x == 0.0 or x == 1.0 else 0.0))
    if code == INT:
        return float(math.trunc(x)), 0.0
    if code == FLOOR:
        return float(math.floor(x)), 0.0
    if code == CEIL:
        return float(math.ceil(x)), 0.0
    if code == NINT:
        return float(round(x)), 0.0
    if code == EXP:
        e = math.exp(x) if x < LARGEST else math.inf
        return e, e
    if code in (LN, LOG10, SQRT):
        if x < 0.0:
            return math.nan, math.nan
        at = max(x, SMALLEST)
        if code == SQRT:
            return math.sqrt(x), 0.5 / math.sqrt(at)
        if code == LOG10:
            return math.log10(at), 1.0 / (at * math.log(10.0))
        return math.log(at), 1.0 / at
    if code in (ASIN, ACOS, ATANH):
        if not abs(x) <= 1.0:
            return math.nan, math.nan
        room = max(1.0 - x * x, SMALLEST)
        if code == ATANH:
            return (math.atanh(x) if abs(x) < 1.0 else math.copysign(math.inf, x)), 1.0 / room
        slope = 1.0 / math.sqrt(room)
        return (math.asin(x), slope) if code == ASIN else (math.acos(x), -slope)
    if code == ACOSH:
        if not x >= 1.0:
            return math.nan, math.nan
        return math.acosh(x), 1.0 / math.sqrt(max(x * x - 1.0, SMALLEST))
    if code == SIN:
        return math.sin(x), math.cos(x)
    if code == COS:
        return math.cos(x), -math.sin(x)
    if code == TAN:
        t = math.tan(x)
        return t, 1.0 + t * t
    if code == ATAN:
        return math.atan(x), 1.0 / (1.0 + x * x)
    if code == SINH:
        return math.sinh(x), math.cosh(x)
    if code == COSH:
        return math.cosh(x), math.sinh(x)
    if code == TANH:
        t = math.tanh(x)
        return t, 1.0 - t * t
    if code == ASINH:
        return math.asinh(x), 1.0 / math.sqrt(x * x + 1.0)
    return math.nan, math.nan


@kernel
def binary(code: int, a: float, b: float) -> tuple[float, float, float]:
    """Return a function of two arguments and both derivatives."""
    if code == ADD:
        return a + b, 1.0, 1.0
    if code == SUBTRACT:
        return a - b, 1.0, -1.0
    if code == MULTIPLY:
        return a * b, b, a
    if code == DIVIDE:
        by = b if abs(b) > SMALLEST else math.copysign(SMALLEST, b)
        return a / by, 1.0 / by, -a / (by * by)
    if code == MIN:
        return (a, 1.0, 0.0) if a < b else (b, 0.0, 1.0)
    if code == MAX:
        return (a, 1.0, 0.0) if a > b else (b, 0.0, 1.0)
    if code in (POWER, SIGNED_POWER):
        base = abs(a)
        sign = -1.0 if a < 0.0 else 1.0
        value = max(base, SMALLEST) ** b if b < 0.0 else base**b
        by_base = 0.0 if b == 0.0 else b * max(base, SMALLEST) ** (b - 1.0)
        by_exponent = value * math.log(base) if base > 0.0 else 0.0
        if code == POWER:
            return value, (0.0 if a == 0.0 and b != 1.0 else sign * by_base), by_exponent
        return sign * value, by_base, sign * by_exponent
    true = False
    if code == LESS:
        true = a < b
    elif code == LESS_EQUAL:
        true = a <= b
    elif code == GREATER:
        true = a > b
    elif code == GREATER_EQUAL:
        true = a >= b
    elif code == EQUAL:
        true = a == b
    elif code == NOT_EQUAL:
        true = a != b
    elif code == AND:
        true = a != 0.0 and b != 0.0
    elif code == OR:
        true = a != 0.0 or b != 0.0
    else:
        return math.nan, math.nan, math.nan
    return (1.0 if true else 0.0), 0.0, 0.0


@kernel
def broken_line(code: FloatArray, at: int, count: int, x: float) -> tuple[float, float]:
    """Return the piecewise linear function through `count` points from code[at], and its slope, at x."""
    left, right = 0, count - 1
    while right - left > 1:
        middle = (left + right) // 2
        if code[at + 2 * middle] > x:
            right = middle
        else:
            left = middle
    x0, y0 = code[at + 2 * left], code[at + 2 * left + 1]
    x1, y1 = code[at + 2 * right], code[at + 2 * right + 1]
    slope = (y1 - y0) / (x1 - x0)
    return y0 + slope * (x - x0), slope


@kernel
def chain(outer: float, inner: float) -> float:
    """Return the product of two slopes; 0 wins over infinity, as in 1/(1 + exp(-x)) far below zero."""
    return outer * inner if outer != 0.0 and inner != 0.0 else 0.0


@kernel
def run(
    code: FloatArray,
    start: int,
    length: int,
    controls: FloatArray,
    count: int,
    time: float,
    value: FloatArray,
    slope: FloatArray,
) -> float:
    """Run code[start : start + length]; leave the derivatives in slope[0, :count] and return the value.

    `value` (depth) and `slope` (depth, count) are the stack.
    """
    top = -1
    at = start
    end = start + length
    while at < end:
        op = int(code[at])
        at += 1
        if op in (CONSTANT, CONTROL, TIME):
            top += 1
            for k in range(count):
                slope[top, k] = 0.0
            if op == CONSTANT:
                value[top] = code[at]
                at += 1
            elif op == CONTROL:
                which = int(code[at])
                value[top] = controls[which]
                slope[top, which] = 1.0
                at += 1
            else:
                value[top] = time
        elif op == PWL:
            points = int(code[at])
            y, by_x = broken_line(code, at + 1, points, value[top])
            value[top] = y
            for k in range(count):
                slope[top, k] *= by_x
            at += 1 + 2 * points
        elif op == SELECT:
            top -= 2
            chosen = top + 1 if value[top] != 0.0 else top + 2
            value[top] = value[chosen]
            for k in range(count):
                slope[top, k] = slope[chosen, k]
        elif op == LIMIT:
            top -= 2
            low = min(value[top + 1], value[top + 2])
            high = max(value[top + 1], value[top + 2])
            lower = top + 1 if value[top + 1] <= value[top + 2] else top + 2
            upper = 2 * top + 3 - lower
            if value[top] <= low or value[top] >= high:
                bound = lower if value[top] <= low else upper
                value[top] = value[bound]
                for k in range(count):
                    slope[top, k] = slope[bound, k]
        elif op < NEGATE:
            top -= 1
            y, by_a, by_b = binary(op, value[top], value[top + 1])
            value[top] = y
            for k in range(count):
                slope[top, k] = chain(by_a, slope[top, k]) + chain(by_b, slope[top + 1, k])
        else:
            y, by_x = unary(op, value[top])
            value[top] = y
            for k in range(count):
                slope[top, k] = chain(by_x, slope[top, k])
    return float(value[0])
