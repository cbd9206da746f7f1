"""The study of what imperfections cost: it forgets none, its settings act, its page says what was found."""

from __future__ import annotations

import math
from pathlib import Path

import imperfections
import pytest
from imperfections_table import CHIP, ELSEWHERE, TABLE, Effect

import eqchip
from eqchip.simulator.idealise import imperfections as given_in

DOCS = Path(__file__).parent.parent / "docs"


def test_every_imperfection_there_is_has_a_place_in_the_study() -> None:
    there = {one["name"] for one in eqchip.models(imperfections=True)}
    assert {one.name for one in TABLE} | set(ELSEWHERE) == there
    assert len(TABLE) + len(ELSEWHERE) == len(there)


def test_those_that_are_left_out_act_on_no_neuron_and_no_synapse_and_have_a_page() -> None:
    owners = {one["name"]: set(one["owners"]) for one in eqchip.models(imperfections=True)}
    for name, page in ELSEWHERE.items():
        assert not owners[name] & {"synapse", "neuron"}
        assert (DOCS / page.partition("#")[0]).exists()


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_what_a_row_sets_is_its_imperfection_and_what_the_chip_has_without_is_none(one: Effect) -> None:
    chip = eqchip.load(CHIP).set(dict(one.ground))
    assert not given_in(chip.circuit)
    spoilt = chip.set({**one.also, one.setting: one.usual})
    assert one.name in given_in(spoilt.circuit)
    assert one.usual in one.spelled
    steps = [after > before for before, after in zip(one.values, one.values[1:], strict=False)]
    assert all(steps) or not any(steps)


def test_the_page_has_the_tables_of_the_results_kept() -> None:
    page = imperfections.PAGE.read_text(encoding="utf-8")
    assert page == imperfections.page_of(page, imperfections.kept())


def _found(errors: list[list[float | None]]) -> imperfections.Found:
    return imperfections.Found("dtod", "syn.dw_min_dtod", ["1", "10", "100"], {}, errors, [0.1], 3, 1.0)


def test_the_doubled_error_is_found_between_strengths_and_none_where_it_is_never_reached() -> None:
    # From 0.1 at 10 to 0.3 at 100: 0.2 is halfway on a log scale.
    halfway = imperfections.doubled(_found([[0.1], [0.1], [0.3]]))
    assert halfway is not None
    assert math.isclose(halfway, 10**1.5)
    assert imperfections.doubled(_found([[0.1], [0.15], [0.19]])) is None
    assert imperfections.doubled(_found([[0.2], [0.3], [0.9]])) == 1.0


def test_a_training_that_failed_counts_as_failed() -> None:
    assert imperfections.percent([0.1, None, 0.2]) == "15.0 ± 7.1 (1 failed)"
    assert imperfections.percent([None]) == "failed"


def test_a_study_of_few_samples_goes_through_and_is_taken_up_again(tmp_path: Path) -> None:
    one = Effect("offset", "cell.offset_dtod", "0,1k", "0", ground={})
    given = (one, "iris", {}, 1, "0,1k", 2, tmp_path)
    first = imperfections.train(*given)
    assert first.errors[0] == first.ideal
    assert min(e for e in first.errors[1] if e is not None) > 0.3
    assert imperfections.train(*given) == first
