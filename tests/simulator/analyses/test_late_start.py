"""`.tran` with a late TSTART: whoever waits for the first row can stop, and the rows are the same."""

from __future__ import annotations

import numpy as np
import pytest

import eqchip
from eqchip.simulator.analyses import transient

TEXT = """late
V1 in 0 SIN(0 1 1k)
R1 in out 1k
C1 out 0 1u
.tran 10u 20m {start} 10u
.end
"""


def test_steps_before_the_first_row_come_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = eqchip.parse(TEXT.format(start="19.9m"))
    calls: list[int] = []
    genuine = transient.march

    def counted(*given):  # type: ignore[no-untyped-def]
        code, written = genuine(*given)
        calls.append(written)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return code, written

    monkeypatch.setattr(transient, "march", counted)
    with pytest.raises(KeyboardInterrupt):
        eqchip.simulate(chip)
    assert calls == [0, 0, 0]  # it was heard while there was no row


def test_the_rows_are_those_of_a_run_recorded_from_its_beginning() -> None:
    whole, late = (eqchip.simulate(eqchip.parse(TEXT.format(start=one))).tran for one in ("0", "15m"))
    keep = whole.axis >= 15e-3
    assert np.array_equal(whole.axis[keep], late.axis)
    assert np.array_equal(whole["v(out)"][keep], late["v(out)"])
    assert len(late.axis) > 100
