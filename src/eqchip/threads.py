"""One thread policy for BLAS, Numba and workers.

Small matrix products slow down a hundredfold when more threads than free cores spin on them, so the
default is one thread each; `--threads N` raises it for the whole process. What is in force, and which
BLAS kernels run, is recorded with every result, because the last bits depend on it.

Kernels that release the interpreter share their samples among the same number of threads (`share`); what each
thread does must not depend on how many there are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_count = 1
_pool: ThreadPoolExecutor | None = None
_limits: Any = None  # the handle keeps threadpoolctl's limits alive


def apply(threads: int = 1) -> None:
    """Hold every thread pool of this process to `threads`."""
    global _limits, _count, _pool
    import numpy  # noqa: F401  # the pools must exist before they are limited
    from threadpoolctl import threadpool_limits

    _limits = threadpool_limits(limits=threads)
    if _pool is not None and threads != _count:
        _pool.shutdown()
        _pool = None
    _count = threads
    if "numba" in sys.modules:
        import numba

        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def share(work: Callable[[int, int], None], count: int, grain: int = 1) -> None:
    """Call work(first, last) for parts of range(count), at least `grain` long, one a thread."""
    global _pool
    parts = min(_count, count // max(grain, 1))
    if parts < 2:
        work(0, count)
        return
    if _pool is None:
        _pool = ThreadPoolExecutor(_count - 1, thread_name_prefix="eqchip")
    cuts = [count * part // parts for part in range(parts + 1)]
    others = [_pool.submit(work, *cuts[part : part + 2]) for part in range(1, parts)]
    try:
        work(cuts[0], cuts[1])
    finally:
        for one in others:
            one.result()


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
