"""Pictures of theorems: dots over lines, errors over β, and a word where nothing is claimed."""

from typing import Any

import numpy as np
import pytest

from eqchip.simulator.pictures.draw import picture_of
from eqchip.simulator.pictures.style import figure, style
from eqchip.simulator.rows import Column, Plan, Trace

pytest.importorskip("matplotlib")

STEPS = np.arange(1.0, 31.0)
LINES = np.exp(-0.1 * STEPS)[:, None] * np.array([1.0, -0.5])
BETAS = [1e-4, 1e-3, 1e-2]


def painted(kind: str, axis: str, x: Any, values: dict[str, Any], facts: dict[str, Any]) -> list[Any]:
    columns = tuple(Column(name, "", 0 if one.ndim == 1 else one.shape[1]) for name, one in values.items())
    with style():
        picture = picture_of(Trace(Plan(kind, Column(axis, ""), columns, facts), x, values))
        made = figure(picture.height)
        axes = list(picture.paint(made))
        made.canvas.draw()
    return axes


def second_phase(**facts: Any) -> list[Any]:
    given = {"methods": ["euler", "rk4"], "betas": BETAS, "errors_euler": BETAS, "errors_rk4": BETAS}
    return painted("second_phase", "step", STEPS, {"current": LINES, "adjoint": LINES}, {**given, **facts})


def words(axes: Any) -> str:
    return " ".join(text.get_text() for text in axes.texts)


def test_currents_lie_over_adjoints_and_errors_beside_the_slope_of_theory() -> None:
    left, right = second_phase()
    dots = [line for line in left.lines if line.get_marker() == "o"]
    assert len(dots) == 2
    for dot, column in zip(dots, LINES.T, strict=True):
        np.testing.assert_allclose(dot.get_ydata(), np.interp(dot.get_xdata(), STEPS, column))
    assert [line.get_label() for line in right.lines[:2]] == ["euler", "rk4"]
    guide = right.lines[2]
    np.testing.assert_allclose(np.diff(np.log(guide.get_ydata())), np.diff(np.log(guide.get_xdata())))
    assert "does not apply" not in words(left)


def test_what_does_not_apply_is_written_and_has_no_slope_of_theory() -> None:
    left, right = second_phase(
        applies=False, why="J is skew", errors_euler=[0.3] * 3, errors_rk4=[0.4, 0.4, np.nan]
    )
    assert "does not apply: J is skew" in words(left)
    assert len(right.lines) == 2


def test_updates_have_a_panel_for_each_array_and_one_for_the_error() -> None:
    names = ["neurons", "Yxh", "Nh", "Yhy", "Ny", "Yhz", "Nz"]
    values = {f"{what}({name.lower()})": LINES for name in names for what in ("update", "gradient")}
    facts: dict[str, Any] = {f"errors_{name.lower()}": BETAS for name in names}
    panels = painted("through_time", "step", STEPS, values, {"names": names, "betas": BETAS, **facts})
    assert len(panels) == 6
    assert panels[1].get_title(loc="left") == "Yxh: lines ∇, dots Δ"
    assert "2 arrays not shown" in panels[0].get_title(loc="left")
    assert len(panels[-1].get_legend().get_texts()) == 7


def test_the_cosine_stands_over_reciprocity_with_this_chip_marked() -> None:
    ratios = np.linspace(0, 0.5, 5)
    values = {"cosine(yxh)": 1 - ratios**2, "cosine(all)": 1 - ratios}
    facts = {"names": ["Yxh"], "own_asymmetry": 0.25, "measured": [0.93, 0.75], "stable": [1.0] * 4 + [0.0]}
    (panel,) = painted("reciprocity", "asymmetry", ratios, values, facts)
    assert panel.get_xlabel() == "‖J − Jᵀ‖/‖J‖"
    assert "this chip" in words(panel)
    assert "crosses: not stable" in panel.get_title(loc="left")
    dots = [line for line in panel.lines if line.get_marker() == "o"]
    assert [float(dot.get_ydata()[0]) for dot in dots] == [0.93, 0.75]
