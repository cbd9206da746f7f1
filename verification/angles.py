"""Draw what the vector-field chips did on MNIST: error, cost, and the angle between update and gradient.

    python verification/angles.py

Reads verification/results/published.json, writes docs/pictures/vector-field.png.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.ticker import MaxNLocator

HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs" / "pictures" / "vector-field.png"


def main() -> None:
    """Draw one column for each chip."""
    results = json.loads((HERE / "results" / "published.json").read_text())
    found = [one for one in results if one["cosines"]]
    figure, axes = pyplot.subplots(
        3, len(found), figsize=(4.6 * len(found), 7.2), sharex="col", sharey="row", squeeze=False
    )
    for (top, middle, bottom), one in zip(axes.T, found, strict=True):
        epochs = np.arange(1, one["epochs"] + 1)
        top.set_title(f"{one['name']}, seed {one['seed']}", fontsize=10)
        top.semilogy(epochs, 100 * np.array(one["train_error"]), label="train", color="0.6")
        top.semilogy(epochs, 100 * np.array(one["test_error"]), label="test", color="C0")
        middle.semilogy(epochs, one["test_loss"], label="test", color="C0")
        for name, cosines in one["cosines"].items():
            angle = np.degrees(np.arccos(np.clip(np.array(cosines, dtype=float), -1, 1)))
            bottom.plot(epochs[: len(angle)], angle, marker=".", label=name)
        bottom.axhline(90, color="0.8", lw=0.8)
        bottom.set_xlabel("epoch")
        bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axis in (top, bottom):
            axis.legend(fontsize=8, frameon=False)
    for axis, label in zip(
        axes[:, 0], ("error (%)", "cost", "angle of update and gradient (°)"), strict=True
    ):
        axis.set_ylabel(label)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
