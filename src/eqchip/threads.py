"""One thread policy for BLAS, Numba and workers.

Small matrix products slow down a hundredfold when more threads than free cores spin on them, so the
default is one thread each; `--threads N` raises it for the whole process. What is in force, and which
BLAS kernels run, is recorded with every result, because the last bits depend on it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

_limits: Any = None  # the handle keeps threadpoolctl's limits alive


def apply(threads: int = 1) -> None:
    """Hold every thread pool of this process to `threads`."""
    global _limits
    import numpy  # noqa: F401  # the pools must exist before they are limited
    from threadpoolctl import threadpool_limits

    _limits = threadpool_limits(limits=threads)
    if "numba" in sys.modules:
        import numba

        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def describe() -> dict[str, Any]:
    """Return what is in force: cores, and each pool's library, kernel and threads."""
    from threadpoolctl import threadpool_info

    pools = [
        {
            "library": pool.get("internal_api", "?"),
            "version": pool.get("version") or "",
            "kernel": pool.get("architecture", ""),
            "threads": pool.get("num_threads", 0),
        }
        for pool in threadpool_info()
    ]
    return {"cores": os.cpu_count() or 1, "pools": pools}
