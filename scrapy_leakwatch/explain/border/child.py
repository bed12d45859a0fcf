"""The parent's side of the border: fork, read without waiting, limit, reap."""

from __future__ import annotations

import json
import os
import signal
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation.freezer import freezer
from scrapy_leakwatch.foundation.own_processes import OWN

try:
    from scrapy_leakwatch.explain.border import inside
except ImportError:  # Windows has neither fork nor resource limits
    inside = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.border.inside import Work

LARGEST_ANSWER = 1_000_000
LONGEST_GAP_S = 1.0
"""Between two polls that count against the time limit: what the crawl's event loop
stood still is no fault of the child, which may have answered long ago."""
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child returned."""

    fields: dict[str, Any]
    stall_ms: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer; ``errno`` is the system's, where that refused."""

    reason: str
    stall_ms: float = 0.0
    errno: int | None = field(default=None, compare=False)


class Child:
    """A forked child at work.

    Call `poll` now and then, for its answer and the time limit. It never waits. Once
    it has returned something the child is reaped.
    """

    def __init__(self, pid: int, pipe: int, timeout_s: float, stall_ms: float) -> None:
        self.pid = pid
        self.stall_ms = stall_ms
        self._pipe = pipe
        self._timeout_s = self._left_s = timeout_s
        self._polled = time.monotonic()
        self._data = bytearray()
        self._reason: str | None = None
        self._result: Answer | Failure | None = None

    def poll(self) -> Answer | Failure | None:
        """Return the result when there is one; kill a child past its limits."""
        if self._result is not None:
            return self._result
        self._count_down()
        if self._read():  # it has worked in time, and writes
            self._left_s = max(self._left_s, LONGEST_GAP_S)
        elif self._left_s < 0:
            self._kill(self._too_late())
        if self._pipe < 0:
            self._reap()
        return self._result

    def stop(self) -> Answer | Failure:
        """Kill the child and wait the moment until the kernel has ended it."""
        if self._result is None:
            self._kill("stopped")
            self._reap(wait=True)
        return self._result or Failure("stopped", self.stall_ms)

    def _count_down(self) -> None:
        now = time.monotonic()
        self._left_s -= min(now - self._polled, LONGEST_GAP_S)
        self._polled = now

    def _too_late(self) -> str:
        return f"no answer within {self._timeout_s:g} seconds"

    def _read(self) -> bool:
        """Read what is there, and tell whether anything was, or its end."""
        if self._pipe < 0:  # it has ended, or hangs without it
            return False
        known = len(self._data)
        while self._pipe >= 0:
            try:
                chunk = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                return len(self._data) > known
            except OSError as error:
                self._kill(f"the pipe broke: {error.strerror}")
                return True
            if not chunk:
                self._close()
            self._data += chunk
            if len(self._data) > LARGEST_ANSWER:
                self._kill(f"the answer is larger than {LARGEST_ANSWER:,} bytes")
        return True

    def _kill(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._close()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def _close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _reap(self, wait: bool = False) -> None:
        try:
            pid, status = os.waitpid(self.pid, 0 if wait else os.WNOHANG)
        except ChildProcessError:  # the crawl reaps everything itself
            pid, status = self.pid, 0
        if pid:
            OWN.discard(pid)
            freezer.thaw()
            self._result = self._judge(status)
            self._data = bytearray()

    def _judge(self, status: int) -> Answer | Failure:
        if self._reason is not None:
            return Failure(self._reason, self.stall_ms)
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            if name == "SIGALRM":  # its own clock, while nobody polled
                return Failure(self._too_late(), self.stall_ms)
            return Failure(f"the child was killed by {name}", self.stall_ms)
        try:
            fields = json.loads(self._data)
        except ValueError:
            fields = None
        if type(fields) is not dict:
            return Failure("the child ended without an answer", self.stall_ms)
        if "failed" in fields:
            return Failure(fields["failed"], self.stall_ms)
        return Answer(fields, self.stall_ms)


def start(work: Work, timeout_s: float) -> Child | Failure:
    """Run ``work`` in a forked child; its answer must be plain JSON.

    Everything ``work`` uses must be imported already: another thread may hold
    an import lock at the fork, and in the child it is never released.
    """
    if not hasattr(os, "fork") or inside is None:
        return Failure("this system has no fork")
    try:
        reader, writer = os.pipe()
    except OSError as error:
        return Failure(f"no pipe: {error.strerror}")
    os.set_blocking(reader, False)
    began = time.perf_counter()
    freezer.freeze()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = _fork()
        if pid == 0:
            inside.serve(work, writer, timeout_s)
        OWN.add(pid)
    except (OSError, RuntimeError, MemoryError) as error:
        freezer.thaw()
        os.close(reader)
        reason = getattr(error, "strerror", None) or type(error).__name__
        number = getattr(error, "errno", None)
        return Failure(f"fork refused: {reason}", errno=number)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        stall_ms = (time.perf_counter() - began) * 1000
        os.close(writer)
    return Child(pid, reader, timeout_s, stall_ms)


def _fork() -> int:
    # Python 3.12 warns of threads that hold locks; `start` deals with them. The
    # usual ways to silence a warning have all others shown once more.
    silence: Any = ("ignore", None, DeprecationWarning, None, 0)
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    filters.insert(0, silence)
    try:
        return os.fork()
    finally:
        filters.remove(silence)
