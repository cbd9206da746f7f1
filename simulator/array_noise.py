"""Noise in time on the nodes of an array chip."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.simulator.array_frame import ArrayFrame
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.integrators.methods import refuse_noise
from eqchip.simulator.jacobian import per_node
from eqchip.simulator.noise.shaking import Intensity, Shaking
from eqchip.simulator.noise.sources import Sources, intensity, sources_of
from eqchip.simulator.phase import Phase
from eqchip.simulator.storing import phase_name
from eqchip.simulator.wiring import Wiring

FloatArray = NDArray[np.float64]


class ArrayNoise(ArrayFrame):
    """What shakes the free groups, in their order."""

    @cached_property
    def shaken_by(self) -> Sources | None:
        """What shakes the nodes of this chip; None: nothing."""
        return sources_of(self.circuit, self.layout.scales)

    @property
    def noisy(self) -> bool:
        """Whether its nodes are shaken in this moment."""
        return self._moment is not None and self.shaken_by is not None

    def _shaking(
        self, phase: Phase, settling: Settling, nudge: Nudge | None, start: State | None
    ) -> Shaking | None:
        """Return the noise of a phase; None: there is none. A solver that knows none is refused."""
        sources = self.shaken_by
        if self._moment is None or sources is None:
            return None
        refuse_noise(settling.solve)
        strength = self._intensity(phase.wiring, sources)
        before = None if nudge is None or nudge.clamp or start is None else start.extra.get("noise")
        return Shaking(strength, self._moment.at(phase_name(nudge)), before)

    def _intensity(self, wiring: Wiring, sources: Sources) -> Intensity:
        """Return how strongly the free nodes are shaken; worked out anew only where it depends on θ."""
        felt = bool(np.any(sources.factor))
        known = wiring.kept.get("intensity")
        if known is not None and (not felt or known[0] == self.revision):
            kept: Intensity = known[1]
            return kept
        found = intensity(
            sources,
            np.concatenate([wiring.nodes[g].nodes for g in wiring.free]),
            per_node(wiring, lambda nodes: nodes.capacitance),
            per_node(wiring, lambda nodes: nodes.vunit),
            _transconductance(wiring) if felt else np.zeros(1),
        )
        wiring.kept["intensity"] = self.revision, found
        return found


def _transconductance(wiring: Wiring) -> FloatArray:
    """Return Σ gunit·|W| of the synapses into every free node, S."""
    found: list[Any] = []
    for group in wiring.free:
        nodes = wiring.nodes[group]
        total = np.zeros(nodes.size)
        unit = nodes.gleak * nodes.vunit
        for link, forward in (*wiring.from_free[group], *wiring.from_clamped[group]):
            driver = wiring.nodes[link.pre if forward else link.post].vunit
            if forward:
                matrix, share = np.abs(link.coupling.forward_matrix()), 1.0 / driver[link.pre_part]
                total[link.post_part] += unit[link.post_part] * (share.astype(matrix.dtype) @ matrix)
            else:
                matrix, share = np.abs(link.coupling.backward_matrix()), 1.0 / driver[link.post_part]
                total[link.pre_part] += unit[link.pre_part] * (matrix @ share.astype(matrix.dtype))
        found.append(total)
    return np.concatenate(found)
