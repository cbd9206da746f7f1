"""The picture of a check: the slope that theory gives runs beside the curves, words beside them too."""

import numpy as np

from eqchip.simulator.pictures.fidelity import LARGE, _guides
from eqchip.simulator.pictures.style import figure


def test_the_slope_runs_above_curves_that_saturate() -> None:
    beta = 10.0 ** np.arange(-8.0, 0.5, 0.5)
    errors = np.maximum(1e-13 / beta, np.minimum(3.0 * beta**2, 0.7))
    axes = figure(2.6).subplots()
    axes.loglog(beta, errors)
    _guides(axes, [(beta, errors, 2.0), (beta, 0.5 * errors, float("nan"))])
    (guide,) = (line for line in axes.lines if line.get_linestyle() == ":")
    x, y = np.asarray(guide.get_xdata()), np.asarray(guide.get_ydata())
    assert np.isclose(np.diff(np.log(y))[0] / np.diff(np.log(x))[0], 2.0)
    along = (beta >= x[0]) & (beta <= x[-1])
    assert np.all(errors[along] < LARGE)
    assert np.all(3.0 * beta[along] ** 2 < y[-1] * (beta[along] / x[-1]) ** 2)


def test_curves_that_are_large_from_the_start_have_a_slope_too() -> None:
    beta = np.array([0.1, 1.0])
    axes = figure(2.6).subplots()
    axes.loglog(beta, 0.3 * beta)
    _guides(axes, [(beta, 0.3 * beta, 1.0)])
    assert axes.texts[0].get_text() == "∝ β"
