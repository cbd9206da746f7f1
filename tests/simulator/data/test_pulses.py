"""Pulse-response files: every way of laying them out, and every way of getting it wrong."""

from pathlib import Path

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.data.pulses import parse_pulses, read_pulses
from eqchip.simulator.fitting.response import Response, turning_points

UP, DOWN = [1.0, 2.0, 3.0, 3.5], [2.5, 1.8, 1.2]


def seen(response: Response) -> list[tuple[str, int, list[float], list[float]]]:
    return [
        (one.device, one.direction, one.counts.tolist(), np.round(one.values * 1e6, 9).tolist())
        for one in response.trains
    ]


TRIANGLE = [("1", 1, [0, 1, 2, 3], UP), ("1", -1, [0, 1, 2, 3], [UP[-1], *DOWN])]


def rows(*columns: list[object]) -> str:
    return "\n".join(",".join(str(cell) for cell in row) for row in zip(*columns, strict=True))


ALL: list[object] = [*UP, *DOWN]
COUNT: list[object] = list(range(7))
WORDS: list[object] = ["up"] * 4 + ["down"] * 3


@pytest.mark.parametrize(
    "text",
    [
        "conductance (uS)\n" + rows(ALL),
        "G [uS]\n" + rows(ALL),
        "g/uS\n" + rows(ALL),
        "Conductance_uS\n" + rows(ALL),
        "pulse,conductance (uS)\n" + rows(COUNT, ALL),
        "# measured today\n\nG (uS), n\n" + rows(ALL, COUNT),
        "device;pulse;g (uS);direction\n" + rows(["1"] * 7, COUNT, ALL, WORDS).replace(",", ";"),
        "pulse\tg (uS)\tdir\n" + rows(COUNT, ALL, [1, 1, 1, 1, -1, -1, -1]).replace(",", "\t"),
        '"pulse","g (uS)","polarity"\n' + rows(COUNT, ALL, ["SET"] * 4 + ["RESET"] * 3),
        "resistance (ohm)\n" + rows([1e6 / float(str(g)) for g in ALL]),
        "R (Mohm)\n" + rows([1 / float(str(g)) for g in ALL]),
        "\ufeffg (nS)\n" + rows([1e3 * float(str(g)) for g in ALL]),
    ],
)
def test_one_measurement_written_in_many_ways(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text, encoding="utf-8")
    assert seen(read_pulses(file)) == TRIANGLE


def test_files_without_names_need_a_unit() -> None:
    assert seen(parse_pulses(rows(ALL), unit="uS")) == TRIANGLE
    assert seen(parse_pulses(rows(COUNT, ALL), unit="us")) == TRIANGLE
    assert seen(parse_pulses("n,g\n" + rows(COUNT, ALL), unit="uS")) == TRIANGLE


def test_devices_in_lines_and_in_columns_are_the_same() -> None:
    long = "device,pulse,g (uS)\n" + rows(["g1"] * 7 + ["g2"] * 7, COUNT * 2, ALL + ALL[::-1])
    wide = "pulse,g1 (uS),g2 (uS)\n" + rows(COUNT, ALL, ALL[::-1])
    mixed = "device,pulse,g (uS)\n" + rows(
        ["g1", "g2"] * 7,
        [k for k in COUNT for _ in range(2)],
        [g for pair in zip(ALL, ALL[::-1], strict=True) for g in pair],
    )
    assert seen(parse_pulses(long)) == seen(parse_pulses(wide)) == seen(parse_pulses(mixed))
    assert parse_pulses(long).devices == ("g1", "g2")


def test_devices_of_a_wide_table_need_not_be_measured_equally_often() -> None:
    found = parse_pulses("pulse,g1 (uS),g2 (uS)\n0,1,1\n1,2,3\n2,,5\n")
    assert [train.steps for train in found.trains] == [1, 2]


def test_a_numbering_that_begins_again_is_a_new_measurement() -> None:
    text = "pulse,g (uS)\n0,1\n1,2\n2,3\n0,3\n1,2\n2,1\n0,1\n3,4\n"
    assert seen(parse_pulses(text)) == [
        ("1", 1, [0, 1, 2], [1, 2, 3]),
        ("1", -1, [0, 1, 2], [3, 2, 1]),
        ("1", 1, [0, 3], [1, 4]),
    ]


def test_a_direction_that_is_given_holds_against_what_the_conductance_does() -> None:
    text = "pulse,g (uS),direction\n0,1,up\n1,3,up\n2,2.9,up\n3,3.1,down\n4,3,down\n"
    assert seen(parse_pulses(text)) == [("1", 1, [0, 1, 2], [1, 3, 2.9]), ("1", -1, [0, 1, 2], [2.9, 3.1, 3])]


