"""The parameters of what memory devices do after they are written: how values are kept and read."""

from __future__ import annotations

from eqchip.devices.cells.declaring import PCM as _PCM
from eqchip.devices.cells.declaring import TOOL as _TOOL
from eqchip.devices.cells.declaring import TRAPS as _TRAPS
from eqchip.devices.cells.declaring import one as _one
from eqchip.devices.place import Place

_STORED, _READ = Place.STORED, Place.READ

KEPT = (
    _one("drift_nu", 0.0, "exponent of drift", place=_STORED, effect="drift", source=_PCM),
    _one(
        "drift_nu_k",
        0.0,
        "what the exponent of drift loses per ln |value/w_max|",
        place=_STORED,
        effect="drift",
        source=_PCM,
    ),
    _one("drift_nu_min", None, "least exponent of drift", place=_STORED, effect="drift", source=_PCM),
    _one("drift_nu_max", None, "largest exponent of drift", place=_STORED, effect="drift", source=_PCM),
    _one(
        "drift_t0",
        20.0,
        "time after a write at which drift begins",
        0.0,
        unit="s",
        open_low=True,
        place=_STORED,
        effect="drift",
        source=_PCM,
    ),
    _one(
        "lifetime",
        0.0,
        "time in which a value decays; 0: it stays",
        0.0,
        unit="s",
        place=_STORED,
        effect="decay",
    ),
    _one("reset", 0.0, "value to which devices decay", place=_STORED, effect="decay"),
    _one("diffusion", 0.0, "random walk of a value in one second, over √s", 0.0, place=_STORED),
)

SEEN = (
    _one("read_noise", 0.0, "noise of one reading", 0.0, place=_READ, effect="readnoise"),
    _one(
        "read_noise_rel",
        0.0,
        "noise of one reading over |value|",
        0.0,
        place=_READ,
        effect="readnoise",
        source=_TOOL,
    ),
    _one("flicker", 0.0, "1/f noise of a reading: Q of a value of w_max", 0.0, place=_READ, source=_PCM),
    _one(
        "flicker_exp",
        0.0,
        "Q = flicker·|value/w_max|^−this",
        0.0,
        place=_READ,
        effect="flicker",
        source=_PCM,
    ),
    _one("flicker_max", 0.2, "largest Q", 0.0, place=_READ, effect="flicker", source=_PCM),
    _one(
        "flicker_read",
        250e-9,
        "time a reading takes",
        0.0,
        unit="s",
        open_low=True,
        place=_READ,
        effect="flicker",
        source=_PCM,
    ),
    _one(
        "rtn",
        0.0,
        "telegraph noise: share of the value that comes and goes",
        0.0,
        place=_READ,
        effect="telegraph",
        source=_TRAPS,
    ),
    _one(
        "rtn_up",
        1.0,
        "telegraph noise: rate at which it comes",
        0.0,
        unit="1/s",
        place=_READ,
        effect="telegraph",
        source=_TRAPS,
    ),
    _one(
        "rtn_down",
        1.0,
        "telegraph noise: rate at which it goes",
        0.0,
        unit="1/s",
        place=_READ,
        effect="telegraph",
        source=_TRAPS,
    ),
)
