"""The child's side of the border: quiet, alone, and gone when it has answered.

The child inherits sockets, buffers, signal handlers and locks. It must use
none of them: it closes every descriptor but its pipe, flushes nothing, writes
no log, and leaves by `os._exit` whatever happens.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from scrapy_leakwatch.explain.memory import resident
from scrapy_leakwatch.foundation import free_list

Work = Callable[[], "dict[str, Any]"]

NO_MEMORY = b'{"failed": "no memory left for the child"}'
WRITING_S = 600
"""For the answer to be taken: the crawl's event loop may stand still."""
_GRACE_S = 5
_MOST_GUESSED = 65_536


def serve(work: Work, pipe: int, timeout_s: float) -> NoReturn:
    """Answer on ``pipe`` with what ``work`` returns, as JSON, and exit."""
    try:
        _write(pipe, _answer(work, pipe, timeout_s))
    finally:
        os._exit(0)


def _answer(work: Work, pipe: int, timeout_s: float) -> bytes:
    start = time.monotonic()
    try:
        _isolate(pipe, timeout_s)
        with free_list.emptied():
            return _reply(work, start)
    except MemoryError:
        return NO_MEMORY
    except BaseException as error:  # noqa: BLE001
        # The second border where everything is caught: the reason travels to
        # the parent, which logs it.
        return json.dumps({"failed": _where(error)}).encode()


def _reply(work: Work, start: float) -> bytes:
    answer = work()
    if not answer.get("child_memory_bytes"):  # the kernel takes a while to count it
        answer["child_memory_bytes"] = own_memory()
    answer["analysis_ms"] = (time.monotonic() - start) * 1000
    return json.dumps(answer).encode()


def _isolate(pipe: int, timeout_s: float) -> None:
    gc.disable()
    sys.settrace(None)
    sys.setprofile(None)
    sys.unraisablehook = _silent
    sys.excepthook = _silent
    faulthandler.disable()
    _reset_signals(timeout_s)
    _close_all_but(pipe)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _offer_to_oom_killer()


def _silent(*_: Any) -> None:
    """Say nothing."""


def _reset_signals(timeout_s: float) -> None:
    """Handle signals as a new process would; Ctrl-C is for the crawl alone.

    The wakeup descriptor comes first: it is the crawl's, and a signal to the
    child would write there. The alarm ends a child whose parent is gone.
    """
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, timeout_s + _GRACE_S)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _close_all_but(pipe: int) -> None:
    """Let go of the crawl's sockets, so that closing one there closes it.

    Closing is harmless to the parent: it neither shuts a socket down nor
    changes an epoll set, which a change of registration would.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        if standard != pipe:
            os.dup2(nothing, standard)
    kept = {0, 1, 2, pipe}
    for number in _open_descriptors():
        if number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)


def _open_descriptors() -> Iterable[int]:
    """Return those that are open, or all that may be where nobody tells.

    `os.closerange` would try each up to a limit that may be a billion.
    """
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir(folder)]
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    bound = highest != resource.RLIM_INFINITY
    return range(min(highest, _MOST_GUESSED) if bound else _MOST_GUESSED)


def _offer_to_oom_killer() -> None:
    """Ask the kernel, where memory runs out, to kill this process first."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        pass


def own_memory() -> int:
    """Return the bytes that this process does not share with its parent.

    Pages that the parent wrote to meanwhile are among them: each exists twice
    because of the child. 0 where the kernel does not tell.
    """
    return resident.bytes_of("Private_Dirty")


def _where(error: BaseException) -> str:
    """Return the error's class and our line; never its text, which may act."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None:
        return type(error).__name__
    file = os.path.basename(step.tb_frame.f_code.co_filename)
    return f"{type(error).__name__} at {file}:{step.tb_lineno}"


def _write(pipe: int, reply: bytes) -> None:
    signal.setitimer(signal.ITIMER_REAL, WRITING_S)
    view = memoryview(reply)
    while view:
        view = view[os.write(pipe, view) :]
