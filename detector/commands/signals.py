"""Ends the process within a second of a signal that asks it to stop, whatever computation is going on.

Python hears of a signal between two of its own instructions, and a compiled computation has none of them for seconds.
The system tells a socket at once, on which a thread waits: it gives the main thread a moment to stop by itself,
then takes away what is temporary and ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, NoReturn

from detector.machine.leftovers import remove_temporary

INTERRUPTED = 130
"""The exit code, whichever signal it was."""

GRACE_SECONDS = 0.4

STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that are a ``KeyboardInterrupt``, but for those that are ignored (as ``nohup`` has it)."""

SHOW_CURSOR = "\r\x1b[?25h"
"""A progress display hides it."""


class Watch:
    """A context manager: while it is open, a signal of `STOPS` ends the process; a second one does so at once.

    ``speak`` says why, once: by `say`, whichever thread comes first.
    """

    def __init__(self, speak: Callable[[], None]) -> None:
        self._speak, self._said = speak, threading.Lock()
        self._before: dict[int, Any] = {}
        self._seen = False
        self._told: socket.socket | None = None

    def __enter__(self) -> Watch:
        if threading.current_thread() is not threading.main_thread():
            return self
        self._told, awakened = socket.socketpair()
        self._told.setblocking(False)
        for number in STOPS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, _interrupt)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._end, args=(awakened,), name="detector-signals", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._told is None or self._seen:
            return  # the other thread ends the process if this one does not
        signal.set_wakeup_fd(-1)
        for number, before in self._before.items():
            signal.signal(number, before)
        self._told.close()

    def say(self) -> None:
        """Say why the process ends, unless that was said."""
        if self._said.acquire(blocking=False):
            self._speak()

    def _end(self, awakened: socket.socket) -> None:
        """Wait for a signal, then for the main thread to stop by itself."""
        while not self._seen:
            numbers = awakened.recv(16)
            if not numbers:
                awakened.close()
                return
            self._seen = any(number in self._before for number in numbers)
        awakened.settimeout(GRACE_SECONDS)
        with contextlib.suppress(TimeoutError):
            awakened.recv(16)
        remove_temporary()
        if sys.stderr.isatty():
            sys.stderr.write(SHOW_CURSOR)
        self.say()
        os._exit(INTERRUPTED)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
