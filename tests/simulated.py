"""Run a netlist from its text: what the tests of analyses share."""

from __future__ import annotations

from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from eqchip.simulator.analyses.analyse import analyse
from eqchip.simulator.rows import Trace, gather
from eqchip.simulator.sparse import compile_sparse
from eqchip.simulator.system import System


def compiled(netlist: str) -> System:
    """Return the sparse form of a netlist (its title line is added here)."""
    return compile_sparse(elaborate(parse("made by a test\n" + netlist + "\n.end\n", "test.cir")))


def simulated(netlist: str) -> list[Trace]:
    """Run every analysis of a netlist."""
    system = compiled(netlist)
    return [trace for card in system.circuit.analyses for trace in gather(analyse(system, card))]
