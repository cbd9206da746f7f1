"""Behavioural sources: a voltage or a current that is any function of voltages, currents and time.

    B n+ n- V={expression}      v(n+) − v(n-) = e(controls, t)
    B n+ n- I={expression}      e(controls, t) flows from n+ through the source to n-

The expression comes as postfix code (opcodes.py) over its controls, which are nodes or currents of
voltage sources; its derivatives are exact (stack_machine.py). A row of values is: length of the code,
depth of its stack, number of controls, the code.

Source: the B element of the ngspice 39 manual, chapter 5.1. Limits: no charge, no energy.
"""

from __future__ import annotations

import numpy as np

from eqchip.devices.circuit.opcodes import ARITY, CONSTANT, CONTROL, PWL
from eqchip.devices.circuit.stack_machine import run
from eqchip.devices.family import Family, FloatArray, Given
from eqchip.kernels import kernel

_HEAD = 3


def measure(code: FloatArray) -> tuple[int, int]:
    """Return how deep the stack of a program gets, and how many controls it names.

    ValueError when it is not a program: it is elaboration that writes them, so that is its mistake.
    """
    at = depth = deepest = controls = 0
    while at < len(code):
        op = int(code[at])
        if op not in ARITY:
            raise ValueError(f"no such opcode: {op}")
        depth -= ARITY[op]
        if depth < 0:
            raise ValueError(f"opcode {op} finds too few values on the stack")
        depth += 1
        deepest = max(deepest, depth)
        if op == CONTROL:
            controls = max(controls, int(code[at + 1]) + 1)
        at += 2 if op in (CONSTANT, CONTROL) else (2 + 2 * int(code[at + 1]) if op == PWL else 1)
    if depth != 1 or at != len(code):
        raise ValueError("a program must leave one value")
    return deepest, controls


def prepare(given: Given) -> list[FloatArray]:
    """Return one row per element, as long as its program."""
    rows = []
    for code in given.programs:
        deepest, controls = measure(code)
        head = np.array([len(code), deepest, controls], dtype=np.float64)
        rows.append(np.concatenate([head, np.asarray(code, dtype=np.float64)]))
    return rows


@kernel
def voltage_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """v = e(controls): unknowns n+, n-, branch current, controls."""
    count = int(p[2])
    stack = np.empty(int(p[1]))
    slope = np.empty((int(p[1]), count))
    value = run(p, _HEAD, int(p[0]), u[3:], count, d[0], stack, slope)
    i[0] = u[2]
    i[1] = -u[2]
    i[2] = u[0] - u[1] - value
    g[0, 2] = 1.0
    g[1, 2] = -1.0
    g[2, 0] = 1.0
    g[2, 1] = -1.0
    for k in range(count):
        g[2, 3 + k] = -slope[0, k]
    return 0


@kernel
def current_law(
    u: FloatArray,
    p: FloatArray,
    d: FloatArray,
    m: FloatArray,
    i: FloatArray,
    q: FloatArray,
    g: FloatArray,
    c: FloatArray,
) -> int:
    """i = e(controls): unknowns n+, n-, controls."""
    count = int(p[2])
    stack = np.empty(int(p[1]))
    slope = np.empty((int(p[1]), count))
    value = run(p, _HEAD, int(p[0]), u[2:], count, d[0], stack, slope)
    i[0] = value
    i[1] = -value
    for k in range(count):
        g[0, 2 + k] = slope[0, k]
        g[1, 2 + k] = -slope[0, k]
    return 0


BEHAVIOURAL_VOLTAGE = Family(
    name="behavioural voltage source",
    text="a voltage that is a function of voltages, currents and time",
    letters=("B",),
    terminals=("n+", "n-"),
    parameters=(),
    law=voltage_law,
    prepare=prepare,
    branches=1,
    controls=-1,
    control_kind="expression",
    delivers=True,
    source="ngspice 39 manual, B element",
)

BEHAVIOURAL_CURRENT = Family(
    name="behavioural current source",
    text="a current that is a function of voltages, currents and time",
    letters=("B",),
    terminals=("n+", "n-"),
    parameters=(),
    law=current_law,
    prepare=prepare,
    controls=-1,
    control_kind="expression",
    delivers=True,
    source="ngspice 39 manual, B element",
)