def test_turns_are_found_through_noise() -> None:
    random = np.random.default_rng(3)
    ramp = np.concatenate([np.linspace(0, 1, 101), np.linspace(1, 0, 101)[1:], np.linspace(0, 1, 101)[1:]])
    for _ in range(50):
        # Steps of 0.01 under noise of 0.03: a turn may be missed by a few pulses, none is made up.
        found = turning_points(ramp + 0.03 * random.standard_normal(ramp.size))
        assert len(found) == 2
        assert np.all(np.abs(np.array(found) - [100, 200]) <= 12)
    assert turning_points(np.zeros(5)) == []
    assert turning_points(np.array([3.0, 2.0, 1.0, 0.0])) == []


@pytest.mark.parametrize(
    ("text", "unit", "message", "expected"),
    [
        ("", None, "p.csv: no data in it", "names of the columns"),
        ("# only words\n", None, "p.csv: no data in it", "a line a pulse"),
        ("g\n1\n2\n", None, "p.csv:1:1: conductance without a unit", "--unit uS"),
        ("1\n2\n", None, "p.csv:1:1: conductance without a unit", "--unit uS"),
        ("g (uF)\n1\n2\n", None, "p.csv:1:1: 'uf' is no unit of conductance", "kohm"),
        ("g\n1\n2\n", "uF", "--unit uF: no unit of conductance", "kohm"),
        ("r (uS)\n1\n2\n", None, "p.csv:1:1: 'us' is no unit of resistance", "ohm"),
        ("1,2,3\n", "uS", "p.csv:1:1: 3 columns without names", "device,pulse,conductance (uS)"),
        ("pulse,voltage\n0,1\n", None, "p.csv:1:1: no column of conductance", "device 1 (uS)"),
        (
            "pulse,plse,g (uS)\n",
            None,
            "p.csv:1:7: a column called 'plse'; did you mean 'pulse'?",
            "direction",
        ),
        ("n,pulse,g (uS)\n", None, "p.csv:1:3: two columns of pulse", ""),
        (
            "device,g (uS),r (ohm)\n1,1,1\n",
            None,
            "p.csv:1:15: a column that names devices, and several",
            "one",
        ),
        ("pulse,g (uS)\n0,1\n1,x\n", None, "p.csv:3:3: 'x' is not a number", "a finite number"),
        ("pulse,g (uS)\n0,1\n1,nan\n", None, "p.csv:3:3: 'nan' is not a number", "a finite number"),
        ("pulse,g (uS)\n0,1\n1,2,3\n", None, "p.csv:3:5: 3 columns", "2, as the first line has"),
        ("1\n2,3\n", "uS", "p.csv:2:3: 2 columns", "1, as the first line has"),
        ("g (uS),r (ohm)\n1,1\n", None, "p.csv:1:8: two columns of conductance", "g1 (uS), g2 (uS)"),
        ("pulse,g (uS)\n0,1\n1\n", None, "p.csv:3:1: 1 columns", "2, as the first line has"),
        ("pulse,g (uS)\n0,1\n1.5,2\n", None, "p.csv:3:1: pulse 1.5", "how many pulses"),
        ("pulse,g (uS)\n0,1\n-1,2\n", None, "p.csv:3:1: pulse -1", "how many pulses"),
        ("pulse,g (uS)\n0,1\n1,-2\n", None, "p.csv:3:3: conductance -2", "a number above 0"),
        ("r (ohm)\n1\n0\n", None, "p.csv:3:1: resistance 0", "a number above 0"),
        (
            "pulse,g (uS)\n0,1\n9,2\n5,3\n",
            None,
            "p.csv:4:1: pulse 5 after pulse 9",
            "in the order of the pulses",
        ),
        ("pulse,g (uS)\n0,1\n1,2\n1,3\n", None, "p.csv:4:1: pulse 1 twice", "a column 'device'"),
        ("g (uS),dir\n1,up\n2,upp\n", None, "p.csv:3:3: 'upp' is no direction; did you mean 'up'?", "reset"),
        ("g (uS)\n1\n", None, "p.csv: no pulse in it", "before and after"),
        ("g (uS)\n1\n1\n", None, "p.csv: the conductance never changes", ""),
    ],
)
def test_a_file_that_is_wrong_says_where(text: str, unit: str | None, message: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pulses(text, "p.csv", unit)
    assert message in str(caught.value)
    assert expected in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_pulses(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_pulses(tmp_path)
