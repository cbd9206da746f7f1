"""How long does a large netlist take from file to Netlist and on to Circuit, and does time grow in step?

The file is an N×N crossbar with wires, as plain SPICE. The floor is what Python needs to cut the same text
into words and nothing else; ngspice reads the same file and stops before it solves anything.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import ngspice
from crossbar_operating_point import netlist
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import read
from harness import Contender, Report, compare, main

QUESTION = "Reading the netlist of an N×N crossbar: eqchip, the bare cutting of its words, and ngspice"
SIZES = (41, 82, 164, 328)
READ, BOTH, FLOOR, PEER = "eqchip, read", "eqchip, read + elaborate", "words only", "ngspice, process"


def measure(n: int, folder: Path, options: Any, report: Report) -> None:
    """Measure one size."""
    path, silent = folder / "circuit.cir", folder / "silent.cir"
    text = netlist(n)
    path.write_text(text, encoding="utf-8")
    # ngspice reads and sets up the circuit, then does as little as it can.
    silent.write_text(text.replace(".op\n", ".control\nquit\n.endc\n"), encoding="utf-8")
    cards = len(read(path).cards)
    counted: dict[str, int] = {}

    def reading() -> None:
        counted["read"] = len(read(path).cards)

    def both() -> None:
        circuit = elaborate(read(path))
        counted["elaborated"] = sum(one.count for one in circuit.instances)

    def words() -> None:
        for line in path.read_text(encoding="utf-8").split("\n"):
            line.split()

    def peer() -> None:
        subprocess.run(
            ["ngspice", "-b", str(silent)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=options.limit,
        )

    missing = "" if ngspice.available() else "ngspice is not installed"
    timings = compare(
        [
            Contender(READ, reading),
            Contender(BOTH, both),
            Contender(FLOOR, words),
            Contender(PEER, peer, missing, options.limit),
        ],
        pairs=options.pairs,
        budget=options.budget,
    )
    seconds = {timing.contender: timing.median for timing in timings}
    ratios = {}
    if (reads := seconds[READ]) and (whole := seconds[BOTH]) and (floor := seconds[FLOOR]):
        ratios["cutting words alone, in reading"] = reads / floor
        ratios["microseconds a card, reading"] = 1e6 * reads / cards
        ratios["microseconds a card, reading and elaborating"] = 1e6 * whole / cards
        if there := seconds[PEER]:
            ratios["ngspice's process / reading and elaborating"] = there / whole
    elements = sum(1 for line in text.split("\n")[1:] if line[:1] in ("R", "V", "D"))
    accuracy = {
        "elements that are in the text and not in the circuit": float(elements - counted["elaborated"])
    }
    report.case(f"N = {n}: {cards} cards", timings, accuracy, ratios)


if __name__ == "__main__":
    sys.exit(main("read_netlist", QUESTION, SIZES, measure))
