import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.pictures.choice import LINES, choose, thin
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
    assert volts == ["v(y[0])", "v(y[1])", *(f"v(n{k})" for k in range(92, 100))]
    assert choice.note("V") == "the 10 of 102 that move most"
    assert choice.note("A") == ""
    assert [field.column.name for field in choice.fields] == ["v(h)"]


def test_names_choose_columns_nodes_of_a_bus_and_patterns() -> None:
    found = choose(trace(12), ["V(n1)", "v(h[3])", "v(n1?)"])
    assert [line.name for line in found.lines] == ["v(n1)", "v(n10)", "v(n11)", "v(h[3])"]
    assert found.lines[-1].values[-1] == 3.0
    assert found.fields == []
    assert [field.column.name for field in choose(trace(1), ["v(h)"]).fields] == ["v(h)"]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no 'v\(n11\)' in tran; did you mean 'v\(n1\)'\?"):
        choose(trace(3), ["v(n11)"])


def test_thinning_keeps_every_extreme() -> None:
    x = np.arange(1_000_000.0)
    y = np.zeros_like(x)
    y[[123_456, 777_777]] = 1.0, -1.0
    xs, ys = thin(x, y)
    assert xs.size < 5000
    assert (ys.max(), ys.min()) == (1.0, -1.0)
    assert np.all(np.diff(xs) > 0)
    assert (xs[0], xs[-1]) == (0.0, 999_999.0)
    assert thin(x[:10], y[:10])[0].size == 10
