"""Training: which settings of .train go together, and what is said of those that do not.

The parameters themselves are declared in roles.py; a Plan made in Python is checked by the same tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from eqchip.errors import InputError, Location
from eqchip.netlists.circuit import Learn
from eqchip.netlists.roles import ESTIMATORS, TRAIN

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
