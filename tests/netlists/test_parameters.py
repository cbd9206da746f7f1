"""Parameters: reading name=value, order, rings, and the scope of subcircuits."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.expression import Scope, evaluate, parse_expression
from eqchip.netlists.parameters import Assignment, assignments, function, resolve_parameters
from eqchip.netlists.reader import parse
from spice_runs import spice


def wanted(*lines: str) -> list[Assignment]:
    cards = parse("\n".join(["t", *[f".param {line}" for line in lines]]), "chip.cir").cards
    return [one for card in cards for one in assignments(card)]


def resolve(*lines: str, scope: Scope | None = None, **given: float) -> dict[str, float]:
    return resolve_parameters(wanted(*lines), scope or Scope(), given)


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("a=1", [("a", "1")]),
        ("A = 1 b={2 * c}", [("a", "1"), ("b", "{2 * c}")]),
        ("a=1, b=2", [("a", "1"), ("b", "2")]),
        ("a = max( 1 , 2 ) b='x'", [("a", "max( 1 , 2 )"), ("b", "'x'")]),
        ("a=2*b + 3 c=4", [("a", "2*b + 3"), ("c", "4")]),
    ],
)
def test_pairs_are_read(line: str, pairs: list[tuple[str, str]]) -> None:
    assert [(one.name, one.text) for one in wanted(line)] == pairs


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("a", "2:8", "'a' is given without a value"),
        ("a=1 b", "2:12", "'b' cannot stand here"),
        ("a=", "2:9", "'a' has no value"),
        ("a= b=2", "2:9", "'a' has no value"),
        ("=1", "2:8", "'=' is given without a value"),
        ("a={1+}", "2:13", "'}' closes nothing"),
    ],
)
def test_a_pair_that_is_none_is_pointed_at(line: str, place: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(line)
    assert str(caught.value).startswith(f"chip.cir:{place}: {message}")


def test_order_does_not_matter() -> None:
    assert resolve("c={a+b}", "b={2*a} a=3") == {"a": 3.0, "b": 6.0, "c": 9.0}


def test_the_last_definition_counts() -> None:
    assert resolve("a=1", "b={a}", "a=2") == {"a": 2.0, "b": 2.0}


def test_what_is_given_wins() -> None:
    assert resolve("a=1", "b={a+1}", a=5.0) == {"a": 5.0, "b": 6.0}


def test_a_ring_is_named() -> None:
    with pytest.raises(InputError) as caught:
        resolve("x={1}", "a={b*2}", "b={c+x}", "c={a}")
    assert str(caught.value).startswith("chip.cir:3:10: the parameter 'a' needs its own value: a → b → c → a")


def test_a_ring_through_a_function_is_named() -> None:
    f = function(parse("t\n.func f(x) {x+a}\n").cards[0])
    with pytest.raises(InputError, match="needs its own value: a → a"):
        resolve("a={f(1)}", scope=Scope({}, {"f": f}))


def test_functions_may_use_parameters_that_come_later() -> None:
    f = function(parse("t\n.func f(x) {x+b}\n").cards[0])
    assert resolve("a={f(1)}", "b=2", scope=Scope({}, {"f": f}))["a"] == 3.0


def test_a_long_chain_is_resolved() -> None:
    count = 3000
    lines = [f"p{k}={{p{k + 1}+1}}" for k in range(count)]
    assert resolve(*lines, f"p{count}=0")["p0"] == count


def test_a_long_ring_is_shown_in_short() -> None:
    with pytest.raises(InputError, match=r"p0 → p1 → p2 → p3 → … → p98 → p99 → p0"):
        resolve(*[f"p{k}={{p{(k + 1) % 100}}}" for k in range(100)])


@given(st.permutations(range(8)), st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_any_order_gives_the_values_of_the_right_order(order: list[int], targets: list[int]) -> None:
    lines, values = [], {}
    for k in range(8):
        target = targets[k] % k if k else None
        values[f"p{k}"] = 1.0 if target is None else values[f"p{target}"] * 2 + k
        lines.append("p0=1" if target is None else f"p{k}={{p{target}*2+{k}}}")
    assert resolve(*[lines[k] for k in order]) == values


SUBCIRCUITS = """
.param a=2 b={a*2}
.param d={e+1} e=3
.subckt s1 n params: g={b*10} h=1
.param k={g+h+d}
B1 g 0 V={g}
B2 h 0 V={h}
B3 k 0 V={k}
.ends
.subckt s2 n g=5
.param g=9
B1 g 0 V={g}
.ends
.subckt s3 n g=5 q={g+1}
B1 q 0 V={q}
.ends
.subckt s4 n g={m*10}
.param m=7
B1 g 0 V={g}
.ends
X1 z s1
X2 z s1 g=3 h={a}
X3 z s2
X4 z s2 g=4
X5 z s3
X6 z s3 g=7
X7 z s4
Rz z 0 1
.op
"""


@pytest.mark.ngspice
def test_subcircuits_see_what_ngspice_lets_them_see(tmp_path: Path) -> None:
    found = spice(SUBCIRCUITS, tmp_path)[0]
    cards = parse("t" + SUBCIRCUITS).cards
    around = Scope(
        resolve_parameters([one for c in cards if c.kind == ".param" for one in assignments(c)], Scope())
    )
    bodies = {card.tokens[0]: card for card in cards if card.kind == ".subckt"}
    compared = 0
    for instance in (card for card in cards if card.kind == "x"):
        body = bodies[instance.tokens[1]]
        start = 2 + (body.tokens[2:3] == ["params:"])
        own = [one for card in body.body if card.kind == ".param" for one in assignments(card)]
        given = {one.name: one.evaluate(around) for one in assignments(instance, 2)}
        values = resolve_parameters([*assignments(body, start), *own], around, given)
        for card in (card for card in body.body if card.kind == "b"):
            name = f"v({instance.head}.{card.tokens[0]})".lower()
            value = evaluate(parse_expression(card.tokens[-1]), Scope(values, {}, around))
            assert value == pytest.approx(found[name][0], rel=1e-12), name
            compared += 1
    assert compared == 11


@pytest.mark.parametrize(
    "line", ["f(x) {x*2}", "f( x ) = x*2", "F(X) 'x*2'", "f(x) x * 2", "f(x)=\n+ {x\n+ *2}"]
)
def test_a_function_is_read_in_every_form(line: str) -> None:
    f = function(parse(f"t\n.func {line}\n").cards[0])
    assert (f.name, f.parameters) == ("f", ("x",))
    assert evaluate(parse_expression("f(4)"), Scope({}, {"f": f})) == 8.0


def test_functions_take_none_or_several_arguments() -> None:
    cards = parse("t\n.func none() {7}\n.func three(a, b,c) {a+10*b+100*c}\n").cards
    scope = Scope({}, {one.name: one for one in map(function, cards)})
    assert evaluate(parse_expression("none()+three(1,2,3)"), scope) == 328.0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("f", ".func is not understood"),
        ("f x {x}", ".func is not understood"),
        ("f(x y) {x}", "the arguments are not understood"),
        ("f(x,) {x}", "an argument is missing"),
        ("f(,x) {x}", "the arguments are not understood"),
        ("f(x) =", "the function 'f' has no body"),
        ("f(2) {x}", "'2' is no name for an argument"),
        ("f(x, X) {x}", "two arguments are called 'x'"),
    ],
)
def test_a_function_that_is_none_is_pointed_at(line: str, message: str) -> None:
    with pytest.raises(InputError, match=r"chip\.cir:2:") as caught:
        function(parse(f"t\n.func {line}\n", "chip.cir").cards[0])
    assert message in str(caught.value)
