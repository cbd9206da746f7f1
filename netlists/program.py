"""Programs: the formula of a B source as postfix code over its controls.

`simplify` has put in all that is known; what is left are numbers, operators, built-in functions, v(), i() and
time. v(a, b) is v(a) − v(b). A node or source that is named twice is one control.
"""

from __future__ import annotations

from collections.abc import Callable

from eqchip.devices.circuit.opcodes import (
    CONSTANT,
    CONTROL,
    FUNCTIONS,
    NEGATE,
    NOT,
    OPERATORS,
    PWL,
    SELECT,
    SUBTRACT,
    TIME,
)
from eqchip.errors import InputError
from eqchip.netlists.circuit import GROUND, IntArray, Program
from eqchip.netlists.formula import (
    Call,
    Chain,
    Choice,
    Current,
    Name,
    Node,
    Number,
    Prefix,
    Spot,
    Time,
    Voltage,
    text,
)

Control = int | IntArray | str


class _Emitter:
    """Writes the code of one formula."""

    def __init__(
        self, node: Callable[[str, Spot], int | IntArray], source: Callable[[str, Spot], str]
    ) -> None:
        self.node = node
        self.source = source
        self.code: list[float] = []
        self.controls: list[Control] = []
        self.known: dict[str, int] = {}

    def control(self, key: str, make: Callable[[], Control]) -> None:
        """Push a control, listed once however often it is named."""
        if key not in self.known:
            self.known[key] = len(self.controls)
            self.controls.append(make())
        self.code += (CONTROL, self.known[key])

    def voltage(self, name: str, at: Spot) -> None:
        """Push the voltage of a node; ground is 0."""
        node = self.node(name, at)
        if isinstance(node, int) and node == GROUND:
            self.code += (CONSTANT, 0.0)
        else:
            self.control("v " + name.lower(), lambda: node)

    def emit(self, node: Node) -> None:
        """Append the code that pushes the value of a formula."""
        match node:
            case Number():
                self.code += (CONSTANT, node.value)
            case Time():
                self.code.append(TIME)
            case Voltage():
                self.voltage(node.plus, node.at)
                if node.minus is not None:
                    self.voltage(node.minus, node.at)
                    self.code.append(SUBTRACT)
            case Current():
                name, at = node.source, node.at
                self.control("i " + name.lower(), lambda: self.source(name, at))
            case Prefix():
                self.emit(node.operand)
                if node.operator != "+":
                    self.code.append(NOT if node.operator == "!" else NEGATE)
            case Chain():
                self.emit(node.operands[0])
                for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                    if operator not in OPERATORS:
                        raise InputError(f"'{operator}' in a B source is not supported yet", node.at.where())
                    self.emit(operand)
                    self.code.append(OPERATORS[operator])
            case Choice():
                self.emit(node.condition)
                self.emit(node.yes)
                self.emit(node.no)
                self.code.append(SELECT)
            case Call():
                self.call(node)
            case Name():
                raise InputError(f"there is no parameter '{node.name}'", node.at.where())

    def call(self, node: Call) -> None:
        """Append a function; the points of pwl are inline."""
        if node.function == "pwl":
            self.emit(node.arguments[0])
            points = [one.value for one in node.arguments[1:] if isinstance(one, Number)]
            self.code += (PWL, len(points) // 2, *points)
            return
        if node.function not in FUNCTIONS:
            raise InputError(f"{node.function}() in a B source is not supported yet", node.at.where())
        for argument in node.arguments:
            self.emit(argument)
        self.code.append(FUNCTIONS[node.function])


def compile_program(
    formula: Node, node: Callable[[str, Spot], int | IntArray], source: Callable[[str, Spot], str]
) -> Program:
    """Return the program of a simplified formula; `node` and `source` find what v() and i() name."""
    emitter = _Emitter(node, source)
    emitter.emit(formula)
    return Program(tuple(map(float, emitter.code)), tuple(emitter.controls), text(formula))
