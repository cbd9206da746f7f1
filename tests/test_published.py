"""The trainings that are published: what their table asks for is there, and the page says what was found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import eqchip

ROOT = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location("published", ROOT / "verification" / "published.py")
assert _spec is not None
assert _spec.loader is not None
published = importlib.util.module_from_spec(_spec)
sys.modules["published"] = published  # dataclasses look it up
_spec.loader.exec_module(published)


def test_the_page_has_the_table_of_the_results_kept() -> None:
    page = published.PAGE.read_text(encoding="utf-8")
    table = page.partition(published.BEGIN + "\n")[2].partition("\n" + published.END)[0]
    assert table == "\n".join(published.lines(published.known()))


def test_rows_have_names_and_files_of_their_own() -> None:
    names = [one.name for one in published.TABLE]
    files = [published.file_of(one, 0, Path()).name for one in published.TABLE]
    assert len(set(names)) == len(set(files)) == len(names)


@pytest.mark.parametrize("one", published.TABLE, ids=lambda one: one.name)
def test_every_row_is_a_chip_that_ships_under_settings_it_takes(one: published.Published) -> None:
    chip = eqchip.load(one.chip).set(dict(one.settings))
    assert float(chip.circuit.train["epochs"]) >= one.epochs
    for name, value in one.settings.items():
        if name.startswith("train."):
            assert str(chip.circuit.train[name.removeprefix("train.")]).removesuffix(".0") == value


def test_what_a_run_has_come_to_is_read_from_its_file_and_none_from_none(tmp_path: Path) -> None:
    one = published.Published("a run", "iris", 3, "–", "a paper")
    assert published.advance(one, 0, tmp_path, 0.0) is None
    eqchip.train(eqchip.load("iris").set({"train.epochs": 2}), published.file_of(one, 0, tmp_path))
    found = published.advance(one, 0, tmp_path, 0.0)
    assert (found.epochs, found.wanted, len(found.test_error)) == (2, 3, 2)


def test_a_run_that_is_still_written_counts_as_far_as_it_is(tmp_path: Path) -> None:
    one = published.Published("a run", "iris", 3, "–", "a paper")
    path = published.file_of(one, 0, tmp_path)
    eqchip.train(eqchip.load("iris").set({"train.epochs": 2}), path)
    path.rename(path.with_name(path.name + ".part"))
    assert published.advance(one, 0, tmp_path, 0.0).epochs == 2
