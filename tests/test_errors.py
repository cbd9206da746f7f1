from __future__ import annotations

import pytest

from eqchip.errors import (
    EqchipError,
    InputError,
    Location,
    MissingExtra,
    PartialError,
    SimulationError,
    nearest,
)


def test_an_input_error_points_at_its_place() -> None:
    at = Location("chip.cir", 7, 8, "Yxh x h syb", 3)
    text = str(InputError("no model 'syb'", at, expected="the name of a .model card", near="syn"))
    assert text == (
        "chip.cir:7:8: no model 'syb'; did you mean 'syn'?\n"
        "  Yxh x h syb\n"
        "         ^^^\n"
        "  expected the name of a .model card"
    )


def test_the_caret_stands_under_its_word_behind_tabs() -> None:
    at = Location("a.cir", 1, 4, "R1\ta b", 1)
    _, line, caret = str(InputError("wrong", at)).split("\n")
    assert line.expandtabs(8).index("a") == caret.expandtabs(8).index("^")


def test_without_a_place_there_is_only_the_message() -> None:
    assert str(InputError("beta is given twice")) == "beta is given twice"
    assert str(InputError("wrong", Location("a.cir", 3))) == "a.cir:3:1: wrong"


def test_a_simulation_error_says_where_and_what_to_try() -> None:
    error = SimulationError("no convergence", advice="a .nodeset", nodes=("a", "x1.b"), time=1e-6)
    assert str(error) == "no convergence\n  at a, x1.b\n  try a .nodeset"
    assert error.time == 1e-6


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (InputError("x"), 2, ValueError),
        (SimulationError("x"), 1, RuntimeError),
        (PartialError("x"), 3, RuntimeError),
        (MissingExtra("matplotlib", "plot", "a picture"), 1, ImportError),
    ],
)
def test_exit_codes_and_pythons_own_kinds(error: EqchipError, code: int, kind: type[Exception]) -> None:
    assert error.exit_code == code
    assert isinstance(error, kind)
    assert isinstance(error, EqchipError)


def test_a_missing_extra_says_how_to_get_it() -> None:
    error = MissingExtra("matplotlib", "plot", "a picture")
    assert str(error) == "a picture needs matplotlib: pip install 'eqchip[plot]'"


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("glaek", ["gleak", "vunit"], "gleak"),
        ("GLEAK", ["gleak"], "gleak"),
        ("Yxh", ["YXH", "Yhy"], "YXH"),
        ("banana", ["gleak", "vunit"], None),
        ("x", [], None),
    ],
)
def test_the_nearest_name_keeps_its_own_spelling(word: str, known: list[str], found: str | None) -> None:
    assert nearest(word, known) == found
