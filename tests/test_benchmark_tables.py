"""The tables of the benchmarks are those of the results kept; what was measured before stays where asked."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tables = loaded(ROOT / "docs" / "benchmark_tables.py")


def test_the_page_says_what_was_measured() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert page == tables.written(page), "run: python docs/benchmark_tables.py"


def test_every_table_of_the_page_is_there_and_none_is_lost() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert sorted(re.findall(r"<!-- (\w+): begin -->", page)) == sorted(tables.TABLES)


@pytest.mark.parametrize(
    ("value", "count", "said"),
    [
        (18949.07, 3, "18,900"),
        (0.050807, 3, "0.0508"),
        (0.00024286, 2, "2.4e-4"),
        (9.996, 3, "10.0"),
        (0.0, 3, "0.00"),
        (None, 3, "–"),
    ],
)
def test_numbers_have_the_digits_that_matter(value: float | None, count: int, said: str) -> None:
    assert tables.digits(value, count) == said


def test_a_run_of_other_sizes_keeps_the_cases_it_does_not_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    before = set(sys.modules)
    harness = importlib.import_module("harness")
    monkeypatch.setattr(harness.machine, "ceilings", lambda: {"sgemm_gflops": 1.0})
    for number, (size, keep) in enumerate([(20, False), (20, True), (4, True), (1, False)]):
        report = harness.Report("some", "a question", 1)
        report.case(f"batch {size}", [harness.Timing("eqchip", seconds=[float(number)])], {}, {})
        report.write(tmp_path, keep)
        found = json.loads((tmp_path / "some.json").read_text(encoding="utf-8"))["cases"]
        seen = {one["case"]: one["timings"][0]["median"] for one in found}
        wanted = [{"batch 20": 0}, {"batch 20": 1}, {"batch 20": 1, "batch 4": 2}, {"batch 1": 3}]
        assert seen == wanted[number]
        assert all({"date", "load", "threads", "ceilings"} <= set(one) for one in found)
    capsys.readouterr()
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and "benchmarks" in str(sys.modules[name].__file__):
            del sys.modules[name]
