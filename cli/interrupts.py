"""Ctrl-C that is never lost: Python drops an interrupt that falls into a destructor or a callback of C."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType


class Interrupts:
    """While it is entered, `check()` raises the KeyboardInterrupt that was asked for but did not arrive."""

    def __init__(self) -> None:
        self._asked = False
        self._before: object = None

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
        signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]
