"""What expressions are worth, and what is left of them in a B source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.card import Card
from eqchip.netlists.expression import (
    Function,
    Scope,
    calls,
    evaluate,
    names,
    number_or_expression,
    parse_expression,
    simplify,
    text,
)
from eqchip.netlists.reader import parse

F = Function("f", ("x",), "{x^2+b}")
OUTER = Scope({"a": 2.0, "b": 3.0}, {"f": F})


def left(source: str, scope: Scope = OUTER) -> str:
    return text(simplify(parse_expression(source, behavioural=True), scope))


def test_the_nearest_scope_wins() -> None:
    inner = Scope({"a": 5.0}, {}, OUTER)
    assert evaluate(parse_expression("{A*10+B}"), inner) == 53.0
    assert inner.value("a") == 5.0
    assert inner.value("nothing") is None


def test_a_function_sees_its_arguments_and_the_parameters_around() -> None:
    assert evaluate(parse_expression("f(a+1)"), OUTER) == 12.0
    hidden = Scope({"x": 100.0}, {"g": Function("g", ("a",), "a+x")}, OUTER)
    assert evaluate(parse_expression("g(1)+a"), hidden) == 103.0


def test_what_is_known_becomes_a_number_and_the_rest_stays() -> None:
    assert left("{b*(0.5-(v(yp)-v(yn)))}") == "3*(0.5-(v(yp)-v(yn)))"
    assert left("2*a*v(x)+f(v(x))") == "4*v(x)+(v(x)^2+3)"
    assert left("a>1 ? i(V1) : 1/0") == "i(V1)"
    assert left("v(x)>a ? time : -a") == "v(x)>2 ? time : -2"
    assert left("(a-5)*v(x)^(0-2)") == "-3*v(x)^(-2)"
    assert left("0 && 1/0") == left("a < 0 && v(x)/0") == "0"


def test_terms_keep_their_order() -> None:
    """Reordering sums would change their rounding."""
    assert left("v(x)+1+2") == "v(x)+1+2"
    assert left("1+2+v(x)") == "3+v(x)"


def test_names_and_calls() -> None:
    node = parse_expression("f(a)+sin(B)*v(c)", behavioural=True)
    assert names(node) == {"a", "b"}
    assert calls(node) == {"f", "sin"}


def test_an_untaken_choice_may_have_no_value() -> None:
    assert evaluate(parse_expression("a == 0 ? 0 : 1/a"), Scope({"a": 0.0})) == 0.0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("2*bta", "1:3: there is no parameter 'bta'"),
        ("f(1,2)", r"1:1: f\(\) takes 1 argument: f\(x\), not 2"),
        ("1/(a-2)", "1:4: division by zero"),
    ],
)
def test_mistakes_in_values_are_pointed_at(source: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(parse_expression(source), OUTER)


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(InputError, match="there is no parameter 'betta'; did you mean 'beta'"):
        evaluate(parse_expression("betta"), Scope({"beta": 1.0}))
    with pytest.raises(InputError, match="there is no function 'gain2'; did you mean 'gain'"):
        evaluate(parse_expression("gain2(1)"), Scope({}, {"gain": Function("gain", ("x",), "x")}))


def test_functions_may_not_call_themselves() -> None:
    ring = {"f": Function("f", ("x",), "g(x)"), "g": Function("g", ("x",), "1+f(x)")}
    with pytest.raises(InputError, match="'f' calls itself: f → g → f"):
        evaluate(parse_expression("f(1)"), Scope({}, ring))


def twice_each(levels: int, first: str) -> Scope:
    functions = {"f0": Function("f0", ("x",), first)}
    for k in range(1, levels):
        functions[f"f{k}"] = Function(f"f{k}", ("x",), f"f{k - 1}(f{k - 1}(x))")
    return Scope({}, functions)


def test_what_an_expression_comes_to_is_bounded() -> None:
    assert evaluate(parse_expression("f3(1)"), twice_each(4, "x+1")) == 9.0
    with pytest.raises(InputError, match="more than 100,000 pieces"):
        evaluate(parse_expression("f40(1)"), twice_each(41, "x+1"))
    with pytest.raises(InputError, match="more than 100,000 pieces"):
        simplify(parse_expression("f5(v(a))", behavioural=True), twice_each(6, "x+x"))


def test_a_long_chain_of_functions_is_bounded() -> None:
    functions = {"f0": Function("f0", ("x",), "x")}
    for k in range(1, 500):
        functions[f"f{k}"] = Function(f"f{k}", ("x",), f"f{k - 1}(x)+1")
    with pytest.raises(InputError, match="more than 200 levels"):
        evaluate(parse_expression("f499(1)"), Scope({}, functions))


def test_what_functions_put_into_each_other_is_bounded() -> None:
    deep = Function("f", ("x",), "-(" * 45 + "x" + ")" * 45)
    source = "f(" * 20 + "v(a)" + ")" * 20
    with pytest.raises(InputError, match="more than 200 levels"):
        simplify(parse_expression(source, behavioural=True), Scope({}, {"f": deep}))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("10k", 1e4),
        ("{2*a}", 4.0),
        ("'2*a'", 4.0),
        ("A", 2.0),
        ("2*a+1", 5.0),
        ("-1.5u", -1.5e-6),
        ("1mil", 25.4e-6),
    ],
)
def test_a_value_is_a_number_an_expression_or_a_name(word: str, value: float) -> None:
    card = parse(f"title\nR1 n 0 {word}\n").cards[0]
    assert number_or_expression(card, 2, OUTER) == pytest.approx(value, rel=1e-15)


def test_a_value_that_is_none_is_pointed_at() -> None:
    card = parse("title\n\n  R1 n 0 ; the value\n+ 4k7\n", "chip.cir").cards[0]
    with pytest.raises(InputError) as caught:
        number_or_expression(card, 2, OUTER)
    assert str(caught.value).splitlines() == [
        "chip.cir:4:3: '4k7' has digits after its suffix; write 4.7k",
        "  + 4k7",
        "    ^^^",
    ]


def test_the_body_of_a_function_is_pointed_at_where_it_stands() -> None:
    card = Card("X1", [], "X1", "chip.cir", 1)
    body = parse("t\n.func g(x) {x/(y-1)}\n", "chip.cir").cards[0]
    scope = Scope({"y": 1.0}, {"g": Function("g", ("x",), body.rest(4), body, 4)})
    with pytest.raises(InputError, match=r"chip\.cir:2:16: division by zero"):
        evaluate(parse_expression("g(1)", card), scope)


# Random formulas as text with every bracket written, and their value by Python's own arithmetic.
leaves = st.sampled_from(["a", "b", "1.5", "2k", "v(x)"])


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "<", ">=", "==", "&&", "||"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda one: f"(-{one})"),
        inner.map(lambda one: f"(!{one})"),
        inner.map(lambda one: f"tanh({one})"),
        st.tuples(inner, inner).map(lambda parts: f"min({parts[0]}, {parts[1]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
    )


formulas = st.recursive(leaves, joined, max_leaves=20)


@given(formulas)
def test_text_reads_back_as_the_same_formula(source: str) -> None:
    node = parse_expression(source, behavioural=True)
    assert parse_expression(text(node), behavioural=True) == node


@given(formulas, st.floats(-3, 3))
def test_simplifying_first_changes_no_value(source: str, volts: float) -> None:
    known = Scope({"a": 2.0, "b": 3.0, "volts": volts})
    node = parse_expression(source.replace("v(x)", "volts"), behavioural=True)
    whole = evaluate(node, known, behavioural=True)
    rest = text(simplify(parse_expression(source, behavioural=True), OUTER)).replace("v(x)", "volts")
    later = evaluate(parse_expression(rest, behavioural=True), known, behavioural=True)
    assert later == pytest.approx(whole, rel=1e-12, abs=1e-12)
