"""Functions that are another way to write something.

    if(c, a, b), ternary_fcn(c, a, b)   c ? a : b
    log(x), arctan(x), sqr(x)           ln(x), atan(x), x^2
    table(x, x1, y1, … xn, yn)          pwl(limit(x, x1, xn), x1, y1, … xn, yn): flat beyond its ends

Limits: what draws a random number in ngspice (gauss … and `limit` with two arguments) is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqchip.errors import InputError, nearest
from eqchip.netlists.formula import Call, Chain, Choice, Node, Number
from eqchip.netlists.functions import BUILTINS, RANDOM, REWRITTEN, SAME


def desugar(call: Call, names: Sequence[str] = ()) -> Node:
    """Return a call in the functions that evaluation knows; InputError when it has no meaning.

    `names` are those the netlist knows, for the message.
    """
    name, arguments, at = SAME.get(call.function, call.function), call.arguments, call.at
    if name in RANDOM or (name == "limit" and len(arguments) == 2):
        raise InputError(
            f"{call.function}() draws a random number in ngspice; drawn parameters are not supported yet",
            at.where(),
        )
    if name == "ddt":
        raise InputError("ddt() is not supported yet", at.where())
    least, most = {"if": (3, 3), "ternary_fcn": (3, 3), "sqr": (1, 1), "table": (5, 2001)}.get(name, (0, -1))
    if most < 0:
        builtin = BUILTINS.get(name)
        if builtin is None:
            known = [*names, *BUILTINS, *SAME, *REWRITTEN, "v", "i"]
            raise InputError(
                f"there is no function '{call.function}'", at.where(), near=nearest(call.function, known)
            )
        least, most = builtin.least, builtin.most
    if not least <= len(arguments) <= most:
        wanted = f"{least}" if least == most else f"at least {least}"
        plural = "" if wanted == "1" else "s"
        raise InputError(
            f"{call.function}() takes {wanted} argument{plural}, not {len(arguments)}", at.where()
        )
    if name in ("pwl", "table"):
        if len(arguments) % 2 == 0:
            raise InputError(
                f"{call.function}() ends in an x without its y", at.where(), expected="x, x1, y1, …"
            )
        if name == "table":
            limited = Call("limit", (arguments[0], arguments[1], arguments[-2]), at)
            return Call("pwl", (limited, *arguments[1:]), at)
    if name in ("if", "ternary_fcn"):
        return Choice(arguments[0], arguments[1], arguments[2], at)
    if name == "sqr":
        return Chain((arguments[0], Number(2.0, at)), ("^",), at)
    return Call(name, arguments, at)
