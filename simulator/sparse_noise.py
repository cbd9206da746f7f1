"""Noise in time on the nodes of a sparse chip, and in its devices.

    C dv/dt = −G v + …,   N = ⟨i iᵀ⟩ of leaks and resistors

Where resistors fluctuate, the step keeps the covariance Σ of the linear part of the chip, whose equation is
AΣ + ΣAᵀ = C⁻¹NC⁻¹ with A = C⁻¹G; at one temperature Σ = kT·C⁻¹.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov

from eqchip.errors import InputError
from eqchip.simulator.chip import Nudge, Settling, State
from eqchip.simulator.integrators.methods import refuse_noise
from eqchip.simulator.integrators.sparse_field import SparseField
from eqchip.simulator.noise.devices import Devices, Kicking, devices_of
from eqchip.simulator.noise.shaking import Coupled, Intensity, Shaking
from eqchip.simulator.noise.sources import Sources, intensity, sources_of, synapses_into
from eqchip.simulator.sparse_frame import SparseFrame
from eqchip.simulator.spread import in_shape
from eqchip.simulator.storing import phase_name
from eqchip.simulator.system import Elements

Array = NDArray[Any]
FloatArray = NDArray[np.float64]

#: Nodes up to which noise shared by resistors is stepped with dense matrices.
MOST = 1500


class SparseNoise(SparseFrame):
    """What shakes the unknowns."""

    @cached_property
    def shaken_by(self) -> Sources | None:
        """What shakes the nodes of this chip; None: nothing."""
        return sources_of(self.circuit, self.scales)

    @cached_property
    def _kelvin(self) -> dict[str, FloatArray]:
        """Temperature of the elements that fluctuate, by lower-case instance name."""
        found = {}
        for name, elements in self.system.ranges.items():
            if elements.instance.family.noise is not None:
                given = in_shape(self.circuit, elements.instance).get("thermal", 0.0)
                found[name] = elements.numbers(given)
        return found

    @property
    def noisy(self) -> bool:
        """Whether it is shaken in this moment."""
        devices = any(np.any(kelvin > 0.0) for kelvin in self._kelvin.values())
        return self._moment is not None and (self.shaken_by is not None or devices)

    def _temperature(self, elements: Elements) -> FloatArray:
        return self._kelvin[elements.instance.name.lower()]

    def _refuse_noise(self, settling: Settling) -> None:
        """Raise where this solver cannot be shaken, and this chip is."""
        if self.noisy:
            refuse_noise(settling.solve)

    def _shaking(self, field: SparseField, nudge: Nudge | None, start: State | None) -> Shaking | None:
        """Return the noise of a phase; None: there is none."""
        if self._moment is None or not self.noisy:
            return None
        before = None if nudge is None or nudge.clamp or start is None else start.extra.get("noise")
        return Shaking(self._intensity(field), self._moment.at(phase_name(nudge)), before)

    def _intensity(self, field: SparseField) -> Intensity:
        """Return how strongly every unknown is shaken; what sources hold is not."""
        free, sources = np.flatnonzero(field.per > 0.0), self.shaken_by
        strength = Intensity(np.zeros(len(free)))
        if sources is not None:
            node = np.zeros(self.system.size, np.int64)  # ground, which nothing shakes, inside devices
            node[self.system.unknown_of_node[1:]] = np.arange(1, len(self.circuit.nodes))
            synapses = synapses_into(self.system)[free] if np.any(sources.factor) else np.zeros(len(free))
            strength = intensity(sources, node[free], 1.0 / field.per[free], np.ones(len(free)), synapses)
        devices = devices_of(self.system, self._temperature)
        kicks = Kicking(devices, field.per) if devices.varying else None
        coupled = self._coupled(field, devices, strength.density) if devices.constant else None
        return replace(strength, coupled=coupled, kicks=kicks, at=free)

    def _coupled(self, field: SparseField, devices: Devices, density: FloatArray) -> Coupled:
        """Return the linear part of the chip and the covariance its noise keeps up."""
        system, free = self.system, np.flatnonzero(field.per > 0.0)
        if len(free) > MOST:
            raise InputError(
                f"thermal noise of resistors between {len(free)} nodes that move takes dense matrices",
                expected=f"at most {MOST} nodes, or no thermal= on resistors",
            )
        per, found = field.per[free], np.zeros((system.size, system.size))
        found[system.pattern.rows, system.pattern.columns()] = system.network.g0[:-1]
        g = found[np.ix_(free, free)]
        g[np.arange(len(free)), np.arange(len(free))] = field.leak()[free] / per
        noise = devices.matrix()[np.ix_(free, free)] + np.diag(density / per**2)
        kt = float(np.trace(noise) / (2.0 * np.trace(g)))
        rates = per[:, None] * g
        if np.allclose(noise, 2.0 * kt * g, rtol=0.0, atol=1e-9 * float(np.max(np.abs(noise)))):
            kept = np.diag(kt * per)  # at one temperature: kT/C
        else:
            fastest = float(np.max(np.abs(rates)))  # its unit of time
            kept = solve_continuous_lyapunov(rates / fastest, per[:, None] * noise * per / fastest)
        covariance = 0.5 * (kept + kept.T)
        if not np.all(np.isfinite(covariance)) or np.min(np.diag(covariance), initial=0.0) < 0.0:
            raise InputError(
                "the linear part of this chip has no stationary noise: its conductances let it run away",
                expected="leaks or resistors to ground, at one temperature where a part floats",
            )
        return Coupled(rates, covariance)
