"""Changing values from outside: names, precedence, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elaborated import CHIP, circuit, refused
from eqchip.errors import InputError


def test_a_bare_name_is_a_parameter_and_others_follow_it() -> None:
    cards = ".param a=1 b={2*a}\nR1 x 0 {b}\n"
    assert circuit(cards, {"a": "3k"}).instances[0].values["r"] == 6000.0
    assert circuit(cards, {"A": 3, "b": 7}).parameters == {"a": 3.0, "b": 7.0}


def test_every_kind_of_name() -> None:
    found = circuit(
        CHIP + ".options reltol=1e-4\n",
        {
            "train.beta": "1uS",
            "train.estimator": "onesided",
            "learn.yxh.rate": 0.5,
            "learn.Yxh.max": "2",
            "nudge.y.kind": "frozen",
            "input.x.gain": 3,
            "output.y.decode": "linear",
            "data.train": "0:3",
            "data.scale": "0.5",
            "options.reltol": "1e-5",
            "options.method": "trapezoidal",
            "syn.init": "zeros",
            "Yhy.gunit": "2u",
            "Yxh[1,3].w": "0.25",
            "Nh[2].bias": -1,
        },
    )
    assert found.train == {"beta": 1e-6, "beta_unit": "S", "estimator": "onesided"}
    assert (found.learns[0].rate, found.learns[0].low, found.learns[0].high) == (0.5, -1.0, 2.0)
    assert found.nudges[0].kind == "frozen"
    assert (found.inputs[0].gain, found.outputs[0].decode) == (3.0, "linear")
    assert found.data is not None
    assert (found.data.train, found.data.scale) == ("0:3", 0.5)
    assert found.options == {"reltol": 1e-5, "method": "trap"}
    assert {one.name: one.given().get("init") for one in found.instances[:2]} == {
        "Yxh": "zeros",
        "Yhy": "zeros",
    }
    assert found.models["syn"].values == {"init": "zeros"}
    assert found.instances[1].values == {"gunit": 2e-6}
    assert found.elements == {("Yxh", (1, 3)): {"w": 0.25}, ("Nh", (2,)): {"bias": -1.0}}


def test_the_value_of_a_source() -> None:
    found = circuit("V1 a 0 1\nV2 b 0 PULSE(0 1)\n", {"V1.dc": "2", "v2.DC": 3})
    assert [one.waveform.dc for one in found.instances if one.waveform] == [2.0, 3.0]


def test_value_is_what_stands_on_the_card_without_a_name() -> None:
    found = circuit(
        "V1 a 0 1\nV2 b 0 SIN(0 1 1k)\nR1 a b 1\nC1 b 0 1p\n",
        {"V1.value": "2", "V2.value": 0.5, "R1.value": "5k", "c1.VALUE": "2p"},
    )
    assert [one.waveform.dc for one in found.instances if one.waveform] == [2.0, 0.5]
    assert (found.instances[2].values["r"], found.instances[3].values["c"]) == (5000.0, 2e-12)
    refused("V1 a 0 1\nR1 a 0 1\n", "V1 has no parameter 'volts'", {"V1.volts": "2"}, "V1.dc")


def test_train_is_refused_where_nothing_learns() -> None:
    message = "set train.beta: nothing is trained here: there is no .learn card"
    refused("V1 a 0 1\nR1 a 0 1\n", message, {"train.beta": "2"})
    assert circuit("V1 a 0 1\nR1 a 0 1\n", {"train.seed": "2"}).train == {"seed": 2.0}


def test_a_set_card_takes_expressions_and_inner_names() -> None:
    found = circuit(".param k=2\nX1 a s\n.set X1.R1.r={3*k} k=4\n.subckt s p\nR1 p 0 1\n.ends\n")
    assert found.instances[0].values["r"] == 12.0


# The one parameter `bias` of one element, given at every level there is; the highest one wins.
LEVELS = ("default", "model", "instance", "element card", "set card", "from outside")


@given(st.sets(st.sampled_from(LEVELS[1:])))
def test_precedence(given: set[str]) -> None:
    model = "bias=1" if "model" in given else ""
    cards = f".bus h[2]\n.model cell neuron({model})\nNh h cell{' bias=2' if 'instance' in given else ''}\n"
    cards += ".set Nh[0].bias=3\n" if "element card" in given else ""
    overrides: dict[str, float | str] = {}
    if "from outside" in given:
        overrides["Nh.bias"] = 5
    if "set card" in given:
        cards = cards.replace(".bus", ".set Nh.bias=4\n.bus", 1)
    found = circuit(cards, overrides)
    neurons = found.instances[0]
    value = found.elements.get(("Nh", (0,)), {}).get("bias", neurons.given().get("bias", 0.0))
    if "from outside" in given:
        assert value == 5.0
    elif "element card" in given:  # more particular than the other card
        assert value == 3.0
    elif "set card" in given:
        assert value == 4.0
    else:
        assert value == (2.0 if "instance" in given else 1.0 if "model" in given else 0.0)


def test_a_model_set_from_outside_wins_over_its_instances() -> None:
    cards = ".bus h[2]\n.model cell neuron(bias=1)\nNa h[0] cell bias=2\nNb h[1] cell\n.set Na.bias=3\n"
    found = circuit(cards, {"cell.bias": 7})
    assert [one.given()["bias"] for one in found.instances] == [7.0, 7.0]
    both = circuit(cards, {"Nb.bias": 8, "cell.bias": 7})
    assert [one.given()["bias"] for one in both.instances] == [7.0, 8.0]


def test_another_way_to_say_how_long_phases_last_replaces_the_first() -> None:
    cards = CHIP + ".train tol=1e-9 beta=0.2\n"
    found = circuit(
        cards, {"train.solve": "euler", "train.free_steps": 5, "train.nudged_steps": 5, "train.eps": 0.5}
    )
    assert "tol" not in found.train
    assert found.train["beta"] == 0.2


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x", 1, "set x: there is no parameter 'x'"),
        ("beta", 1, "set beta: there is no parameter 'beta'; did you mean 'train.beta'?"),
        ("kk", 1, "set kk: there is no parameter 'kk'; did you mean 'k'?"),
        ("k", "abc", "there is no parameter 'abc'"),
        ("train.bta", 1, "set train.bta: .train has no parameter 'bta'; did you mean 'beta'?"),
        ("train.batch", 1.5, "set train.batch: batch=1.5 is out of range"),
        ("train.rule", "contrst", "set train.rule: rule=contrst: no such choice; did you mean 'contrast'?"),
        ("train.rule", "coupled", "set train.rule: .train rule=coupled is not supported yet"),
        ("train.a.beta", 1, "set train.a.beta: 'train.a.beta' does not name a setting"),
        ("train.beta", "1us", "beta=1us: a β in s"),
        ("learn.rate", 1, "'learn.rate' does not name a setting"),
        ("learn.Yhy.rate", 1, "there is no .learn Yhy"),
        ("learn.Yxh.rate", -1, "set learn.Yxh.rate: rate=-1 is out of range"),
        ("learn.Yxh.min", 2, "min=2 is above max=1"),
        ("nudge.z.kind", "live", "set nudge.z.kind: there is no .nudge z"),
        ("data.train", "5", "train=5: no such samples"),
        ("options.retol", 1, "set options.retol: .options has no parameter 'retol'; did you mean 'reltol'?"),
        ("protocol.free", 1, "there is no .protocol card"),
        ("Yhx.w", 1, "set Yhx.w: there is no model, element or card 'Yhx'; did you mean"),
        ("Yxh.ww", 1, "set Yxh.ww: Yxh (synapse) has no parameter 'ww'; did you mean 'w'?"),
        (
            "cell.gleek",
            1,
            "set cell.gleek: model cell (neuron) has no parameter 'gleek'; did you mean 'gleak'?",
        ),
        (
            "cell.activation",
            "tan",
            "set cell.activation: activation=tan: no such choice; did you mean 'tanh'?",
        ),
        ("Yxh[2,0].w", 1, "set Yxh[2,0].w: Yxh has 2 × 4 elements"),
        ("Yxh[1].w", 1, "set Yxh[1].w: Yxh takes [row,column]"),
        ("Nh[1,1].bias", 1, "Nh takes [i]"),
        ("R1[0].r", 1, "R1 takes no index: it is one element"),
        ("v_x.dc", "abc", "set v_x.dc: there is no parameter 'abc'"),
        ("v_x.dc", "1e400", "set v_x.dc: '1e400' is too large a number"),
        ("v_x.dc", float("nan"), "set v_x.dc: the value nan"),
        ("k", float("inf"), "set k: the value inf"),
        ("k", None, "set k: a value of type NoneType"),
        ("train.beta", [1.0, 2.0], "set train.beta: a value of type list"),
        ("R1.r", 0, "set R1.r: r=0 Ω is out of range"),
    ],
)
def test_what_cannot_be_set_is_refused(name: str, value: str | float, message: str) -> None:
    error = refused(CHIP + ".param k=1\nR1 a 0 1k\n", message, {name: value})
    assert error.exit_code == 2


def test_data_that_are_not_there_have_no_settings() -> None:
    refused("R1 a 0 1\n", "set data.train: there is no .data card", {"data.train": "0:3"})


def test_a_name_of_two_things_is_refused() -> None:
    cards = ".model r1 R(r=1)\nR1 a 0 r1\n"
    refused(cards, "'R1' is a model and an element", {"R1.r": 3})


def test_a_set_card_points_at_itself() -> None:
    refused("R1 a 0 1\n.set R2.r=3\n", "chip.cir:3:6: there is no model, element or card 'R2'")
    refused("R1 a 0 1\n.set R1.r=0\n", "chip.cir:3:6: r=0 Ω is out of range")
    refused("R1 a 0 1\n.set\n", "3:1: .set changes nothing")


def test_nothing_is_shared_between_circuits() -> None:
    from eqchip.netlists.elaborate import elaborate
    from eqchip.netlists.reader import parse

    netlist = parse("title\n" + CHIP)
    changed = elaborate(netlist, {"syn.init": "zeros", "Nh.bias": 3, "train.beta": 2})
    plain = elaborate(netlist)
    assert changed.models["syn"].values != plain.models["syn"].values
    assert plain.instances[2].values == {}
    assert plain.train == {}
    with pytest.raises(InputError):
        elaborate(netlist, {"nothing": 1})


def test_what_set_gives_is_not_blamed_on_the_card() -> None:
    from eqchip.netlists.elaborate import elaborate
    from eqchip.netlists.reader import parse

    text = "test\n.bus x[2] y[1]\n.model syn synapse()\nYxy x y syn\nNy y cell\n"
    text += ".model cell neuron()\n.input x\n.output y\n.nudge y\n.learn Yxy rate=1\n.data xor\n"
    text += ".train beta={}\n.end\n"
    with pytest.raises(InputError, match="beta=0 nudges nothing") as found:
        elaborate(parse(text.format("0.5"), "test.cir"), {"train.beta": "0"})
    assert found.value.at is None
    with pytest.raises(InputError, match="beta=0 nudges nothing") as found:
        elaborate(parse(text.format("0"), "test.cir"))
    assert "test.cir:12:8:" in str(found.value)
