"""Functions and constants, held against ngspice."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.expression import Scope, evaluate, parse_expression, simplify, text
from eqchip.netlists.functions import BUILTINS, CONSTANTS, broken_line
from spice_runs import spice

_SHARED = """
log(10) ln(10) log10(10) sgn(-3) sgn(0) floor(-2.5) ceil(-2.5) nint(2.5) nint(3.5) nint(-2.5)
abs(-2) min(1,2) max(1,2) ternary_fcn(1,2,3) ternary_fcn(0,1,2) sinh(1) cosh(1) tanh(1) asinh(1)
acosh(2) atanh(0.5) cos(1) sin(1) tan(1) atan(1) acos(0.5) asin(1) exp(1) sqrt(2) pow(2,3) pow(2,-1)
pow(0,0) pwr(2,3) pow(-2,2)
"""
_IN_PARAMETERS = """
int(-2.5) int(2.7) sqr(-3) arctan(1) pow(-2,3) pwr(-2,3) pwr(-2,0.5) 7%3 -7%3
"""
_IN_SOURCES = """
u(0) u(1) u(-1) uramp(2) uramp(-2) u2(0.3) u2(2) u2(-1) pow(-2,3) pow(-2,0.5) pwr(-2,3) pwr(-2,2)
pwl(1.5,0,0,2,4) pwl(-1,0,0,2,4,3,0) pwl(9,0,0,2,4,3,0) pwl(2.5,0,0,2,4,3,0) pi e temper
"""
SHARED, IN_PARAMETERS, IN_SOURCES = _SHARED.split(), _IN_PARAMETERS.split(), _IN_SOURCES.split()
EVERYWHERE = Scope({"temper": 27.0})


def value(source: str, behavioural: bool = False) -> float:
    return evaluate(parse_expression(source, behavioural=behavioural), EVERYWHERE, behavioural=behavioural)


@pytest.mark.ngspice
@pytest.mark.parametrize("behavioural", [False, True], ids=["parameters", "sources"])
def test_functions_mean_what_ngspice_means(behavioural: bool, tmp_path: Path) -> None:
    sources = SHARED + (IN_SOURCES if behavioural else IN_PARAMETERS)
    lines = ["Rload n0 0 1", ".op"]
    for k, source in enumerate(sources):
        lines.append(f"B{k} n{k} 0 V={{{source}}}" if behavioural else f"V{k} n{k} 0 {{{source}}}")
    found = spice("\n".join(lines), tmp_path)[0]
    for k, source in enumerate(sources):
        wanted = pytest.approx(found[f"v(n{k})"][0], rel=1e-9, abs=1e-15)
        assert value(source, behavioural) == wanted, source


@pytest.mark.ngspice
def test_what_is_written_for_a_source_means_the_same_to_ngspice(tmp_path: Path) -> None:
    sources = [
        "if(v(p)>1, int(v(n)), 3)",
        "limit(v(p), -1, 2) + sqr(v(n))",
        "table(v(p), -1, 5, 2, 7)",
        "table(v(n), -1, 5, 2, 7)",
        "-v(n)^2 - (v(p) - (1 - v(n)))",
        "2^-v(p)^2 + (-v(n))^2",
        "(v(p) > 0 ? 1 : 2) * 3 - !v(n) + log(v(p)) * 1k",
        "arctan(i(Vn)) + (v(p,n) ? -1 : 1)",
        "1 - -2 * -v(n) / -4",
    ]
    lines = ["Vp p 0 2.5", "Vn n 0 -3.3", ".op"]
    volts = {"p": 2.5, "n": -3.3}
    for k, source in enumerate(sources):
        written = text(simplify(parse_expression(source, behavioural=True), Scope()))
        lines.append(f"B{k} n{k} 0 V={written}")
    found = spice("\n".join(lines), tmp_path)[0]
    for k, source in enumerate(sources):
        plain = source.replace("v(p,n)", "5.8").replace("i(Vn)", "0")
        for node, volt in volts.items():
            plain = plain.replace(f"v({node})", f"({volt})")
        assert value(plain, True) == pytest.approx(found[f"v(n{k})"][0], rel=1e-9), source


def test_constants_are_those_of_physics() -> None:
    assert value("boltz*(27-kelvin)/echarge") == pytest.approx(0.025865, rel=1e-4)  # kT/q at 27 °C
    assert value("2*pi") == pytest.approx(2 * math.pi)
    assert value("E") == CONSTANTS["e"]


def test_a_parameter_hides_a_constant() -> None:
    assert evaluate(parse_expression("c*2"), Scope({"c": 1e-12})) == 2e-12


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sqrt(-1)", r"sqrt\(\) is defined for 0 and above, not for -1"),
        ("ln(0)", r"ln\(\) is defined for numbers above 0, not for 0"),
        ("log(-1)", r"log\(\) is defined for numbers above 0"),
        ("asin(2)", r"asin\(\) is defined for -1 to 1"),
        ("acosh(0)", r"acosh\(\) is defined for 1 and above"),
        ("atanh(1)", r"atanh\(\) is defined for numbers between -1 and 1"),
        ("exp(1000)", r"exp\(\) is too large"),
        ("pow(-2,0.5)", r"a negative number has no power 0\.5"),
        ("pow(0,-1)", "zero has no negative power"),
        ("0^-1", "zero has no negative power"),
        ("10^400", "is too large"),
        ("1e300*1e300", "the value is too large"),
        ("1/0", "division by zero"),
        ("1%0", "division by zero"),
        ("1e400", "'1e400' is too large a number"),
        ("sin(1,2)", r"sin\(\) takes 1 argument, not 2"),
        ("max(1)", r"max\(\) takes 2 arguments, not 1"),
        ("if(1,2)", r"if\(\) takes 3 arguments, not 2"),
        ("pwl(1,2,3)", r"pwl\(\) takes at least 5 arguments, not 3"),
        ("pwl(1,2,3,4,5,6)", r"pwl\(\) ends in an x without its y"),
        ("pwl(1,2,3,2,5)", r"the x of pwl\(\) do not rise"),
        ("sni(1)", "there is no function 'sni'; did you mean 'sin'?"),
        (
            "gauss(1,2,3)",
            r"gauss\(\) draws a random number in ngspice; drawn parameters are not supported yet",
        ),
        ("limit(1,2)", r"limit\(\) draws a random number"),
        ("ddt(1)", r"ddt\(\) is not supported yet"),
        ("hertz", "'hertz' is not supported yet"),
        ("time", "'time' is known only while the circuit runs"),
        ("2*v(a)", r"'v\(a\)' is known only while the circuit runs"),
    ],
)
def test_what_has_no_value_says_why(source: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?") if message.endswith("?") else message):
        value(source)


def test_points_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match=r"the points of pwl\(\) must be numbers"):
        simplify(parse_expression("pwl(v(a),0,0,v(b),1)", behavioural=True), Scope())


@given(st.floats(-10, 10), st.lists(st.tuples(st.floats(0.01, 5), st.floats(-5, 5)), min_size=2, max_size=6))
def test_a_broken_line_goes_through_its_points_and_is_straight_between(
    x: float, pieces: list[tuple[float, float]]
) -> None:
    points, at = [], 0.0
    for step, y in pieces:
        at += step
        points += [at, y]
    for k in range(0, len(points), 2):
        assert broken_line(points[k], *points) == pytest.approx(points[k + 1], abs=1e-12)
    k = max(0, min(sum(one <= x for one in points[::2]) - 1, len(pieces) - 2))
    (x0, y0), (x1, y1) = points[2 * k : 2 * k + 2], points[2 * k + 2 : 2 * k + 4]
    assert broken_line(x, *points) == pytest.approx(((x1 - x) * y0 + (x - x0) * y1) / (x1 - x0), abs=1e-9)


def test_every_function_of_one_argument_gives_a_number_somewhere() -> None:
    for name, one in BUILTINS.items():
        if one.least == 1:
            assert math.isfinite(value(f"{name}(0.5)") if name != "acosh" else value("acosh(1.5)"))
