"""The instructions of B-source expressions, as postfix code.

A program is a row of numbers: an opcode, its operands inline if it has any, the next opcode … Values
travel on a stack; what stands there at the end is the expression. Elaboration writes such programs
(from `FUNCTIONS` and `OPERATORS`), `stack_machine` runs them.

    CONSTANT x          push x                CONTROL k      push the k-th control
    TIME                push the time         SELECT         c a b → a if c ≠ 0 else b
    PWL n x1 y1 … xn yn  pop x, push the broken line; the first and last piece go on as straight lines
    every other opcode pops its arguments (ARITY) and pushes one value

What a word means is what ngspice 39 means by it in a B source: `log` is the natural logarithm, `^` and
`pow` take the absolute value of the base, `u(0)` is ½. Truth is ≠ 0; comparisons give 1 or 0.
"""

from __future__ import annotations

CONSTANT, CONTROL, TIME, SELECT, PWL = range(5)
ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, SIGNED_POWER, MIN, MAX = range(10, 18)
LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL, AND, OR = range(20, 28)
NEGATE, NOT, ABS, SIGN, STEP, RAMP, STEP_RAMP, INT, FLOOR, CEIL, NINT = range(30, 41)
EXP, LN, LOG10, SQRT = range(45, 49)
SIN, COS, TAN, ASIN, ACOS, ATAN = range(50, 56)
SINH, COSH, TANH, ASINH, ACOSH, ATANH = range(60, 66)
LIMIT = 70

#: How many values an opcode takes from the stack.
ARITY: dict[int, int] = {
    CONSTANT: 0,
    CONTROL: 0,
    TIME: 0,
    PWL: 1,
    SELECT: 3,
    LIMIT: 3,
    **dict.fromkeys(range(ADD, MAX + 1), 2),
    **dict.fromkeys(range(LESS, OR + 1), 2),
    **dict.fromkeys(range(NEGATE, NINT + 1), 1),
    **dict.fromkeys(range(EXP, SQRT + 1), 1),
    **dict.fromkeys(range(SIN, ATAN + 1), 1),
    **dict.fromkeys(range(SINH, ATANH + 1), 1),
}

#: Binary operators by their spelling; `?:` is SELECT, unary `-` NEGATE, `!` NOT, unary `+` nothing.
OPERATORS: dict[str, int] = {
    "+": ADD,
    "-": SUBTRACT,
    "*": MULTIPLY,
    "/": DIVIDE,
    "^": POWER,
    "**": POWER,
    "<": LESS,
    "<=": LESS_EQUAL,
    ">": GREATER,
    ">=": GREATER_EQUAL,
    "==": EQUAL,
    "!=": NOT_EQUAL,
    "<>": NOT_EQUAL,
    "&&": AND,
    "||": OR,
}

#: Functions by name. `pwl(x, x1, y1, …)` is apart: its points are inline operands.
FUNCTIONS: dict[str, int] = {
    "abs": ABS,
    "acos": ACOS,
    "acosh": ACOSH,
    "asin": ASIN,
    "asinh": ASINH,
    "atan": ATAN,
    "atanh": ATANH,
    "arctan": ATAN,
    "ceil": CEIL,
    "cos": COS,
    "cosh": COSH,
    "exp": EXP,
    "floor": FLOOR,
    "if": SELECT,
    "int": INT,
    "limit": LIMIT,
    "ln": LN,
    "log": LN,
    "log10": LOG10,
    "max": MAX,
    "min": MIN,
    "nint": NINT,
    "pow": POWER,
    "pwr": SIGNED_POWER,
    "sgn": SIGN,
    "sin": SIN,
    "sinh": SINH,
    "sqrt": SQRT,
    "tan": TAN,
    "tanh": TANH,
    "ternary_fcn": SELECT,
    "u": STEP,
    "u2": STEP_RAMP,
    "uramp": RAMP,
}
