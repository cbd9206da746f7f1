"""Learning on random chips of every kind against a plain twin: what tests/wild_learning.py has.

EQCHIP_CHIPS=40 tries forty chips a check instead of 300: six minutes instead of three quarters of an hour.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

import pytest

from wild_learning import equilibria, euler, held, integrators, targets, through_time
from wild_training import training

COUNT = int(os.environ.get("EQCHIP_CHIPS", "300"))


@pytest.mark.parametrize("check", [equilibria, euler, held, integrators, targets, through_time, training])
def test_it_holds_on_every_chip(check: Callable[[int], None]) -> None:
    failed = {}
    for seed in range(1000, 1000 + COUNT):
        try:
            check(seed)
        except Exception:
            failed[seed] = traceback.format_exc(limit=-2)
    assert not failed, "\n".join(f"{seed}: {text}" for seed, text in failed.items())
