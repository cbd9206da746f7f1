"""Agreement: how near one array of numbers comes to another, and with which power of β it does.

relative error ‖found − wanted‖/‖wanted‖    cosine ⟨found, wanted⟩/(‖found‖‖wanted‖)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def cosine(found: Array, wanted: Array) -> float | None:
    """Return the cosine of the angle between two arrays; None where one of them is zero."""
    return ratio(float(np.vdot(found, wanted)), float(np.linalg.norm(found) * np.linalg.norm(wanted)))


def relative_error(found: Array, wanted: Array) -> float | None:
    """Return ‖found − wanted‖/‖wanted‖."""
    return ratio(float(np.linalg.norm(found - wanted)), float(np.linalg.norm(wanted)))


def ratio(top: float, bottom: float) -> float | None:
    """Return top/bottom; None where there is nothing to compare with."""
    return top / bottom if bottom else None


def least(betas: Sequence[float], errors: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Return the least error and the β it was found at."""
    return min(
        ((error, beta) for error, beta in zip(errors, betas, strict=True) if error is not None),
        default=(None, None),
    )


def curvature_slope(
    betas: Sequence[float], errors: Sequence[float | None], most: float = math.inf
) -> float | None:
    """Return the log-log slope of the error where curvature rules: well above the floor, well below 1.

    The floor falls as 1/β, from the least error on, and the curvature grows with β. The fit takes the β above
    the best one whose errors are at least 30 times that floor, up to the first that is above 10⁻³ or beyond
    `most`: there the leading power is all there is. None: fewer than three.
    """
    pairs = [(beta, error) for beta, error in zip(betas, errors, strict=True) if error and beta <= most]
    if not pairs:
        return None
    lowest, best = min((error, beta) for beta, error in pairs)
    rising = sorted((beta, error) for beta, error in pairs if beta > best)
    end = next((k for k, (_, error) in enumerate(rising) if error > 1e-3), len(rising))
    usable = [(beta, error) for beta, error in rising[:end] if error > 30.0 * lowest * best / beta]
    if len(usable) < 3:
        return None
    logs = np.log(np.array(usable))
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
