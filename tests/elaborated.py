"""Small netlists in one line: what tests of elaboration are written with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit, Instance
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.reader import parse
from spice_runs import needs_ngspice

#: A chip that learns, in every role but .train.
CHIP = """\
.bus x[2] h[4] y[1]
.model syn synapse
.model cell neuron(activation=tanh)
Yxh x h syn
Yhy h y syn
Nh h cell
Ny y cell
.input x gain=2 offset=-1
.output y decode=sign
.nudge y
.learn Yxh rate=0.1 min=-1 max=1
.learn nh rate={2*0.1} momentum=0.9
.data xor
"""


def with_ngspice(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that runs ngspice."""
    for mark in needs_ngspice:
        test = mark(test)
    return test


def circuit(cards: str, overrides: Mapping[str, str | float] | None = None) -> Circuit:
    """Elaborate cards under a title of their own; line 2 is the first card."""
    return elaborate(parse("title\n" + cards, "chip.cir"), overrides)


def one(cards: str, name: str) -> Instance:
    """Return an instance of a small circuit."""
    found = circuit(cards).instance(name)
    assert found is not None, f"no {name}"
    return found


def refused(
    cards: str, message: str, overrides: Mapping[str, str | float] | None = None, expected: str = ""
) -> InputError:
    """Elaborate cards that must be refused; `message` is part of what a user reads, place included."""
    with pytest.raises(InputError) as caught:
        circuit(cards, overrides)
    assert message in str(caught.value)
    assert expected in (caught.value.expected or "")
    return caught.value


def names(found: Circuit, nodes: object) -> list[str]:
    """Return the names of nodes."""
    return [found.nodes[int(k)] for k in np.atleast_1d(np.asarray(nodes))]
