"""Model cards."""

import pytest

from elaborated import circuit, one, refused


def test_parentheses_and_commas_are_for_people() -> None:
    for card in (".model dx D(is=1p, n=2)", ".model dx d is=1p n=2", ".MODEL DX D ( IS = 1p N = {1+1} )"):
        found = circuit(f"{card}\nD1 a 0 dx\n").models["dx"]
        assert found.values == {"is": 1e-12, "n": 2.0}
        assert found.type == "d"


def test_enumerated_values_are_bare_words_and_never_parameters() -> None:
    found = circuit(".param tanh=3\n.model cell neuron(activation=Tanh)\nN1 a cell\n").models["cell"]
    assert found.values == {"activation": "tanh"}


def test_a_model_may_come_after_its_use() -> None:
    assert one("D1 a 0 dx\n.model dx D(n=2)\n", "D1").given() == {"n": 2.0}


def test_what_only_noise_needs_is_read_and_left() -> None:
    assert circuit("D1 a 0 dx\n.model dx D(kf=1 af=1 level=1)\n").models["dx"].values == {}


def test_an_instance_may_override_its_model() -> None:
    found = one(".model cell neuron(c=1p bias=0.5)\nN1 a cell bias=2 c=3p\n", "N1")
    assert found.given() == {"c": 3e-12, "bias": 2.0}


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (".model dx", "2:1: .model is not understood"),
        (".model dx E(n=1)", "2:11: there is no model type 'E'"),
        (".model sx synaps(w=1)", "there is no model type 'synaps'; did you mean 'synapse'?"),
        (".model nx NMOS(vto=1)", "2:11: model type NMOS: MOSFETs (M) are not supported yet"),
        (
            ".model yx txl r=1",
            "model type txl: transmission lines of ngspice (U, O, Y, P) are not supported yet",
        ),
        (".model dx D(nn=1)", "2:13: model dx (d) has no parameter 'nn'; did you mean 'n'?"),
        (".model dx D(n=0)", "2:15: n=0 is out of range"),
        (".model dx D(n=1 N=2)", "2:17: n is given twice"),
        (".model dx D(level=3)", "level=3 is not supported yet"),
        (".model dx D(n=1", "2:12: '(' is not closed"),
        (".model cx neuron(activation=tahn)", "activation=tahn: no such choice; did you mean 'tanh'?"),
        (".model dx D\n.model DX D", "3:8: model DX is defined twice, first in line 2"),
    ],
)
def test_a_wrong_model_is_refused_used_or_not(card: str, message: str) -> None:
    refused(card + "\nR1 a 0 1\n", message)
