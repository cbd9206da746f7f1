"""One thread policy: what is shared among threads, and that pools of BLAS stay out of the way.

Work is shared by our own threads (`share`): samples of a batch, or columns of a matrix. Each calls BLAS or a
kernel for its part, and the pool of BLAS itself is held to one thread: its threads spin while they wait, and
two pools on the same cores slow small products down a hundredfold. So there are as many threads as asked for,
by default one a core and at most MOST.

The policy holds from the first chip that is compiled (`hold`), whoever compiles it; `apply` changes it. What
is in force, and which BLAS kernels run, is recorded with every result. What is shared is cut so that no bit
depends on the number of threads.
"""

from __future__ import annotations

import _thread
import os
import sys
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from threading import Thread
from time import perf_counter
from typing import Any

#: Threads by default, at most: more have not been measured.
MOST = 2

Work = Callable[[int, int], None]

#: Parts a thread has of work that is large enough.
PARTS = 2
#: A wait this much longer, in seconds, than half the work itself says that the other cores are busy.
HICCUP = 2e-4

_count = 0  # threads in force; 0: the policy does not hold yet
_team: list[_Member] = []
_busy = _thread.allocate_lock()  # one share at a time: what is shared shares nothing further
_limits: Any = None  # the handle keeps threadpoolctl's limits alive


def default() -> int:
    """Return how many threads there are where no number is asked for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST)


def apply(threads: int | None = None) -> None:
    """Share work among so many threads from now on, and hold the pools of BLAS and Numba to one."""
    global _limits, _count
    import numpy  # noqa: F401  # the pools must exist before they are limited
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    _limits = threadpool_limits(limits=1)
    _count = default() if threads is None else threads
    if "numba" in sys.modules:
        import numba

        numba.set_num_threads(1)


def hold() -> None:
    """Put the default policy in force where none is."""
    if not _count:
        apply()


class _Job:
    """Parts of some work. Who is free takes the next: who shared it from the front, others from the back.

    So each thread keeps to its end, where its caches are warm, and one that a busy machine does not let run
    holds nobody up.
    """

    def __init__(self, work: Work, cuts: list[int]) -> None:
        self.work = work
        self.parts = deque(pairwise(cuts))
        self.left = len(self.parts)
        self.failures: list[BaseException] = []
        self.counting, self.ended = _thread.allocate_lock(), _thread.allocate_lock()
        self.ended.acquire()

    def take(self, next_part: Callable[[], tuple[int, int]]) -> None:
        """Do parts until none is left."""
        while True:
            try:
                part = next_part()
            except IndexError:
                return
            try:
                self.work(*part)
            except BaseException as failure:  # raised where the work was shared
                self.failures.append(failure)
            with self.counting:
                self.left -= 1
                if not self.left:
                    self.ended.release()


class _Member:
    """A thread that waits for a job."""

    def __init__(self) -> None:
        self.go = _thread.allocate_lock()
        self.go.acquire()
        self.job: _Job | None = None
        Thread(target=self._serve, name="eqchip", daemon=True).start()

    def call(self, job: _Job) -> None:
        """Let it join in a job; it may still be on its way to an earlier one, which others have done."""
        self.job = job
        if self.go.locked():
            self.go.release()

    def _serve(self) -> None:
        while True:
            self.go.acquire()
            job, self.job = self.job, None
            if job is not None:
                job.take(job.parts.pop)
            del job


class _Luck:
    """Whether sharing pays: on a busy machine others are stopped in the middle of a part that is waited for.

    After such a wait so many times are done alone; four times as many after a further one soon after.
    """

    least, most = 32, 2048

    def __init__(self) -> None:
        self.alone, self.next = 0, self.least

    def learn(self, worked: float, waited: float) -> None:
        """Take in how long one share took, s."""
        if waited > 0.5 * worked + HICCUP:
            self.alone, self.next = self.next, min(4 * self.next, self.most)
        else:
            self.next = max(self.next * 7 // 8, self.least)


_luck = _Luck()


def share(work: Work, count: int, grain: int = 1) -> None:
    """Call work(first, last) for parts of range(count), at least `grain` long, in several threads.

    What the parts give together must not depend on where they are cut.
    """
    parts = min(PARTS * _count, count // max(grain, 1)) if _count > 1 else 1
    if parts > 1 and _luck.alone:
        _luck.alone -= 1
        parts = 1
    if parts < 2 or not _busy.acquire(blocking=False):
        work(0, count)
        return
    try:
        helpers = min(_count, parts) - 1
        while len(_team) < helpers:
            _team.append(_Member())
        job = _Job(work, [count * part // parts for part in range(parts + 1)])
        begun = perf_counter()
        for one in _team[:helpers]:
            one.call(job)
        job.take(job.parts.popleft)
        mine = perf_counter()
        job.ended.acquire()
        _luck.learn(mine - begun, perf_counter() - mine)
        if job.failures:
            raise job.failures[0]
    finally:
        _busy.release()


def _forget() -> None:
    """Begin anew in a process that was forked: threads stay behind."""
    global _busy
    _team.clear()
    _busy = _thread.allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def describe() -> dict[str, Any]:
    """Return what is in force: cores, threads, and each pool's library, kernel and threads."""
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
    return {"cores": os.cpu_count() or 1, "threads": _count, "pools": pools}
