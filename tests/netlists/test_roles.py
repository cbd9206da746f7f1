"""Role cards, and what goes together in .train."""

import numpy as np
import pytest

from elaborated import CHIP, circuit, names, refused
from eqchip.netlists import role_cards
from eqchip.netlists.circuit import Data, Learn
from eqchip.netlists.roles import ESTIMATORS
from eqchip.netlists.training import NOT_YET, PAIRS, complete_train
from eqchip.simulator.chip import Nudge, Settling
from eqchip.simulator.compile import compile_chip

LINES = CHIP.count("\n") + 2  # the line of what follows


def test_roles_and_their_defaults() -> None:
    found = circuit(CHIP)
    (role,), (output,), (nudge,) = found.inputs, found.outputs, found.nudges
    assert (role.bus, role.gain, role.offset, role.encode) == ("x", 2.0, -1.0, "direct")
    assert names(found, role.nodes) == ["x[0]", "x[1]"]
    assert (output.pairs, output.decode) == (False, "sign")
    assert (nudge.cost, nudge.kind) == ("mse", "live")
    assert found.learns == [Learn("Yxh", 0.1, -1.0, 1.0), Learn("Nh", 0.2, momentum=0.9)]
    assert found.data is not None
    assert (found.data.name, found.data.at.line) == ("xor", LINES - 1)  # type: ignore[union-attr]


def test_an_input_brings_its_sources() -> None:
    found = circuit(CHIP)
    source = found.instance("v_x")
    assert source is not None
    assert source.shape == (2,)
    assert source.nodes[1] == 0
    assert np.array_equal(source.nodes[0], found.buses["x"])
    assert source.waveform is not None
    assert source.waveform.dc == 0.0


def test_a_role_may_be_of_part_of_a_bus_or_of_a_node() -> None:
    found = circuit(".bus x[4]\nR1 x 0 1\nR2 b 0 1\n.input x[0:1]\n.output x[3]\n.input b\n")
    assert [len(one.nodes) for one in (*found.inputs, *found.outputs)] == [2, 1, 1]


def test_data_names_samples() -> None:
    found = circuit('R1 a 0 1\n.data "my set.npz" train=0:50 valid=50: test=ALL scale=1/255\n').data
    assert found is not None
    assert (found.name, found.train, found.valid, found.test) == ("my set.npz", "0:50", "50:", "all")
    assert found.scale == 1 / 255
    assert circuit("R1 a 0 1\n.data mnist:data/mnist\n").data == Data(
        "mnist:data/mnist",
        at=circuit("R1 a 0 1\n.data mnist:data/mnist\n").data.at,  # type: ignore[union-attr]
    )


def test_train_is_kept_as_given_and_completed_on_request() -> None:
    found = circuit(
        CHIP + ".train estimator=random solve=euler free_steps=20 nudged_steps=4 eps=0.5 persistent=1\n"
    )
    assert found.train == {
        "estimator": "random",
        "solve": "euler",
        "free_steps": 20.0,
        "nudged_steps": 4.0,
        "eps": 0.5,
        "persistent": 1.0,
    }
    assert complete_train(found.train)["rule"] == "contrast"
    assert "points" not in complete_train(found.train)
    assert found.train_at is not None
    assert found.train_at.line == LINES


def test_a_beta_with_its_unit_is_absolute() -> None:
    assert "beta_unit" not in circuit(CHIP + ".train beta=0.5\n").train
    assert "beta_unit" not in circuit(CHIP + ".param b=2\n.train beta={b/4}\n").train
    found = circuit(CHIP + ".train beta=1uS\n").train
    assert (found["beta"], found["beta_unit"]) == (1e-6, "S")


