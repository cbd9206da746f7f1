"""Programs back to formulas, with the names of a flat netlist: the inverse of program.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eqchip.devices.circuit.opcodes import (
    CONSTANT,
    CONTROL,
    FUNCTIONS,
    NEGATE,
    NOT,
    OPERATORS,
    PWL,
    SELECT,
    TIME,
)
from eqchip.netlists.formula import Call, Chain, Choice, Node, Number, Prefix, Source, Spot, Time

_NOWHERE = Spot(Source(""))
# Of several spellings the first one: `^`, `atan`, `ln`.
_OPERATOR = {code: word for word, code in reversed(OPERATORS.items())}
_FUNCTION = {code: word for word, code in reversed(FUNCTIONS.items())}
_ARGUMENTS = {"min": 2, "max": 2, "pow": 2, "pwr": 2, "limit": 3}


def formula(code: Sequence[float], control: Callable[[int], Node]) -> Node:
    """Return what a program computes; `control` says what its k-th control is called."""
    stack: list[Node] = []
    at = 0
    while at < len(code):
        op = int(code[at])
        at += 1
        if op == CONSTANT:
            stack.append(Number(code[at], _NOWHERE))
            at += 1
        elif op == CONTROL:
            stack.append(control(int(code[at])))
            at += 1
        elif op == TIME:
            stack.append(Time(_NOWHERE))
        elif op == PWL:
            count = 2 * int(code[at])
            points = [Number(x, _NOWHERE) for x in code[at + 1 : at + 1 + count]]
            stack.append(Call("pwl", (stack.pop(), *points), _NOWHERE))
            at += 1 + count
        elif op == SELECT:
            condition, yes, no = _pop(stack, 3)
            stack.append(Choice(condition, yes, no, _NOWHERE))
        elif op in _OPERATOR:
            left, right = _pop(stack, 2)
            stack.append(Chain((left, right), (_OPERATOR[op],), _NOWHERE))
        elif op in (NEGATE, NOT):
            stack.append(Prefix("-" if op == NEGATE else "!", stack.pop(), _NOWHERE))
        else:
            word = _FUNCTION[op]
            stack.append(Call(word, tuple(_pop(stack, _ARGUMENTS.get(word, 1))), _NOWHERE))
    return stack[0]


def _pop(stack: list[Node], count: int) -> list[Node]:
    taken = stack[-count:]
    del stack[-count:]
    return taken
