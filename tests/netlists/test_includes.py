"""Included files: where they are found, that they stay inside, and that they end."""

from pathlib import Path

import pytest

from eqchip.errors import InputError
from eqchip.netlists.card import Netlist
from eqchip.netlists.reader import parse, read


def chip(folder: Path, cards: str, **files: str) -> Path:
    """Write chip.cir with these cards, and files beside it: `sub__a_lib` is sub/a.lib."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_lib", ".lib")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    main = folder / "chip.cir"
    main.write_text("title\n" + cards, encoding="utf-8")
    return main


def heads(netlist: Netlist) -> list[str]:
    return [card.head for card in netlist.cards]


@pytest.mark.parametrize(
    "reference", ["sub/a.lib", '"sub/a.lib"', "'sub/a.lib'", "./sub/a.lib", "sub\\a.lib"]
)
def test_a_file_is_found_beside_the_netlist(tmp_path: Path, reference: str) -> None:
    main = chip(tmp_path, f"R1 a 0 1\n.include {reference}\nR3 a 0 1\n", sub__a_lib="R2 a 0 1\n")
    found = read(main)
    assert heads(found) == ["R1", "R2", "R3"]
    assert found.included == {"sub/a.lib": "R2 a 0 1\n"}
    assert found.cards[1].file == str(tmp_path / "sub/a.lib")
    assert found.cards[1].line == 1
    assert found.cards[1].scope == str(tmp_path / "sub")


def test_a_file_is_found_beside_the_one_that_includes_it(tmp_path: Path) -> None:
    main = chip(
        tmp_path,
        ".inc sub/a.lib\n",
        sub__a_lib=".include b.lib\n.include ../c.lib\n",
        sub__b_lib="R2 a 0 1\n",
        c_lib="R3 a 0 1\n",
    )
    found = read(main)
    assert heads(found) == ["R2", "R3"]
    assert list(found.included) == ["sub/a.lib", "sub/b.lib", "c.lib"]


def test_the_library_is_always_there() -> None:
    found = parse("t\n.include diodes.lib\n")
    assert ".model" in heads(found)
    assert "dsyn" in [card.tokens[0] for card in found.cards]
    assert list(found.included) == ["eqchip:diodes.lib"]
    assert found.cards[0].file == "eqchip:diodes.lib"


def test_the_file_beside_wins_over_the_library(tmp_path: Path) -> None:
    assert heads(read(chip(tmp_path, ".lib diodes.lib\n", diodes_lib="R9 a 0 1\n"))) == ["R9"]


def test_the_library_is_found_from_a_folder_below(tmp_path: Path) -> None:
    found = read(chip(tmp_path, ".include sub/a.lib\n", sub__a_lib=".include diodes.lib\n"))
    assert list(found.included) == ["sub/a.lib", "eqchip:diodes.lib"]


def test_what_was_included_can_be_given_back(tmp_path: Path) -> None:
    main = chip(tmp_path, ".include sub/a.lib\n", sub__a_lib=".include b.lib\n", sub__b_lib="R2 a 0 1\n")
    first = read(main)
    (tmp_path / "sub/b.lib").unlink()
    again = parse(first.text, included=first.included)
    assert heads(again) == heads(first)
    assert again.included == first.included


SECTIONS = """* corners
.lib slow
R1 a 0 2k
.endl slow
.LIB Fast
.lib corners.lib shared
R1 a 0 1k
.endl
.lib shared
C1 a 0 1p
.endl
"""


def test_a_section_is_read_alone(tmp_path: Path) -> None:
    main = chip(tmp_path, ".lib corners.lib FAST\n", corners_lib=SECTIONS)
    found = read(main)
    assert [(card.head, card.tokens[-1]) for card in found.cards] == [("C1", "1p"), ("R1", "1k")]


def test_sections_nobody_asks_for_are_noted(tmp_path: Path) -> None:
    found = read(chip(tmp_path, ".include corners.lib\n", corners_lib=SECTIONS + "R2 b 0 1\n"))
    assert heads(found) == ["R2"]
    assert found.notes[0][1].endswith("corners.lib' are not used: slow, fast, shared")


def test_a_subcircuit_may_include_its_body(tmp_path: Path) -> None:
    found = read(chip(tmp_path, ".subckt s a\n.include a.lib\n.ends\n", a_lib="R2 a 0 1\n"))
    assert [card.head for card in found.cards[0].body] == ["R2"]


@pytest.mark.parametrize(
    ("cards", "files", "message"),
    [
        (".include\n", {}, "chip.cir:2:1: .include takes a file"),
        (".include a.lib b.lib\n", {}, "chip.cir:2:1: .include takes a file"),
        (".lib a b c\n", {}, "chip.cir:2:1: .lib takes a file"),
        (".include  b.lib\n", {}, "chip.cir:2:11: there is no file 'b.lib'"),
        (".include diods.lib\n", {}, "did you mean 'diodes.lib'?"),
        (".include aa.lib\n", {"aaa_lib": ""}, "did you mean 'aaa.lib'?"),
        (".include /etc/passwd\n", {}, "'/etc/passwd' is not a path from the folder of this file"),
        (".include ~/a.lib\n", {}, "'~/a.lib' is not a path from the folder"),
        (".include C:\\a.lib\n", {}, "'C:\\a.lib' is not a path from the folder"),
        (".include ../a.lib\n", {}, "'../a.lib' leads out of the folder of the netlist"),
        (".include sub/../../a.lib\n", {}, "'sub/../../a.lib' leads out of the folder"),
        (".include ..\\a.lib\n", {}, "'..\\a.lib' leads out of the folder"),
        (".include .\n", {}, "'.' leads out of the folder"),
        (".include ''\n", {}, "'' is not a path"),
        (".include sub\n", {"sub__a_lib": ""}, "there is no file 'sub'"),
        (f".include {'x' * 5000}\n", {}, "cannot be read: File name too long"),
        (
            ".include a.lib\n",
            {"a_lib": ".include a.lib\n"},
            "a.lib' includes itself: chip.cir → a.lib → a.lib",
        ),
        (
            ".include a.lib\n",
            {"a_lib": ".include b.lib\n", "b_lib": ".include a.lib\n"},
            "a.lib' includes itself: chip.cir → a.lib → b.lib → a.lib",
        ),
        (".include chip.cir\n", {}, "chip.cir' includes itself: chip.cir → chip.cir"),
        (".include a.lib\n.ends\n", {"a_lib": ".subckt s a\n"}, "a.lib:1:1: the subcircuit 's' has no .ends"),
        (".subckt s a\n.include a.lib\n", {"a_lib": ".ends\n"}, "a.lib:1:1: .ends without .subckt"),
        (".lib a.lib tt\n", {"a_lib": "R1 a 0 1\n"}, "a.lib' has no section 'tt', nor any other"),
        (".lib corners.lib fats\n", {"corners_lib": SECTIONS}, "no section 'fats'; did you mean 'fast'?"),
        (".lib a.lib x\n", {"a_lib": ".lib x\nR1 a 0 1\n.endl y\n"}, "a.lib:3:7: .endl ends 'y'"),
        (".lib a.lib x\n", {"a_lib": ".lib x\n.lib y\n.endl\n"}, "a.lib:1:1: the section 'x' has no .endl"),
        (".lib a.lib x\n", {"a_lib": ".endl\n.lib x\n"}, "a.lib:1:1: .endl without .lib"),
        (".lib a.lib x\n", {"a_lib": ".lib x\n.endl\n.lib y\n"}, "a.lib:3:1: the section 'y' has no .endl"),
        (".lib a.lib x\n", {"a_lib": ".lib x\n.lib a.lib x\n.endl\n"}, "a.lib' includes itself"),
        (".include a.lib\n", {"a_lib": "R1 a 0 {1\n"}, "a.lib:1:8: '{' is not closed"),
    ],
)
def test_a_mistake_is_pointed_at(tmp_path: Path, cards: str, files: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(chip(tmp_path, cards, **files))
    assert message in str(caught.value)


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret.lib").write_text("R9 a 0 1\n", encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.lib").symlink_to(tmp_path / "secret.lib")
    (inside / "up").symlink_to(tmp_path)
    for reference in ("a.lib", "up/secret.lib"):
        with pytest.raises(InputError, match="is a link out of the folder of the netlist"):
            read(chip(inside, f".include {reference}\n"))


def test_a_link_within_the_folder_is_a_file(tmp_path: Path) -> None:
    main = chip(tmp_path, ".include b.lib\n", a_lib="R2 a 0 1\n")
    (tmp_path / "b.lib").symlink_to("a.lib")
    assert heads(read(main)) == ["R2"]


def test_text_without_a_folder_reads_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip(tmp_path, "", a_lib="R2 a 0 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"there is no file 'a\.lib'"):
        parse("t\n.include a.lib\n")


def test_depth_is_bounded(tmp_path: Path) -> None:
    files = {f"a{k}_lib": f".include a{k + 1}.lib\n" for k in range(40)}
    with pytest.raises(InputError, match="more than 32 levels deep"):
        read(chip(tmp_path, ".include a0.lib\n", **files))


def test_what_files_amount_to_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten levels that include the next one ten times: 10^10 lines in a few hundred bytes."""
    monkeypatch.setattr("eqchip.netlists.includes.MOST_FILES", 500)
    files = {f"a{k}_lib": f".include a{k + 1}.lib\n" * 10 for k in range(10)} | {"a10_lib": "R1 a 0 1\n"}
    with pytest.raises(InputError, match="includes more than 500 files"):
        read(chip(tmp_path, ".include a0.lib\n", **files))
    monkeypatch.setattr("eqchip.netlists.includes.MOST_BYTES", 5000)
    with pytest.raises(InputError, match="exceed 0 MiB"):
        read(chip(tmp_path, ".include a0.lib\n", **files))


def test_a_large_file_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqchip.netlists.includes.MOST_BYTES", 1000)
    main = chip(tmp_path, ".include a.lib\n", a_lib="* " + "x" * 5000)
    with pytest.raises(InputError, match="exceed"):
        read(main)