@pytest.mark.parametrize("rule", PAIRS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_rule_goes_with_some_estimators_and_the_table_says_with_which(rule: str, estimator: str) -> None:
    card = f".train estimator={estimator} rule={rule}" + " points=3" * (estimator == "holomorphic") + "\n"
    if estimator in PAIRS[rule] and rule in NOT_YET[".train", "rule"]:
        refused(CHIP + card, "is not supported yet")
    elif estimator in PAIRS[rule]:
        if rule == "continual":
            refused(CHIP + card, "there is no step for momentum= of .learn Nh to change")
        found = circuit(CHIP.replace("momentum=0.9", "") + card).train
        assert (found["estimator"], found["rule"]) == (estimator, rule)
    else:
        error = refused(CHIP + card, f"rule={rule} does not go with estimator={estimator}")
        for known, estimators in PAIRS.items():
            assert known in (error.expected or "")
            assert all(one in (error.expected or "") for one in estimators)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("rule=stdp", "rule=stdp needs an estimator"),
        ("rule=coupled", "rule=coupled is not supported yet"),
        ("rule=chl beta=1", "rule=chl has no beta"),
        ("rule=chl estimator=centered", "rule=chl does not go with estimator=centered"),
        ("schedule=exponential", "schedule=exponential needs gamma="),
        ("gamma=0.9", "gamma= goes with schedule=exponential only"),
        ("schedule=cosine gamma=0.9", "gamma= goes with schedule=exponential only"),
        ("schedule=exponential gamma=1.1", "gamma=1.1 is out of range"),
        ("schedule=linear", "schedule=linear: no such choice"),
        ("estimator=holomorphic", "estimator=holomorphic needs points="),
        ("points=4", "points= goes with estimator=holomorphic only"),
        ("solve=huen", "solve=huen: no such choice; did you mean 'heun'?"),
        ("estimator=centred", "estimator=centred: no such choice; did you mean 'centered'?"),
        ("batchsize=4", ".train has no parameter 'batchsize'"),
        ("beta=1us", "beta=1us: a β in s"),
        ("beta=0", "beta=0 nudges nothing"),
        ("tol=1e-9 free_steps=3", "free_steps= and tol= both say how long a phase lasts"),
        ("free=1u eps=0.5", "eps= and free= both say how long a phase lasts"),
        ("free=1u nudged=1u", "free= has no meaning for solve=equilibrium, which ends by tol="),
        ("solve=rk4 free=1u", "solve=rk4 needs nudged="),
        ("solve=discrete free=1u nudged=1u", "free= has no meaning for solve=discrete"),
        ("solve=discrete free_steps=9 nudged_steps=9 eps=1", "eps= has no meaning for solve=discrete"),
        ("solve=discrete free_steps=9", "solve=discrete needs nudged_steps="),
        ("free_steps=3", "free_steps= has no meaning for solve=equilibrium"),
        ("solve=euler eps=0.5", "solve=euler needs free_steps= nudged_steps="),
        ("solve=euler eps=0.5 free_steps=3", "solve=euler needs nudged_steps="),
        ("batch=0", "batch=0 is out of range"),
        ("batch=2.5", "batch=2.5 is out of range"),
        ("batch=2 batch=3", "batch is given twice"),
        ("persistent=2", "persistent=2 is out of range"),
        ("batch", "'batch' is given without a value"),
    ],
)
def test_what_does_not_go_together_in_training(train: str, message: str) -> None:
    error = refused(CHIP + f".train {train}\n", message)
    assert error.at is not None
    assert error.at.line == LINES


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (".input", ".input does not say what"),
        (".input gain=2", ".input does not say what"),
        (".input z", "8: there is no node 'z'"),
        (".input x", "x is an input already"),
        (".input 0", ".input of ground"),
        (".input h encode=complemented", "encode=complemented: no such choice; did you mean 'complement'?"),
        (".input y encode=complement", "y has 1 nodes, encode=complement needs pairs"),
        (".input h gian=2", ".input has no parameter 'gian'; did you mean 'gain'?"),
        ("V1 h[2] 0 1\n.input h", "h is an input, and V1 drives it too"),
        (".output y", "y is an output already"),
        (".output h pairs=1", ".output pairs=1 is not supported yet"),
        (".nudge y", "y is nudged already"),
        (".nudge h", "h is nudged, but it is no output"),
        (".learn", ".learn does not say what"),
        (".learn Yhy", ".learn Yhy has no rate"),
        (".learn Yhyy rate=1", "there is no 'Yhyy' to learn; did you mean 'Yhy'?"),
        (".learn v_x rate=1", "'v_x' (voltage source) has nothing that learns"),
        (".learn yxh rate=1", "Yxh learns already"),
        (".learn Yhy rate=1 min=2 max=1", "min=2 is above max=1"),
        (".learn Yhy rate=-1", "rate=-1 is out of range"),
        (".data iris", "there are two .data cards"),
    ],
)
def test_a_wrong_role_is_refused(card: str, message: str) -> None:
    refused(CHIP + card + "\n", message)


def test_a_single_resistor_learns_its_conductance() -> None:
    found = circuit(CHIP + "R1 h[0] y[0] 1meg\n.learn R1 rate=2 min=1n\n")
    assert found.learns[-1] == Learn("R1", 2.0, 1e-9)
    chip = compile_chip(found, "sparse", np.float64)
    at, step, samples, targets = 1e-6, 1e-10, np.array([[0.3, 0.8]]), np.array([[1.0]])

    def loss(conductance: float) -> float:
        chip.write({"R1": np.array(conductance)})
        y = chip.outputs(chip.settle(samples, Settling(tol=1e-13)))
        return float(0.5 * np.sum((y - targets) ** 2))

    slope = (loss(at + step) - loss(at - step)) / (2 * step)
    chip.write({"R1": np.array(at)})
    pulled, pushed = (chip.settle(samples, Settling(tol=1e-13), Nudge(targets, b)) for b in (1e-3, -1e-3))
    assert float(chip.contrast(pushed, pulled)["R1"]) / 2e-3 == pytest.approx(slope, rel=1e-3)


def test_what_a_family_has_no_parameter_for_is_not_learned_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role_cards, "_learns", lambda family: False)
    refused(CHIP, "'Yxh' (synapse): learning of its w is not supported yet")


@pytest.mark.parametrize("samples", ["50", "a:b", "0:1:2"])
def test_samples_are_a_range(samples: str) -> None:
    refused(f"R1 a 0 1\n.data mnist train={samples}\n", f"train={samples}: no such samples")


@pytest.mark.parametrize("cards", [(".nudge h", ".nudge y"), (".nudge y", ".nudge h")])
def test_nudges_stand_in_the_order_of_the_outputs(cards: tuple[str, str]) -> None:
    text = CHIP.replace(".nudge y", "").replace(".output y decode=sign", ".output y decode=sign\n.output h")
    assert [one.bus for one in circuit(text + "\n".join(cards) + "\n").nudges] == ["y", "h"]
