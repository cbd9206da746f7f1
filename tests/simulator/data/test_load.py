"""From a .data card or --data to the states of a chip's nodes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqchip.errors import InputError, Location
from eqchip.netlists.circuit import Circuit, Data, Input, Output
from eqchip.simulator.data.load import load

AT = Location("chip.cir", 7, 7, ".data   nothing", 7)


def chip(
    card: Data | None = None,
    inputs: int = 2,
    outputs: int = 1,
    decode: str = "threshold",
    file: str = "",
    **options: Any,
) -> Circuit:
    return Circuit(
        file=file,
        inputs=[Input("x", np.arange(inputs), **options)],
        outputs=[Output("y", np.arange(outputs), decode=decode)],
        data=card,
    )


def written(folder: Path, count: int = 10, **more: Any) -> Data:
    x = np.arange(2.0 * count).reshape(count, 2)
    np.savez(folder / "set.npz", x=x, y=np.arange(count) % 2, **more)
    return Data("set.npz")


def test_xor_is_four_samples_trained_on_and_tested_with() -> None:
    found = load(chip(Data("xor")))
    assert found.name == "xor"
    assert found.train.inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert found.train.targets.tolist() == [[0], [1], [1], [0]]
    assert found.test.inputs.tolist() == found.train.inputs.tolist()
    assert found.valid is None


def test_classes_become_targets_as_the_output_is_read() -> None:
    assert load(chip(Data("xor"), decode="sign")).train.targets.tolist() == [[-1], [1], [1], [-1]]
    for decode, low in (("argmax", 0), ("threshold", 0), ("sign", -1)):
        one_of = load(chip(Data("xor"), outputs=2, decode=decode)).train.targets
        assert one_of.tolist() == [[1, low], [low, 1], [low, 1], [1, low]]


def test_gain_and_offset_make_states_of_data() -> None:
    assert load(chip(Data("xor"), gain=2.0, offset=-1.0)).train.inputs[1].tolist() == [-1, 1]


def test_complement_puts_the_negatives_behind() -> None:
    found = load(chip(Data("xor"), inputs=4, encode="complement", gain=3.0))
    assert found.train.inputs[1].tolist() == [0, 3, 0, -3]


def test_the_name_given_on_the_way_wins_over_the_card() -> None:
    assert load(chip(Data("nothing.npz")), "XOR").name == "xor"


def test_ranges_are_half_open_and_samples_kept_apart_stay_apart(tmp_path: Path) -> None:
    card = written(tmp_path)
    file = str(tmp_path / "chip.cir")
    found = load(chip(Data(card.name, train="0:6", valid="6:8", test="8:"), file=file))
    assert found.train.inputs[:, 0].tolist() == [0, 2, 4, 6, 8, 10]
    assert found.valid is not None
    assert found.valid.inputs[:, 0].tolist() == [12, 14]
    assert found.test.inputs[:, 0].tolist() == [16, 18]


def test_a_test_set_of_its_own_is_what_test_counts_in(tmp_path: Path) -> None:
    card = written(tmp_path, x_test=np.ones((3, 2)), y_test=np.array([1, 0, 1]))
    np.savez(
        tmp_path / "four.npz",
        x_train=np.zeros((5, 2)),
        y_train=np.arange(5) % 2,
        x_test=np.ones((3, 2)),
        y_test=np.array([1, 0, 1]),
    )
    file = str(tmp_path / "chip.cir")
    assert len(load(chip(card, file=file)).test) == 3
    found = load(chip(Data("four.npz", test="1:3"), file=file))
    assert (len(found.train), found.test.targets[:, 0].tolist()) == (5, [0, 1])


def test_a_share_is_kept_back_by_the_seed(tmp_path: Path) -> None:
    circuit = chip(written(tmp_path), file=str(tmp_path / "chip.cir"))
    circuit.train = {"valid": 0.3, "seed": 4.0}
    first = load(circuit)
    assert first.valid is not None
    both = [*first.train.inputs[:, 0], *first.valid.inputs[:, 0]]
    assert (len(first.train), len(first.valid)) == (7, 3)
    assert sorted(both) == [2.0 * k for k in range(10)]
    again = load(circuit).valid
    assert again is not None
    assert again.inputs.tolist() == first.valid.inputs.tolist()
    circuit.train["seed"] = 5.0
    other = load(circuit).valid
    assert other is not None
    assert other.inputs.tolist() != first.valid.inputs.tolist()


def test_samples_to_choose_by_are_not_trained_on(tmp_path: Path) -> None:
    card, file = written(tmp_path), str(tmp_path / "chip.cir")
    found = load(chip(Data(card.name, valid="2:5"), file=file))
    assert found.valid is not None
    assert found.valid.inputs[:, 0].tolist() == [4, 6, 8]
    assert found.train.inputs[:, 0].tolist() == [0, 2, 10, 12, 14, 16, 18]
    for train, valid, message in (
        ("0:6", "5:8", "train=0:6 and valid=5:8 share 1 samples"),
        ("", "all", "valid=all leaves nothing to train on"),
    ):
        with pytest.raises(InputError, match=message):
            load(chip(Data(card.name, train=train, valid=valid), file=file))
    circuit = chip(Data(card.name, valid="2:5"), file=file)
    circuit.train["valid"] = 0.2
    with pytest.raises(InputError, match=r"\.train valid=0\.2 and \.data valid=2:5 both keep samples back"):
        load(circuit)


def test_ranges_of_the_netlist_are_of_its_own_set_those_from_outside_of_any(tmp_path: Path) -> None:
    written(tmp_path)
    there = str(tmp_path / "set.npz")
    assert len(load(chip(Data("mnist", train="0:50000", valid="50000:60000")), there).train) == 10
    outside = Data("mnist", train="0:4", valid="50000:60000", outside=frozenset({"train"}))
    found = load(chip(outside), there)
    assert (len(found.train), found.valid) == (4, None)
    assert len(load(chip(Data(there, train="0:3")), there).train) == 3


def test_bytes_become_single_precision_and_nothing_else_does(tmp_path: Path) -> None:
    x = np.arange(8, dtype=np.uint8).reshape(4, 2)
    for data in (x, x.astype(np.int64), x.astype(np.float32)):
        np.savez(tmp_path / "b.npz", x=data, y=np.array([0, 1, 0, 1]))
        found = load(chip(gain=2.0, offset=-1.0), str(tmp_path / "b.npz")).train.inputs
        assert found.dtype == (np.float32 if data.dtype == np.uint8 else np.float64)
        assert found.tolist() == (2.0 * x - 1.0).tolist()


def test_scale_is_a_factor_on_the_data(tmp_path: Path) -> None:
    card = written(tmp_path)
    found = load(chip(Data(card.name, scale=0.5), file=str(tmp_path / "chip.cir"), offset=1.0))
    assert found.train.inputs[1].tolist() == [2.0, 2.5]


def test_an_unknown_set_points_at_the_card_and_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"chip\.cir:7:7: no data set 'xorr'; did you mean 'xor'"):
        load(chip(Data("xorr", at=AT)))


def test_no_data_at_all_says_what_to_write() -> None:
    with pytest.raises(InputError, match=r"no \.data card and no --data") as caught:
        load(chip())
    assert ".data xor" in str(caught.value)


def test_a_netlist_reads_no_file_outside_its_folder(tmp_path: Path) -> None:
    written(tmp_path)
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(InputError, match="lies outside the folder of the netlist"):
        load(chip(Data("../set.npz"), file=str(inner / "chip.cir")))
    assert len(load(chip(Data("xor"), file=str(inner / "chip.cir")), str(tmp_path / "set.npz")).train) == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": 3}, r"xor has 2 numbers a sample, the inputs x\[3\] take 3"),
        ({"outputs": 3, "decode": "linear"}, "xor has 1 answer a sample, the output y has 3 nodes"),
        ({"inputs": 2, "encode": "complement"}, r"the inputs x\[2\] take 1"),
    ],
)
def test_data_that_do_not_fit_the_chip_say_by_how_much(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(chip(Data("xor"), **change))


def test_classes_beyond_the_output_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", x=np.zeros((3, 2)), y=np.array([0, 1, 4]))
    with pytest.raises(
        InputError, match="has the class 4, the output y has nodes for classes 0 to 1"
    ) as caught:
        load(chip(outputs=2, decode="argmax"), str(tmp_path / "c.npz"))
    assert "an output of 5 nodes" in str(caught.value)


def test_answers_that_are_no_signs_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", x=np.zeros((2, 2)), y=np.array([0.5, 1.0]))
    with pytest.raises(InputError, match="has answers that are no signs"):
        load(chip(decode="sign"), str(tmp_path / "c.npz"))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("0:11", "train=0:11: there are samples 0:10"),
        ("5:5", "not empty"),
        ("all-of-it", "train=all-of-it: no such samples"),
    ],
)
def test_ranges_that_are_not_there_are_refused(tmp_path: Path, split: str, message: str) -> None:
    card = written(tmp_path)
    with pytest.raises(InputError) as caught:
        load(chip(Data(card.name, train=split), file=str(tmp_path / "chip.cir")))
    assert message in str(caught.value)


def test_a_chip_without_inputs_is_refused() -> None:
    with pytest.raises(InputError, match=r"data need a chip with an \.input card"):
        load(Circuit(outputs=[Output("y", np.arange(1))], data=Data("xor")))


def two_outputs(card: Data, folder: Path) -> Circuit:
    return Circuit(
        file=str(folder / "chip.cir"),
        inputs=[Input("x", np.arange(2))],
        outputs=[Output("y", np.arange(3), decode="argmax"), Output("z", np.arange(3, 5), decode="sign")],
        data=card,
    )


@pytest.mark.parametrize("classes", [True, False])
def test_answers_are_dealt_out_to_the_outputs_bus_after_bus(tmp_path: Path, classes: bool) -> None:
    first = np.array([[2.0], [0.0]]) if classes else np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    answers = np.concatenate([first, np.array([[0.0, 1.0], [1.0, 1.0]])], axis=1)
    np.savez(tmp_path / "two.npz", x=np.ones((2, 2)), y=answers)
    found = load(two_outputs(Data("two.npz"), tmp_path)).train.targets
    assert found.tolist() == [[0, 0, 1, -1, 1], [1, 0, 0, 1, 1]]


def test_answers_that_do_not_fill_all_outputs_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", x=np.ones((2, 2)), y=np.zeros(2))
    with pytest.raises(InputError) as raised:
        load(two_outputs(Data("two.npz"), tmp_path))
    assert "two.npz has 1 answer a sample, the output y has 3 nodes and the output z has 2 nodes" in str(
        raised.value
    )
    assert "expected 5 or 3 or 2 answers a sample (a class number counts as one)" in str(raised.value)


def test_a_share_that_leaves_nothing_to_train_on_is_refused() -> None:
    circuit = chip(Data("xor"))
    circuit.train["valid"] = 0.99
    with pytest.raises(InputError, match=r"valid=0\.99 of 4 training samples keeps back 4"):
        load(circuit)
    circuit.train["valid"] = 0.1
    with pytest.raises(InputError, match="keeps back 0"):
        load(circuit)
