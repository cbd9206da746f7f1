"""Run the analysis a card asks for."""

from __future__ import annotations

from collections.abc import Iterator

from eqchip.errors import InputError
from eqchip.netlists.circuit import Analysis, Dc, Op, Tran
from eqchip.simulator.analyses.noisy import noisy_tran
from eqchip.simulator.analyses.operating import op
from eqchip.simulator.analyses.sweep import dc
from eqchip.simulator.analyses.transient import tran
from eqchip.simulator.cost.waveform_energy import WaveformEnergy
from eqchip.simulator.rows import Plan, Rows
from eqchip.simulator.system import System


def analyse(system: System, card: Analysis, energy: WaveformEnergy | None = None) -> Iterator[Plan | Rows]:
    """Yield the Plan of an analysis, then its Rows; `energy` adds up what happens while time flows."""
    match card:
        case Op():
            yield from op(system)
        case Dc():
            yield from dc(system, card)
        case Tran():
            if card.learn:
                raise InputError("a waveform that learns needs samples", card.at, expected="eqchip simulate")
            if card.noise:
                if energy is not None:
                    raise InputError(
                        "the energy of a noisy waveform is not added up",
                        card.at,
                        expected="energy=0 on .options, or no noise on .tran",
                    )
                yield from noisy_tran(system, card, int(float(system.circuit.train.get("seed", 0))))
            else:
                yield from tran(system, card, energy)
