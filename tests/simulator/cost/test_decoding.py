"""What outputs say, and when they are wrong."""

from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Output
from eqchip.simulator.cost.decoding import Readout, Several
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


def test_several_outputs_are_read_each_in_its_own_way() -> None:
    joint = Several((Readout("argmax"), Readout("sign"), Readout("linear")), (2, 1, 1))
    outputs, targets = (
        np.array([[0.2, 0.9, 0.3, 5.0]] * 3),
        np.array([[0, 1, 1, 0], [0, 1, -1, 0], [1, 0, 1, 0]]),
    )
    found = joint.wrong(outputs, targets)
    assert found is not None
    assert found.tolist() == [False, True, True]
    assert joint.values(outputs).tolist() == outputs.tolist()


def test_several_outputs_of_which_none_is_judged_are_never_wrong() -> None:
    joint = Several((Readout("linear"), Readout("linear", pairs=True)), (1, 2))
    assert joint.wrong(np.ones((2, 3)), np.zeros((2, 2))) is None
    assert joint.values(np.array([[1.0, 5.0, 3.0]])).tolist() == [[1.0, 2.0]]


def two(decode: str = "threshold") -> Circuit:
    return Circuit(
        outputs=[Output("y", np.arange(2), decode=decode), Output("z", np.arange(2, 3), decode="sign")]
    )


def test_the_cards_of_several_outputs_make_one_readout() -> None:
    targets = np.array([[0.0, 1.0, 1.0], [4.0, 1.0, -1.0]])
    found = readout_of(
        two(), Dataset("d", Samples(np.zeros((2, 1)), targets), Samples(np.zeros((2, 1)), targets))
    )
    assert isinstance(found, Several)
    assert found.widths == (2, 1)
    assert [one.decode for one in found.parts] == ["threshold", "sign"]
    # The second output of y has one answer throughout: it is told apart as the first is.
    np.testing.assert_array_equal(found.parts[0].middle, [2.0, 2.0])


def test_a_threshold_without_two_answers_is_refused() -> None:
    same = Samples(np.zeros((2, 1)), np.ones((2, 3)))
    with pytest.raises(InputError, match=r"decode=threshold of \.output y: d wants 1 of every sample"):
        readout_of(two(), Dataset("d", same, same))


def test_the_threshold_knows_the_answers_of_all_samples() -> None:
    part, other = Samples(np.zeros((1, 1)), np.ones((1, 1))), Samples(np.zeros((1, 1)), np.zeros((1, 1)))
    circuit = Circuit(outputs=[Output("y", np.arange(1), decode="threshold")])
    found = readout_of(circuit, Dataset("d", part, part, other))
    np.testing.assert_array_equal(found.middle, [0.5])
