"""What this machine is and what it can do at best, measured on the spot: a speed means little without it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

PACKAGES = ("eqchip", "numpy", "numba", "llvmlite", "scipy", "h5py")


def describe(threads: int) -> dict[str, Any]:
    """Processor, system, versions, load and the thread pools in use."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "threads": threads,
        "pools": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
            for pool in threadpool_info()
        ],
    }


def load() -> float | None:
    """How many processes wanted a core over the last minute; near zero on a quiet machine."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def ceilings() -> dict[str, float]:
    """Products and copies at the speed of this machine, under the threads the caller allowed."""
    return {
        "sgemm_gflops": _product(1024, np.float32),
        "dgemm_gflops": _product(768, np.float64),
        "copy_gigabytes_per_second": _copy(1 << 25),
    }


def _product(n: int, kind: type[np.floating[Any]]) -> float:
    a, b, out = (np.full((n, n), 1 / n, dtype=kind) for _ in range(3))
    return round(2 * n**3 / best(lambda: np.matmul(a, b, out=out)) / 1e9, 1)


def _copy(count: int) -> float:
    source, target = np.ones(count), np.zeros(count)
    return round(2 * source.nbytes / best(lambda: np.copyto(target, source)) / 1e9, 1)


def best(work: Callable[[], object], times: int = 7) -> float:
    """The least seconds of several tries: what the machine can, not what its neighbours allowed."""
    work()
    least = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return least


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
