"""Programming: what writing the weights has taken, per training sample.

The cells of an array count their pulses and the joules of each (devices/cells); a chip adds them up since it
was made. Between two looks lies a training of so many samples.

Source: V²·g·t of a pulse, summed by the cells. Limits: changes of ideal weights, which no pulse makes, count
for nothing.
"""

from __future__ import annotations

import math


def programming(before: tuple[float, float], after: tuple[float, float], samples: int) -> float:
    """Return joules per sample between two looks at a chip's counts (J, pulses).

    0 where nothing was pulsed; NaN where pulses have no scale, so that no joules were counted.
    """
    joules, pulses = after[0] - before[0], after[1] - before[1]
    if not pulses > 0.0 or samples <= 0:
        return 0.0
    return joules / samples if joules > 0.0 else math.nan
