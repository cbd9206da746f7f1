"""What would do nothing is refused where it stands; what a sweep makes ideal, and libraries, are not."""

from __future__ import annotations

from pathlib import Path

import pytest

import eqchip
from elaborated import circuit, refused
from eqchip.devices.families import FAMILIES
from eqchip.errors import InputError
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.idle import NEEDS
from eqchip.netlists.reader import parse


def text(synapse: str = "", neuron: str = "", more: str = "") -> str:
    return f"""idle
.bus x[2] h[3] y[1]
{more}
.model syn synapse({synapse})
.model cell neuron({neuron})
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
"""


WRONG = [
    ("", "slope_dtod=0.1", "slope_dtod= does nothing here", "activation=sigmoid or tanh or softplus"),
    ("", "activation=relu shift_dtod=0.1", "shift_dtod= does nothing here", "activation=sigmoid"),
    ("", "hold_charge=1f", "hold_charge= does nothing here", "hold_c="),
    ("", "noise_factor=0.6", "noise_factor= does nothing here", "thermal="),
    ("", "flicker_low=10", "flicker_low= does nothing here", "flicker="),
    ("", "telegraph_up=3", "telegraph_up= does nothing here", "telegraph="),
    ("endurance=100", "", "endurance= does nothing here", "endurance_slope="),
    ("w_max_dtod=0.1", "", "w_max_dtod= does nothing here", "w_max= or update="),
    ("update=constant refresh=5", "", "refresh= does nothing here", "cells=pair or onesided"),
    ("update=softbounds gamma_up=1", "", "gamma_up= does nothing here", "update=linear or exponential"),
    ("update=linear nl_up=2", "", "nl_up= does nothing here", "update=pmax"),
    ("reset=0.1", "", "reset= does nothing here", "lifetime="),
    ("rtn_up=3", "", "rtn_up= does nothing here", "rtn="),
    ("drift_t0=3", "", "drift_t0= does nothing here", "drift_nu="),
]


@pytest.mark.parametrize(("synapse", "neuron", "said", "expected"), WRONG)
def test_what_does_nothing_is_refused_where_it_stands(
    synapse: str, neuron: str, said: str, expected: str
) -> None:
    with pytest.raises(InputError) as raised:
        elaborate(parse(text(synapse, neuron), "idle.cir"))
    assert said in str(raised.value)
    assert expected in (raised.value.expected or "")
    assert raised.value.at is not None
    assert raised.value.at.line == (4 if synapse else 5)


def test_the_spread_of_a_resistance_that_is_not_given_is_refused() -> None:
    resistors = ".bus x[2] h[3]\nY1 x h rm {own}\n.model rm r({said})\n"
    for said, own in (("g=1m r_dtod=0.1", ""), ("g=1m", "r_dtod=0.1")):
        with pytest.raises(InputError, match="r_dtod= does nothing here"):
            elaborate(parse("idle\n" + resistors.format(said=said, own=own)))
    elaborate(parse("idle\n" + resistors.format(said="r=1k r_dtod=0.1", own="")))


@pytest.mark.parametrize(
    ("synapse", "neuron"),
    [
        ("", "activation=tanh slope_dtod=0.1 shift_dtod=0.1"),
        ("", "hold_c=0 hold_charge=1f thermal=0 noise_factor=0.6"),  # points of a sweep
        ("w_max=2 w_max_dtod=0.1", ""),
        ("update=linear gamma_up=1 w_max_dtod=0.1 cells=pair refresh=3", ""),
        ("update=softbounds gamma_up=0", "slope_dtod=0"),  # as ideal as by default
    ],
)
def test_what_acts_or_may_act_passes(synapse: str, neuron: str) -> None:
    elaborate(parse(text(synapse, neuron)))


def test_a_library_may_wait_for_what_a_chip_gives(tmp_path: Path) -> None:
    (tmp_path / "own.lib").write_text(".model leaky synapse(reset=0.1)\n")
    chip = tmp_path / "chip.cir"
    chip.write_text(text(more=".include own.lib").replace("h syn", "h leaky"))
    assert eqchip.load(chip).circuit
    chip.write_text(text(more=".include own.lib").replace("h syn", "h leaky reset_dtod=1"))
    with pytest.raises(InputError, match=r"no parameter|does nothing"):
        _ = eqchip.load(chip).circuit


def test_every_parameter_of_the_table_is_one() -> None:
    known = {name for family in FAMILIES for name in family.all_parameters()}
    for name, need in NEEDS.items():
        assert name in known
        assert set(need.given) <= known
        assert not need.word or need.word in known


def test_a_kind_of_a_published_device_may_hold_what_waits() -> None:
    """The preset gives reset=, which acts once a chip says lifetime=; what a kind gives itself has to act."""
    cards = ".include pcm.lib\n.bus x[2] h[2]\n.model cell neuron\nYxh x h syn\nNh h cell\n"
    kind = ".model syn ako:pcm_nandakumar synapse(wscale=0.5{})\n"
    found = circuit(cards + kind.format("")).models["syn"]
    assert found.values["reset"] == 0.01
    refused(cards + kind.format(" rtn_up=3"), "syn: rtn_up= does nothing here", expected="rtn=")
