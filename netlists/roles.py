"""Roles: the parameters of .input, .output, .nudge, .learn, .data, .protocol and .train, declared once.

The cards, `--set`, Python and the docs read these declarations. What each word means is fixed by the
conventions page of the docs: β relative to the energy scale, eps in units of the smallest time constant.
"""

from __future__ import annotations

from eqchip.devices.parameter import Parameter, by_name
from eqchip.devices.place import Place


def _converters(kind: str, effect: str) -> tuple[Parameter, ...]:
    """Return the parameters of the converters of a bus."""
    return (
        Parameter(
            "bits",
            "",
            0.0,
            f"Resolution of the {kind} at each node; 0: none",
            low=0,
            high=24,
            integer=True,
            place=Place.CONVERTER,
            effect=effect,
            source="IEEE Std 1241",
        ),
        Parameter(
            "fom",
            "J",
            0.0,
            f"Figure of merit of the {kind}: energy of one of the 2^bits steps of a conversion",
            low=0.0,
            source="Walden 1999",
        ),
        Parameter("low", "", 0.0, f"Lower end of the {kind}'s range, in state units"),
        Parameter("high", "", 1.0, f"Upper end of the {kind}'s range, in state units"),
        Parameter(
            "inl",
            "",
            0.0,
            f"Integral nonlinearity of the {kind}, in LSB: the size of a bow drawn once a chip",
            low=0.0,
            place=Place.CONVERTER,
            effect=f"{effect}_inl",
            source="IEEE Std 1241",
        ),
    )


INPUT = by_name(
    (
        Parameter("gain", "", 1.0, "Factor between a datum and the state of its input node"),
        Parameter("offset", "", 0.0, "Added to gain·datum"),
        Parameter(
            "encode",
            "",
            "direct",
            "direct: x; complement: x, then −x, on a bus twice as long",
            words=("direct", "complement"),
        ),
        *_converters("DAC", "dac"),
    )
)

OUTPUT = by_name(
    (
        Parameter(
            "pairs", "", 0.0, "1: y = y₊ − y₋, the bus holds them in turn", low=0, high=1, integer=True
        ),
        Parameter(
            "decode",
            "",
            "argmax",
            "How outputs become an answer: largest, sign, above the middle of the targets, or as they are",
            words=("argmax", "sign", "threshold", "linear"),
        ),
        *_converters("ADC", "adc"),
        Parameter(
            "offset_dtod",
            "",
            0.0,
            "Spread of the offset of what is read from output to output, in state units",
            low=0.0,
            place=Place.CONVERTER,
            effect="adc_offset",
            source="IEEE Std 1241",
        ),
        Parameter(
            "noise",
            "",
            0.0,
            "Noise of what is read, standard deviation in state units, anew in every phase",
            low=0.0,
            place=Place.CONVERTER,
            effect="adc_noise",
            source="IEEE Std 1241",
        ),
    )
)

NUDGE = by_name(
    (
        Parameter(
            "cost",
            "",
            "mse",
            "mse: ½Σ(y − t)²; crossentropy: −Σ t·log softmax(y)",
            words=("mse", "crossentropy"),
        ),
        Parameter(
            "kind",
            "",
            "live",
            "live: −β ∂cost/∂v where the output is now; frozen: where it was in the free state",
            words=("live", "frozen"),
        ),
        Parameter(
            "gain_error",
            "",
            0.0,
            "β is too strong by this share",
            low=-1.0,
            open_low=True,
            place=Place.CONVERTER,
            effect="nudge_gain",
        ),
        Parameter(
            "gain_dtod",
            "",
            0.0,
            "Relative spread of β from output to output",
            low=0.0,
            place=Place.CONVERTER,
            effect="nudge_gain",
        ),
        Parameter(
            "sign_error",
            "",
            0.0,
            "By this share positive β is stronger than negative",
            low=-1.0,
            high=1.0,
            place=Place.CONVERTER,
            effect="nudge_sign",
        ),
    )
)

LEARN = by_name(
    (
        Parameter("rate", "", None, "Δθ = −rate·contrast/β", low=0.0, required=True),
        Parameter("min", "", None, "Lower bound of θ; absent: none"),
        Parameter("max", "", None, "Upper bound of θ; absent: none"),
        Parameter(
            "momentum", "", 0.0, "Share of the last step added to this one (off-chip)", low=0.0, high=1.0
        ),
        Parameter("decay", "", 0.0, "θ shrinks by rate·decay·θ every step (off-chip)", low=0.0),
    )
)

