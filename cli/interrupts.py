"""Ctrl-C that is never lost: Python drops an interrupt that falls into a destructor or a callback of C."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """While it is entered, `check()` raises the KeyboardInterrupt that was asked for but did not arrive."""

    def __init__(self) -> None:
        self._asked = False
        self._before: Callable[[int, FrameType | None], Any] | int | None = None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Call it where the work can stop: between two blocks, between two batches."""
        if self._asked:
            raise KeyboardInterrupt

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # None: the handler before was not Python's, and Python cannot put it back.
        signal.signal(signal.SIGINT, signal.SIG_DFL if self._before is None else self._before)
