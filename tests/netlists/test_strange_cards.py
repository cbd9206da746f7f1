"""Cards from strangers: whatever stands on them, the answer is a circuit or an InputError that says where."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.flatten import flat_spice
from eqchip.netlists.lint import lint
from eqchip.netlists.reader import parse

WORDS = """
a b 0 gnd h h[0] h[0:1] h[9] x[1] h[ ] n1 1k 2.5meg 4k7 1e400 -1 {k} {1/0} 'k*2' {v(a)} k = ( ) , IC m r c w
V I DC AC PULSE PWL SIN POLY TABLE VALUE V1 R1 D1 X1 Yhg Nh dx syn cell rx s nosuch tc1 params: uic all 1 0.1
u v(a) i(V1) tran dir forward self gain rate beta tol eps estimator centered cost mse kind train 0:3 reltol
temp Yhg[0,1].w Nh.bias syn.init train.beta a[3] g[{k}] g[n] D neuron synapse R E is activation tanh
"""

HEADS = """
R1 R2 C1 L1 D1 V1 V2 I1 E1 F1 G1 H1 B1 X1 Yhg Nh K1 M1 .param .func .model .global .ic .nodeset .options .temp
.save .print .op .dc .tran .bus .input .output .nudge .data .learn .train .set .subckt .ends
"""

CARD = st.builds(
    lambda head, rest: " ".join([head, *rest]),
    st.sampled_from(HEADS.split()),
    st.lists(st.sampled_from(WORDS.split()), max_size=8),
)
GROUND = (
    ".param k=2\n.bus h[2] g[2]\n.model dx D\n.model syn synapse(w=1)\n.model cell neuron\n.model rx R(r=1)\n"
    "V9 a 0 1\nR9 h g 1\nR8 g a 1\n.subckt s p q=1\nR1 p 0 {q}\n.ends\n"
)


def answer(step: Callable[[], Any]) -> Any:
    """Return what a step returns, or the error a user would read."""
    try:
        return step()
    except InputError as error:
        return error


@settings(max_examples=400)
@given(st.lists(CARD, min_size=1, max_size=5))
def test_strange_cards_are_a_circuit_or_an_error_with_a_place(cards: list[str]) -> None:
    text = "title\n" + GROUND + "\n".join(cards) + "\n"
    netlist = answer(lambda: parse(text))
    if isinstance(netlist, InputError):
        assert netlist.at is not None
        return
    found = answer(lambda: elaborate(netlist))
    faults = [one.severity for one in lint(netlist)]
    if isinstance(found, InputError):
        assert found.at is not None
        assert found.at.line <= text.count("\n")
        assert "error" in faults
        return
    flat = answer(lambda: flat_spice(found))
    if isinstance(flat, InputError):
        assert "SPICE form" in str(flat) or "weights" in str(flat)
    else:
        assert len(elaborate(parse(flat)).nodes) == len(found.nodes)


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(WORDS.split()), st.one_of(st.sampled_from(WORDS.split()), st.floats()), max_size=3
    )
)
def test_strange_settings_are_applied_or_refused(overrides: dict[str, str | float]) -> None:
    found = answer(lambda: elaborate(parse("title\n" + GROUND), overrides))
    assert isinstance(found, (Circuit, InputError))
