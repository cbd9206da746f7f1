"""What every test gets: Hypothesis settings, a picture backend without a screen, skips that say why."""

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")

# A shell's background jobs ignore Ctrl-C and hand that on; tests of interrupts need the usual answer to it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The first example compiles kernels, so no example has a deadline and a slow first one is no fault.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", **_PATIENT)
settings.register_profile("ci", derandomize=True, **_PATIENT)
settings.register_profile("thorough", max_examples=2000, **_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# Compiled kernels follow IEEE in silence (error_model="numpy"); as plain Python they must not warn either.
if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    np.seterr(all="ignore")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run; everything else runs everywhere."""
    absent = {}
    if shutil.which("ngspice") is None:
        absent["ngspice"] = "ngspice is not on the path"
    if not (Path(os.environ.get("EQCHIP_DATA", "/nonexistent")) / "mnist").is_dir():
        absent["mnist"] = "the MNIST files are not in $EQCHIP_DATA/mnist"
    for item in items:
        for marker, reason in absent.items():
            if marker in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout: tests of packaging and documentation read it."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def cases() -> Path:
    """Circuits with reference results, `NAME.cir` beside `NAME.npz`."""
    return Path(__file__).resolve().parent / "cases"
