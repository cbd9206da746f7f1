"""`.model NAME ako:BASE`: a kind of another model."""

from pathlib import Path

import pytest

from elaborated import circuit, one, refused
from eqchip.netlists.lint import lint
from eqchip.netlists.reader import parse, read

BASE = ".model base D(is=1p n=2)\n"


@pytest.mark.parametrize(
    "card",
    [
        ".model dx ako:base D(n=3)",
        ".model dx AKO:Base d n=3",
        ".model dx ako: base D ( n = 3 )",
        ".model dx ako:base (n=3)",
        ".model dx ako:base n=3",
    ],
)
def test_a_kind_of_a_model_has_its_values_and_its_own(card: str) -> None:
    found = one(f"{BASE}{card}\nD1 a 0 dx\n", "D1").model
    assert found is not None
    assert found.values == {"is": 1e-12, "n": 3.0}
    assert found.type == "d"
    assert found.base == "base"


def test_a_kind_may_be_all_the_same_and_stand_before_its_base() -> None:
    models = circuit(".model dy ako:dx\n.model dx ako:base D\n" + BASE + "D1 a 0 dy\n").models
    assert models["dy"].values == models["dx"].values == models["base"].values


def test_a_value_the_base_gives_may_be_an_expression_of_its_own_level() -> None:
    cards = ".param k=4\n.model base D(n={k/2})\n.subckt s p params: k=6\n.model dx ako:base (is={k*1p})\n"
    found = circuit(cards + "D1 p 0 dx\n.ends\nX1 a s\n").models["x1.dx"]
    assert found.values == {"n": 2.0, "is": 6e-12}


def test_what_is_set_on_a_base_reaches_the_kinds_that_do_not_give_it_themselves() -> None:
    cards = BASE + ".model kin ako:base (n=3)\n.model far ako:kin (rs=1)\nD1 a 0 far\n"
    models = circuit(cards, {"base.is": "2p", "base.n": "7"}).models
    assert models["kin"].values == {"is": 2e-12, "n": 3.0}
    assert models["far"].values == {"is": 2e-12, "n": 3.0, "rs": 1.0}
    assert one(cards + ".set base.is=3p\n", "D1").given()["is"] == 3e-12


@pytest.mark.parametrize("order", [("kin.is", "base.is"), ("base.is", "kin.is")])
def test_what_is_set_on_a_kind_is_its_own_from_then_on(order: tuple[str, str]) -> None:
    cards = BASE + ".model kin ako:base (n=3)\nD1 a 0 kin\n"
    models = circuit(cards, {name: "5p" if name.startswith("kin") else "9p" for name in order}).models
    assert models["kin"].values["is"] == 5e-12
    assert models["base"].values["is"] == 9e-12


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        (".model dx ako:bass D", "3:11: there is no model 'bass'; did you mean 'base'?"),
        (".model dx ako: bass D", "3:16: there is no model 'bass'"),
        (".model dx ako:", "3:11: ako: names no model"),
        (".model dx ako: (n=1)", "3:11: ako: names no model"),
        (".model dx ako:dx D", "3:11: dx is a kind of itself: dx → dx"),
        (".model dx ako:dy\n.model dy ako:DX", "3:11: dx is a kind of itself: dx → dy → dx"),
        (".model dx ako:base neuron(c=1p)", "3:20: base is a d, and dx a kind of it"),
        (".model dx ako:base E(n=1)", "3:20: there is no model type 'E'"),
        (".model dx ako:base (n=3", "3:20: '(' is not closed"),
        (".model dx ako:base (nn=3)", "3:21: model dx (d) has no parameter 'nn'; did you mean 'n'?"),
        (".model dx ako:base (n=3 n=4)", "n is given twice"),
        (".model dx ako:ecram_tang", "there is no model 'ecram_tang'"),
        (
            "".join(f".model m{k} ako:m{k + 1}\n" for k in range(60)) + ".model m60 ako:base",
            "more than 50 models are kinds of one another",
        ),
    ],
)
def test_a_wrong_kind_is_refused(cards: str, message: str) -> None:
    refused(BASE + cards + "\nR1 a 0 1\n", message)


def test_a_model_of_a_library_that_is_not_there_says_which_library_has_it() -> None:
    refused("D1 a 0 dsyn\n", "2:8: there is no model 'dsyn'", expected=".include diodes.lib")
    refused(".model dx ako:dsyn\nR1 a 0 1\n", "there is no model 'dsyn'", expected=".include diodes.lib")


def test_a_packaged_library_is_taken_in_once_however_often_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.lib").write_text(".include diodes.lib\n")
    (tmp_path / "chip.cir").write_text(
        "t\n.include diodes.lib\n.include mine.lib\n.subckt s a\n.include diodes.lib\nD1 a 0 dsyn\n.ends\n"
        "X1 b s\nD2 b 0 dbr\nI1 b 0 1n\n.op\n"
    )
    netlist = read(tmp_path / "chip.cir")
    assert lint(netlist) == []
    names = [card.tokens[0] for card in netlist.cards if card.kind == ".model"]
    assert names == ["dsyn", "dbr"]


def test_lint_says_which_own_model_is_unused_and_nothing_of_those_of_a_library() -> None:
    cards = "V1 a 0 1\n.include diodes.lib\n.model dx ako:dsyn\n.model dy ako:dx\nD1 a 0 dx\n.op\n"
    found = lint(parse("title\n" + cards, "chip.cir"))
    assert [one.message for one in found] == ["model dy is not used"]


def test_a_file_of_models_alone_is_a_library() -> None:
    assert lint(parse("mine\n.model dx D(n=2)\n.model dy ako:dx\n", "mine.lib")) == []
