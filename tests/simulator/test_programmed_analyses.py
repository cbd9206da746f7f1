"""Analyses and exports of a chip see the weights that its devices hold, as training does."""

from pathlib import Path

import numpy as np
import pytest

import eqchip
from eqchip.cli.main import run
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.compile import compile_chip

TEXT = """held.cir
.bus x[2] y[1]
.model syn synapse(init=normal spread=0.4 wscale=2 levels=7 prog_0=0.2 stuck_prob=0.3{more}
+                  w_max=0.8 w_min=-0.8)
.model cell neuron(activation=linear)
Yxy x y syn dir=forward
Ny y cell
Vx0 x[0] 0 1
Vx1 x[1] 0 0.5
.set Yxy[0,0].stuck=0.3
.op
.output y
.nudge y
.learn Yxy rate=0.1
.end
"""


@pytest.mark.parametrize("more", ["", " cells=pair update=softbounds"])
def test_an_operating_point_is_that_of_programmed_devices(more: str) -> None:
    text = TEXT.format(more=more)
    w = compile_chip(elaborate(parse(text, "held.cir")), "sparse").parameters()["Yxy"][:, 0]
    assert more or w[0] == pytest.approx(0.6)
    found = eqchip.simulate(eqchip.parse(text))
    assert float(np.asarray(found["v(y[0])"]).ravel()[0]) == pytest.approx(w[0] + 0.5 * w[1], abs=1e-9)
    quiet = eqchip.simulate(eqchip.parse(text).ideal("all"))
    assert abs(float(np.asarray(quiet["v(y[0])"]).ravel()[0]) - (w[0] + 0.5 * w[1])) > 1e-3


def test_flat_spice_has_the_weights_that_devices_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = TEXT.format(more="")
    Path("held.cir").write_text(text)
    assert run(["export", "held.cir", "--to", "spice", "-o", "flat.sp"]) == 0
    w = compile_chip(elaborate(parse(text, "held.cir")), "sparse").parameters()["Yxy"][:, 0]
    lines = [line for line in Path("flat.sp").read_text().splitlines() if line.startswith("B.Yxy")]
    factors = [float(line.split("I={")[1].split("*")[0]) for line in lines]
    np.testing.assert_allclose(factors, 1e-6 * w[w != 0.0], rtol=1e-12)
