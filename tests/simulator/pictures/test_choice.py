import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.pictures.choice import LINES, POINTS, choose, knows, node_names, thin
from eqchip.simulator.rows import Column, Plan, Trace


def trace(count: int) -> Trace:
    """Node n_k swings by k."""
    columns = (
        *(Column(f"v(n{k})", "V") for k in range(count)),
        Column("i(v1)", "A"),
        Column("v(h)", "V", 20, tuple(f"h[{k}]" for k in range(20))),
        Column("v(y)", "V", 2, ("y[0]", "y[1]")),
    )
    t = np.linspace(0.0, 1.0, 11)
    values = {f"v(n{k})": k * t for k in range(count)}
    values |= {"i(v1)": t, "v(h)": np.outer(t, np.arange(20)), "v(y)": np.outer(t, [1, 2])}
    return Trace(Plan("tran", Column("time", "s"), columns), t, values)


def test_of_many_lines_those_that_move_most_are_drawn_and_the_rest_is_owned_up_to() -> None:
    choice = choose(trace(100))
    volts = [line.name for line in choice.lines if line.unit == "V"]
    assert len(volts) == LINES
    assert {"v(n50)", "v(n99)"} <= set(volts)
    assert "v(n3)" not in volts
    assert choice.note("V") == "the 12 that move most … and 90 more (name them)"
    assert choice.note("A") == ""
    assert [field.column.name for field in choice.fields] == ["v(h)"]


def test_lines_that_hardly_move_make_room_for_those_that_do() -> None:
    columns = tuple(Column(f"v(n{k})", "V") for k in range(40))
    t = np.linspace(0.0, 1.0, 5)
    values = {f"v(n{k})": (100.0 if k in (3, 33) else 1.0 + 0.01 * k) * t for k in range(40)}
    found = choose(Trace(Plan("tran", Column("time", "s"), columns), t, values))
    names = [line.name for line in found.lines]
    assert len(names) == LINES
    assert {"v(n3)", "v(n33)", "v(n39)", "v(n38)"} <= set(names)
    assert "v(n0)" not in names


def test_names_choose_columns_nodes_of_a_bus_and_patterns() -> None:
    found = choose(trace(12), ["V(n1)", "v(h[3])", "v(n1?)"])
    assert [line.name for line in found.lines] == ["v(n1)", "v(n10)", "v(n11)", "v(h[3])"]
    assert found.lines[-1].values[-1] == 3.0
    assert found.fields == []
    assert [field.column.name for field in choose(trace(1), ["v(h)"]).fields] == ["v(h)"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no 'v\(n11\)' in tran; did you mean 'v\(n1\)'\?"):
        choose(trace(3), ["v(n11)"])


def test_numbers_without_unit_share_a_panel_only_with_their_kind() -> None:
    columns = (Column("phase(t)", ""), Column("sample(t)", ""), Column("v(a)", "V"), Column("v(b)", "V"))
    values = {column.name: np.arange(3.0) for column in columns}
    panels = choose(Trace(Plan("tran", Column("time", "s"), columns), np.arange(3.0), values)).panels
    assert {panel: len(lines) for panel, lines in panels.items()} == {"phase": 1, "sample": 1, "V": 2}


def test_elements_of_an_array_are_named_by_array_and_index() -> None:
    assert node_names(Column("i(vx)", "A", 2, ("0,0", "0,1"))) == ["i(vx[0,0])", "i(vx[0,1])"]
    assert node_names(Column("v(h)", "V", 2, ("h[0]", "h[1]"))) == ["v(h[0])", "v(h[1])"]


def test_what_a_trace_knows() -> None:
    assert knows(trace(2), "V( n1 )")
    assert knows(trace(2), "v(h[*])")
    assert not knows(trace(2), "v(n2)")


def test_a_record_too_long_to_search_shows_its_first_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqchip.simulator.pictures.choice.SEARCH", 1000)
    choice = choose(trace(100))
    assert [line.name for line in choice.lines if line.unit == "V"] == [f"v(n{k})" for k in range(12)]
    assert choice.note("V") == "the first 12 … and 90 more (name them)"


def test_thinning_keeps_every_extreme() -> None:
    x = np.arange(1_000_000.0)
    y = np.zeros_like(x)
    y[[123_456, 777_777]] = 1.0, -1.0
    xs, ys = thin(x, y)
    assert xs.size <= POINTS
    assert (ys.max(), ys.min()) == (1.0, -1.0)
    assert np.all(np.diff(xs) > 0)
    assert (xs[0], xs[-1]) == (0.0, 999_999.0)
    assert thin(x[:10], y[:10])[0].size == 10
