"""Every imperfection, the setting that carries its strength, and strengths from harmless to fatal.

Strengths are as a user types them. What is `usual` is of the order that devices have today: spreads and noise
of pulses as Gokmen & Vlasov (2016) ask for, drift as phase-change memory has it, offsets and mismatch of some
percent, converters of 6 and 8 bits. Where a value depends on the chip (decay, diffusion: on its rate of
samples; bounds and levels: on its weights) it is an example and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eqchip.units import parse_number

CHIP = "digits"

#: Phases run through time, ten and five time constants, for some imperfections need time to act.
STEPS = {"train.solve": "expeuler", "train.free_steps": "20", "train.nudged_steps": "10", "train.eps": "0.5"}
#: The same in seconds, where a step of eps time constants would follow the fastest neuron of a chip.
SECONDS = {"train.solve": "expeuler", "train.free": "10u", "train.nudged": "5u"}
#: Devices between bounds of ±1, a weight of 1.
BOUNDED = {"syn.w_max": "1", "syn.w_min": "-1"}
#: A sample each millisecond, or each second.
FAST, SLOW = {"train.period": "1m"}, {"train.period": "1"}


@dataclass(frozen=True, slots=True)
class Effect:
    """An imperfection, the setting that carries its strength, and strengths from harmless to fatal."""

    name: str
    setting: str
    strengths: str  # as a user types them
    usual: str  # what devices of today have, one of the strengths
    also: Mapping[str, str] = field(default_factory=dict)  # what it needs beside
    ground: Mapping[str, str] = field(default_factory=lambda: STEPS)  # what the chip without it has too

    @property
    def spelled(self) -> list[str]:
        """Return the strengths as they are typed."""
        return self.strengths.split(",")

    @property
    def values(self) -> list[float]:
        """Return the strengths as numbers."""
        return [parse_number(one) for one in self.spelled]

    def line(self) -> str:
        """Return the command that trains a chip with its usual strength."""
        given = {**self.ground, **self.also, self.setting: self.usual}
        return f"eqchip train {CHIP} " + " ".join(f"--set {name}={value}" for name, value in given.items())


#: In the order in which they act, as `eqchip models --imperfections` has them.
TABLE = (
    Effect("dtod", "syn.dw_min_dtod", "0.3,1,3,10", "0.3"),
    Effect("gain", "syn.gain_dtod", "0.1,0.3,1,3", "0.1"),
    Effect("gain_mismatch", "cell.slope_dtod", "0.03,0.1,0.3,1", "0.1"),
    Effect("leak_mismatch", "cell.gleak_dtod", "0.03,0.1,0.2", "0.1", ground=SECONDS),
    Effect("offset", "cell.offset_dtod", "0.03,0.1,0.3,1", "0.03"),
    Effect("stuck", "syn.stuck_prob", "0.01,0.1,0.3,0.9", "0.01"),
    Effect("tau_mismatch", "cell.c_dtod", "0.03,0.1,0.2", "0.1", ground=SECONDS),
    Effect("threshold_mismatch", "cell.shift_dtod", "0.03,0.1,0.3,1", "0.03"),
    Effect("bounds", "syn.wscale", "1,0.3,0.1,0.03", "0.3", also=BOUNDED),
    Effect("ctoc", "syn.dw_min_std", "0.3,1,3,10", "0.3", also={"syn.dw_min": "5m"}),
    Effect(
        "endurance",
        "syn.endurance",
        "10k,100,10,1",
        "10k",
        also={"syn.endurance_slope": "0.5", **BOUNDED},
    ),
    Effect("levels", "syn.levels", "4096,1024,256,64", "256", also=BOUNDED),
    Effect("programming", "syn.prog_0", "0.03,0.1,0.3,1", "0.03"),
    Effect("pulses", "syn.dw_min", "1m,10m,30m,0.1", "1m", also={"syn.pulses": "shared"}),
    Effect("update", "syn.pow_gamma", "0.3,1,3,10", "1", also={"syn.update": "power"}),
    Effect("writenoise", "syn.write_noise_std", "1,3,10,30", "1", also={"syn.dw_min": "5m"}),
    Effect("decay", "syn.lifetime", "100,10,1,0.1", "10", also=FAST),
    Effect("diffusion", "syn.diffusion", "10m,30m,0.1,0.3", "10m", also=FAST),
    Effect("drift", "syn.drift_nu", "1m,3m,10m,30m", "30m", also=SLOW),
    Effect("flicker", "syn.flicker", "3m,10m,30m,0.1", "10m", also=SLOW),
    Effect("readnoise", "syn.read_noise", "3m,10m,30m,0.1", "10m"),
    Effect("telegraph", "syn.rtn", "0.03,0.1,0.3,1", "0.1", also=SLOW),
    Effect("flicker_node", "cell.flicker", "3m,10m,30m,0.1", "3m"),
    Effect("langevin", "cell.langevin", "1m,3m,10m,30m", "1m"),
    Effect("slew", "cell.slew", "1meg,100k,30k,10k", "1meg"),
    Effect("telegraph_node", "cell.telegraph", "0.03,0.1,0.3,1", "0.03"),
    Effect(
        "thermal",
        "cell.c",
        "1p,10f,1f,0.1f",
        "10f",
        also={"cell.thermal": "300", "cell.noise_factor": "1", "cell.vunit": "0.1", "input.x.gain": "0.1"},
    ),
    Effect("adc", "output.y.bits", "8,4,2,1", "8", also={"output.y.low": "-0.2", "output.y.high": "1.2"}),
    Effect(
        "adc_inl",
        "output.y.inl",
        "0.3,1,3,10",
        "1",
        also={"output.y.bits": "6", "output.y.low": "-0.2", "output.y.high": "1.2"},
    ),
    Effect("adc_noise", "output.y.noise", "0.01,0.1,0.3,1", "0.01"),
    Effect("adc_offset", "output.y.offset_dtod", "0.03,0.1,0.3,1", "0.03"),
    Effect("dac", "input.x.bits", "6,4,2,1", "6", also={"input.x.high": "1"}),
    Effect("dac_inl", "input.x.inl", "0.3,1,3,10", "1", also={"input.x.bits": "6", "input.x.high": "1"}),
    Effect("nudge_gain", "nudge.y.gain_error", "0.03,0.1,0.3,0.9", "0.1"),
    Effect("nudge_sign", "nudge.y.sign_error", "0.03,0.1,0.3,1", "0.1"),
    Effect(
        "sample_hold",
        "cell.hold_c",
        "100f,1f,0.1f,0.01f",
        "100f",
        also={"cell.vunit": "0.1", "input.x.gain": "0.1"},
    ),
    Effect("jitter", "train.jitter", "0.03,0.1,0.3,1", "0.1"),
)
#: Those that act on circuits of conductances alone, and the page that shows what they do.
ELSEWHERE = {
    "resistor_mismatch": "imperfections.md",
    "portsignal": "wires.md#learning-between-wires",
    "wire": "wires.md",
}
