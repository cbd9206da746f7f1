"""Roles: the parameters of .input, .output, .nudge, .learn, .data, .protocol and .train, declared once.

The cards, `--set`, Python and the docs read these declarations. What each word means is fixed by the
conventions page of the docs: β relative to the energy scale, eps in units of the smallest time constant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from eqchip.devices.parameter import Parameter, by_name
from eqchip.devices.place import Place
from eqchip.errors import InputError, Location
from eqchip.netlists.circuit import Learn


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

#: Beside `beta`: "S" where it was given with that unit, and is absolute.
BETA_UNIT = "beta_unit"

#: Which estimators a rule goes with; none: it has no β.
PAIRS: Mapping[str, tuple[str, ...]] = {
    "contrast": ESTIMATORS,
    "stdp": ("onesided", "random"),
    "vectorfield": ("onesided", "random"),
    "continual": ("onesided", "random"),
    "coupled": ("onesided", "centered"),
    "chl": (),
    "rbp": (),
    "bptt": (),
}

#: Solvers whose steps are iterations and take no time.
TIMELESS = ("discrete",)

#: The three ways to say how long a phase lasts; none given: by tol= and its default.
DURATIONS = (("free_steps", "nudged_steps", "eps"), ("free", "nudged"), ("tol",))

#: What this version does not do yet, by card and parameter: a valid word that is refused by name.
NOT_YET: Mapping[tuple[str, str], tuple[str | float, ...]] = {
    (".train", "rule"): ("coupled",),
    (".output", "pairs"): (1.0,),
}

_RANGE = re.compile(r"(\d*:\d*|all)\Z")


def pair_table() -> str:
    """Return the table of rules and the estimators each goes with."""
    width = max(map(len, PAIRS))
    rows = (
        f"{rule:<{width}}  {' | '.join(estimators) or 'none: it has no β'}"
        for rule, estimators in PAIRS.items()
    )
    return "a rule with an estimator it goes with:\n    " + "\n    ".join(rows)


def refuse_not_yet(card: str, name: str, value: float | str, at: Location | None) -> None:
    """Refuse by name what the language has but this version does not."""
    if value in NOT_YET.get((card, name), ()):
        shown = value if isinstance(value, str) else f"{value:g}"
        raise InputError(f"{card} {name}={shown} is not supported yet", at)


def check_samples(name: str, value: str, at: Location | None) -> str:
    """Return a range of samples as it is stored, or raise."""
    word = value.lower()
    if word and not _RANGE.match(word):
        raise InputError(
            f"{name}={value}: no such samples",
            at,
            expected="first:end, the end not included (0:50000), or all",
        )
    return word


def check_train(
    train: Mapping[str, float | str],
    places: Mapping[str, Location | None],
    learns: Sequence[Learn] = (),
) -> None:
    """Refuse what does not go together in a .train card: pairs, durations, settings without effect.

    `learns` are the .learn cards, for the rules that do not take all their settings.
    """

    def at(*names: str) -> Location | None:
        # What --set gave stands on no card: no place is better than a line that says something else.
        found = [places[name] for name in names if name in train and name in places]
        return next((one for one in found if one), None if found else places.get(""))

    rule = str(train.get("rule", "contrast"))
    estimators = PAIRS[rule]
    estimator = train.get("estimator")
    if estimator is not None and estimator not in estimators:
        raise InputError(
            f"rule={rule} does not go with estimator={estimator}", at("rule"), expected=pair_table()
        )
    if estimator is None and estimators and TRAIN["estimator"].default not in estimators:
        raise InputError(f"rule={rule} needs an estimator", at("rule"), expected=pair_table())
    if not estimators and "beta" in train:
        raise InputError(f"rule={rule} has no beta", at("beta"), expected=pair_table())
    falling = train.get("schedule") == "exponential"
    if "gamma" in train and not falling:
        raise InputError("gamma= goes with schedule=exponential only", at("gamma"))
    if falling and "gamma" not in train:
        raise InputError("schedule=exponential needs gamma=", at("schedule"), expected="gamma=0.99")
    for learn in learns if rule == "continual" else ():
        if learn.momentum or learn.decay:
            name = "momentum" if learn.momentum else "decay"
            raise InputError(
                f"rule=continual moves {learn.target} during the nudge: there is no step for {name}= of "
                f".learn {learn.target} to change",
                at("rule"),
                expected=f".learn {learn.target} without {name}=, or another rule",
            )
    check_durations(train, at)
    if "points" in train and estimator != "holomorphic":
        raise InputError("points= goes with estimator=holomorphic only", at("points"))
    if estimator == "holomorphic":
        if "points" not in train:
            raise InputError(
                "estimator=holomorphic needs points=, the number of β on the circle",
                at("estimator"),
                expected="points=2 or more",
            )
        solve = train.get("solve", "equilibrium")
        if solve != "equilibrium":
            raise InputError(
                f"estimator=holomorphic does not go with solve={solve}: no circuit has complex voltages to "
                "step through",
                at("solve"),
                expected="solve=equilibrium",
            )
    if train.get("beta") == 0.0:
        raise InputError("beta=0 nudges nothing", at("beta"), expected="a number other than 0")
    for name, value in train.items():
        refuse_not_yet(".train", name, value, at(name))


def check_durations(
    train: Mapping[str, float | str], place: Callable[..., Location | None] = lambda *_: None
) -> None:
    """Refuse durations of two kinds, of half a kind, and those that a solver knows nothing of."""
    given = [[name for name in group if name in train] for group in DURATIONS]
    used = [names for names in given if names]
    if len(used) > 1:
        raise InputError(
            f"{used[0][0]}= and {used[1][0]}= both say how long a phase lasts",
            place(used[1][0]),
            expected="free_steps= nudged_steps= eps=, or free= nudged=, or tol=",
        )
    solve = str(train.get("solve", "equilibrium"))
    steps, seconds, _ = given
    if train.get("jitter") and not (seconds or "eps" in train):
        raise InputError(
            "jitter= is of the length of phases, and these have none",
            place("jitter"),
            expected="free_steps= nudged_steps= eps=, or free= nudged=",
        )
    if solve == "equilibrium" and (steps or seconds):
        name = (steps or seconds)[0]
        raise InputError(
            f"{name}= has no meaning for solve=equilibrium, which ends by tol=", place(name), expected="tol="
        )
    wanted: tuple[str, ...] = DURATIONS[0] if steps else DURATIONS[1] if seconds else ()
    if solve in TIMELESS:
        if seconds or "eps" in train:
            name = seconds[0] if seconds else "eps"
            raise InputError(
                f"{name}= has no meaning for solve={solve}, whose steps have no length",
                place(name),
                expected="free_steps= nudged_steps=, or tol=",
            )
        wanted = tuple(name for name in wanted if name != "eps")
    missing = [name for name in wanted if name not in train]
    if missing:
        raise InputError(
            f"solve={solve} needs {'= '.join(missing)}=",
            place("solve", *wanted),
            expected="= ".join(wanted) + "=",
        )


def complete_train(train: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return the .train settings with defaults filled in; what has none and was not given stays absent."""
    filled = {name: one.default for name, one in TRAIN.items() if one.default is not None}
    return {**filled, **train}
