"""Rules with a target of their own, estimates that did not settle, and chips into which no error goes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import eqchip
from eqchip.cli.main import run
from eqchip.simulator.checking import check as hold
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.data.load import load
from eqchip.simulator.learning import fidelity as looked
from eqchip.simulator.learning.fidelity import Fidelity, fidelity
from eqchip.simulator.learning.plan import plan_for
from eqchip.simulator.learning.references.finite_differences import steady

TEXT = """chip
.bus x[2] h[4] y[2]
.model syn synapse(init=glorot)
.model cell neuron(activation={activation})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x
.output y decode=threshold
.nudge y
.learn Yxh rate=0.1
.learn Yhy rate=0.1
.learn Nh rate=0.1
.data two.csv
.train {train}
.end
"""


ROWS = "0.2,0.5,0.1,-0.3\n0.9,-0.4,-0.2,0.6\n"


def chip_of(here: Path, train: str, activation: str = "tanh", rows: str = ROWS):  # type: ignore[no-untyped-def]
    (here / "two.csv").write_text(rows)
    path = here / "chip.cir"
    path.write_text(TEXT.format(train=train, activation=activation))
    return eqchip.load(path)


def check(chip, **more) -> Fidelity:  # type: ignore[no-untyped-def]
    return hold(chip, **more)[0]


def energy_apart(compiled, x, t) -> float:  # type: ignore[no-untyped-def]
    """Return E(clamped) − E(free), the mean over samples: the work of the forces on the way between them."""
    still = Settling(tol=1e-14)
    free = compiled.settle(x, still)
    held = compiled.settle(x, still, Nudge(t, clamp=True), free)
    way = compiled.displacement(free, held)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    work = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        here = compiled.displaced(free, 0.5 * (1.0 + node) * way)
        work -= 0.5 * weight * float(np.mean(np.sum(compiled.linearised(here, x).force * way, axis=1)))
    return work


def test_the_target_of_chl_is_the_slope_of_an_energy(tmp_path: Path) -> None:
    compiled = chip_of(tmp_path, "rule=chl").compile("array", "float64")
    few = load(compiled.circuit).train
    plan = plan_for(compiled)
    rule = plan.methods()[1]
    assert rule.aim is not None
    free = compiled.settle(few.inputs, Settling(tol=1e-14))
    wanted = rule.aim(compiled, free, few.inputs, few.targets, plan)
    for name, index in (("Yxh", (1, 2)), ("Yhy", (3, 1)), ("Nh", (0,))):
        slope = steady(compiled, lambda: energy_apart(compiled, few.inputs, few.targets), name, index)
        assert slope is not None
        assert wanted[name][index] == pytest.approx(slope, rel=1e-6)


def test_chl_is_held_against_its_own_target(tmp_path: Path) -> None:
    exact = check(chip_of(tmp_path, "rule=chl tol=1e-13"))
    hasty = check(chip_of(tmp_path, "rule=chl solve=euler free_steps=4 nudged_steps=2 eps=0.5"))
    assert exact.aimed
    assert exact.betas == []
    for name, one in exact.arrays.items():
        assert one.own_error is not None
        assert one.own_error < 1e-9
        assert one.own_cosine == pytest.approx(1.0, abs=1e-12)
        assert one.relative_error is not None
        assert one.relative_error > 0.01  # it is not the loss's gradient
        other = hasty.arrays[name].own_error
        assert other is not None
        assert other > 1e-2  # what settling left shows


def test_the_gradient_itself_has_no_other_target(tmp_path: Path) -> None:
    found = check(chip_of(tmp_path, "rule=rbp"))
    assert not found.aimed
    assert all(one.own_error is None for one in found.arrays.values())


@pytest.mark.parametrize("rule", ["chl", "rbp"])
def test_rules_without_a_beta_say_so_and_have_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rule: str
) -> None:
    chip_of(tmp_path, f"rule={rule}")
    monkeypatch.chdir(tmp_path)
    assert run(["check", "chip.cir", "-o", "c.h5"]) == 0
    out = capsys.readouterr().out
    assert f"rule={rule} has no β" in out
    assert ("against its own target" in out) == (rule == "chl")
    axes = eqchip.open("c.h5").fidelity.plot()
    figure = axes.figure
    left = figure.axes[0]
    assert left.get_title(loc="left").startswith(f"rule={rule} has no β")
    lines = [line for line in left.get_lines() if len(line.get_xdata()) == 3]
    assert len(lines) == (2 if rule == "chl" else 1)
    kept = np.atleast_1d(eqchip.open("c.h5").fidelity.trace.plan.attributes["relative_error"])
    assert np.allclose(np.asarray(lines[0].get_xdata()), np.maximum(kept, 1e-17))


def test_what_did_not_settle_has_no_error_at_that_beta(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phase that could not be followed to its β leaves little residual, and is not settled."""
    genuine = looked.estimate

    def short(chip, inputs, targets, plan, *more):  # type: ignore[no-untyped-def]
        found = genuine(chip, inputs, targets, plan, *more)
        lost = tuple(replace(one, settled=np.zeros_like(one.settled)) for one in found.nudged)
        return replace(found, nudged=lost) if plan.beta > 1e-3 else found

    compiled = chip_of(tmp_path, "estimator=centered").compile("array", "float64")
    few = load(compiled.circuit).train
    monkeypatch.setattr(looked, "estimate", short)
    plan = plan_for(compiled)
    found = fidelity(compiled, few.inputs, few.targets, plan, betas=(1e-4, 1e-2), picks=0)
    for one in found.arrays.values():
        assert one.errors[0] is not None
        assert one.errors[1] is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0.5,0.5,2,2\n0.1,0.2,3,2\n", "stand at a bound"),
        ("0.5,0.5,0,0\n0.1,0.2,0,0\n", "the outputs are their targets"),
    ],
    ids=["held", "right"],
)
def test_why_no_error_goes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rows: str, said: str
) -> None:
    chip_of(tmp_path, "estimator=onesided", "hardsigmoid", rows)
    monkeypatch.chdir(tmp_path)
    bias = "5" if said == "stand at a bound" else "0"
    more = ["--set", f"Ny.bias={bias}"] if bias == "5" else ["--set", "syn.init=zeros"]
    assert run(["check", "chip.cir", "--json", *more]) == 0
    for one in json.loads(capsys.readouterr().out)["theorems"].values():
        assert said in one["why"]
