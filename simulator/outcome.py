"""How a calculation ended. Kernels return the number; Python turns a failure into an error with advice."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """The outcome of a kernel, with what to try next."""

    DONE = 0
    NOT_CONVERGED = 1
    SINGULAR = 2
    NOT_FINITE = 3
    STEP_TOO_SMALL = 4
    TOO_MANY_STEPS = 5
    BUFFER_FULL = 6  # not a failure: hand over the rows and call again
    REPIVOT = 7  # not a failure: the fixed pivot order no longer suits the numbers

    @property
    def advice(self) -> str:
        """Say what a user can do about it."""
        return _ADVICE.get(self, "")


_ADVICE = {
    Outcome.NOT_CONVERGED: "a .nodeset near the expected voltages, or a looser reltol",
    Outcome.SINGULAR: "a resistor to ground at a node that only capacitors or current sources reach, "
    "or break a loop of ideal voltage sources",
    Outcome.NOT_FINITE: "checking the expressions for division by zero, roots of negative numbers and "
    "exponentials of large ones; or a .nodeset where they are finite",
    Outcome.STEP_TOO_SMALL: "a looser reltol, or finite rise times on the sources",
    Outcome.TOO_MANY_STEPS: "more steps (free_steps=, nudged_steps=), or a larger tol",
}
