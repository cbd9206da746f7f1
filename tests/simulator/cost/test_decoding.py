"""What outputs say, and when they are wrong."""

from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Output
from eqchip.simulator.cost.decoding import Readout
from eqchip.simulator.cost.readout import readout_of
from eqchip.simulator.samples import Dataset, Samples


def wrong(readout: Readout, outputs: Any, targets: Any) -> list[bool]:
    found = readout.wrong(np.array(outputs, dtype=float), np.array(targets, dtype=float))
    assert found is not None
    return [bool(one) for one in found]


def test_argmax_is_right_where_the_largest_output_is_the_largest_target() -> None:
    assert wrong(Readout("argmax"), [[0.1, 0.3, 0.2], [5, 4, 4]], [[0, 1, 0], [0, 0, 1]]) == [False, True]


def test_sign_and_threshold_are_wrong_where_any_output_is() -> None:
    outputs, targets = [[0.4, -2], [0.4, 2]], [[1, -1], [1, -1]]
    assert wrong(Readout("sign"), outputs, targets) == [False, True]
    halves = Readout("threshold", middle=np.array([0.5, 0.5]))
    assert wrong(halves, [[0.6], [0.4], [0.4]], [[1], [1], [0]]) == [False, True, False]


def test_linear_outputs_are_never_wrong() -> None:
    assert Readout("linear").wrong(np.ones((2, 1)), np.zeros((2, 1))) is None


def test_pairs_are_read_as_differences_of_neighbours() -> None:
    paired = Readout("argmax", pairs=True)
    assert paired.values(np.array([[3.0, 1.0, 10.0, 9.5]])).tolist() == [[2.0, 0.5]]
    assert wrong(paired, [[3, 1, 10, 9.5]], [[1, 0]]) == [False]


def test_an_unknown_decoding_names_the_nearest() -> None:
    with pytest.raises(InputError, match="decode=argmx: no such decoding; did you mean 'argmax'"):
        Readout("argmx")


def chip(width: int, decode: str) -> Circuit:
    return Circuit(outputs=[Output("y", np.arange(width), decode=decode)])


def test_the_threshold_lies_midway_between_the_targets_of_each_output() -> None:
    samples = Samples(np.zeros((3, 1)), np.array([[0.2, -1.0], [0.8, 3.0], [0.2, 0.0]]))
    found = readout_of(chip(2, "threshold"), Dataset("d", samples, samples))
    assert found.middle is not None
    assert found.middle == pytest.approx([0.5, 1.0])


def test_a_single_output_cannot_be_read_as_the_largest() -> None:
    samples = Samples(np.zeros((2, 1)), np.ones((2, 1)))
    with pytest.raises(InputError, match=r"decode=argmax of the single output of \.output y") as caught:
        readout_of(chip(1, "argmax"), Dataset("d", samples, samples))
    assert "decode=threshold | sign | linear" in str(caught.value)


def test_a_chip_without_output_is_refused() -> None:
    samples = Samples(np.zeros((2, 1)), np.ones((2, 1)))
    with pytest.raises(InputError, match=r"no \.output card"):
        readout_of(Circuit(), Dataset("d", samples, samples))