DATA = by_name(
    (
        Parameter("train", "", "", "Samples to train on: 0:50000, half-open; all"),
        Parameter("valid", "", "", "Samples to choose by: 50000:60000, half-open; all"),
        Parameter("test", "", "", "Samples to report: 0:1000, half-open; all"),
        Parameter("scale", "", None, "Factor on the data; absent: the data set's own (mnist 1/255)"),
    )
)

PROTOCOL = by_name(
    (
        Parameter("free", "s", None, "Length of the free phase", 0.0, open_low=True, required=True),
        Parameter("nudged", "s", None, "Length of the nudged phase", 0.0, open_low=True, required=True),
        Parameter(
            "gap",
            "s",
            None,
            "How long inputs take to the next sample; nudge and learning are off",
            0.0,
            open_low=True,
            required=True,
        ),
    )
)

ESTIMATORS = ("onesided", "random", "centered", "holomorphic")
RULES = ("contrast", "stdp", "vectorfield", "continual", "chl", "coupled", "rbp", "bptt")
SCHEDULES = ("constant", "exponential", "cosine")
SOLVERS = ("equilibrium", "euler", "expeuler", "heun", "rk4", "adaptive", "trap", "discrete")

TRAIN = by_name(
    (
        Parameter(
            "estimator", "", "centered", "Which nudged states the gradient is read from", words=ESTIMATORS
        ),
        Parameter("rule", "", "contrast", "What a device makes of what it feels", words=RULES),
        Parameter("solve", "", "equilibrium", "How a phase is run", words=SOLVERS),
        Parameter(
            "tol",
            "",
            1e-6,
            "Largest |dv/dt|·τ left when a phase ends, in state units",
            low=0.0,
            open_low=True,
        ),
        Parameter("free_steps", "", None, "Steps of the free phase", low=1, integer=True),
        Parameter("nudged_steps", "", None, "Steps of a nudged phase", low=1, integer=True),
        Parameter("eps", "", None, "Length of a step over the smallest τ", low=0.0, open_low=True),
        Parameter("free", "s", None, "Length of the free phase", low=0.0, open_low=True),
        Parameter("nudged", "s", None, "Length of a nudged phase", low=0.0, open_low=True),
        Parameter(
            "beta",
            "",
            0.1,
            "Strength of the nudge over the energy scale of the outputs; with its unit (1uS), absolute",
        ),
        Parameter("points", "", None, "States on the circle of complex β (holomorphic)", low=2, integer=True),
        Parameter("batch", "", 20.0, "Samples between two updates", low=1, integer=True),
        Parameter("epochs", "", 10.0, "Times the training samples are passed", low=0, integer=True),
        Parameter(
            "persistent",
            "",
            0.0,
            "1: a sample's free phase begins where its last one ended",
            low=0,
            high=1,
            integer=True,
        ),
        Parameter(
            "schedule",
            "",
            "constant",
            "How all rates fall from epoch to epoch (off-chip): by gamma each, or as half a cosine to 0",
            words=SCHEDULES,
        ),
        Parameter(
            "gamma",
            "",
            None,
            "Rates of an epoch over those of the one before (schedule=exponential)",
            low=0.0,
            high=1.0,
            open_low=True,
        ),
        Parameter(
            "jitter",
            "",
            0.0,
            "Relative spread of the length of phases, drawn anew for every phase of a batch",
            low=0.0,
            place=Place.CLOCK,
        ),
        Parameter(
            "average",
            "",
            0.0,
            "Steps at the end of each phase over which the local signal is averaged (noise in time); 0: its "
            "end alone",
            low=0,
            integer=True,
            source="Scellier & Bengio 2017",
        ),
        Parameter(
            "period",
            "s",
            0.0,
            "Time from one sample to the next, in which devices drift; 0: that of its phases, where "
            "they have one",
            low=0.0,
        ),
        Parameter("seed", "", 0.0, "Of the order of samples, random signs and noise", low=0, integer=True),
        Parameter(
            "valid", "", 0.0, "Share of the training samples kept back to choose by", low=0.0, high=0.99
        ),
    )
)
