"""What becomes of the child that looks at the heap, and of what it says."""

from __future__ import annotations

import os
import signal
import threading
import time

from tests.faults.fault import LEAK, Fault

TIMEOUT = {"LEAKWATCH_EXPLAIN_TIMEOUT": 0.5}
HALF = b'{"found": [{"holder": "spider.ke'


def instead(serve):
    """Return the strike that has the child do this with its pipe, and end."""

    def strike(moments) -> None:
        from scrapy_leakwatch.explain.border import inside

        def served(work, pipe, timeout_s) -> None:
            try:
                serve(pipe)
            finally:
                os._exit(0)

        inside.serve = served

    return strike


def stopped_after(said: bytes):
    def serve(pipe: int) -> None:
        os.write(pipe, said)
        os.kill(os.getpid(), signal.SIGSTOP)

    return serve


def hangs_without_its_pipe(pipe: int) -> None:
    os.close(pipe)
    time.sleep(60)


def says(said: bytes):
    """Return what says so much, at once where the pipe has room."""

    def serve(pipe: int) -> None:
        view = memoryview(said)
        while view:
            view = view[os.write(pipe, view) :]

    return serve


def killed_from_outside(moments) -> None:
    from scrapy_leakwatch.foundation.own_processes import OWN

    moments.look(lambda crawler: [os.kill(pid, signal.SIGKILL) for pid in tuple(OWN)])


def no_pipe(moments) -> None:
    def refused() -> tuple[int, int]:
        raise OSError(24, os.strerror(24))

    def begin(crawler) -> None:
        os.pipe = refused

    moments.page(begin)


def reaped_by_a_handler(moments) -> None:
    def reap(*_: object) -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    moments.open(lambda crawler: signal.signal(signal.SIGCHLD, reap))


def reaped_by_the_system(moments) -> None:
    moments.open(lambda crawler: signal.signal(signal.SIGCHLD, signal.SIG_IGN))


def forks_in_a_thread(moments) -> None:
    def fork_now_and_then() -> None:
        for _ in range(20):
            if (pid := os.fork()) == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            time.sleep(0.05)

    moments.page(lambda crawler: threading.Thread(target=fork_now_and_then).start())


def without_guppy(moments) -> None:
    import sys

    sys.modules["guppy"] = None
    ask_for_the_heap(moments)


def guppy_raises(moments) -> None:
    from guppy import hpy

    def raising(self):
        raise ArithmeticError("raised in guppy")

    type(hpy()).heap = raising
    ask_for_the_heap(moments)


def ask_for_the_heap(moments) -> None:
    from scrapy_leakwatch import LeakWatch

    def ask(crawler) -> None:
        extension = crawler.get_extension(LeakWatch)
        if extension is not None:
            extension.ask("heap", None)

    moments.page(ask)


CHILDREN = (
    Fault(
        name="child_killed",
        story="each child kills itself at once",
        strike=instead(lambda pipe: os.kill(os.getpid(), signal.SIGKILL)),
        told=LEAK,
    ),
    Fault(
        name="child_killed_from_outside",
        story="a child is killed while it looks",
        strike=killed_from_outside,
        told=LEAK,
    ),
    Fault(
        name="child_stopped",
        story="each child stops for ever",
        strike=instead(stopped_after(b"")),
        settings=TIMEOUT,
        blind=True,
    ),
    Fault(
        name="child_stopped_half_way",
        story="each child stops after half an answer",
        strike=instead(stopped_after(HALF)),
        settings=TIMEOUT,
        blind=True,
    ),
    Fault(
        name="child_hangs_without_its_pipe",
        story="each child closes its pipe and stays",
        strike=instead(hangs_without_its_pipe),
        settings=TIMEOUT,
        blind=True,
    ),
    Fault(
        name="child_says_rubbish",
        story="each child answers with bytes that are no text",
        strike=instead(says(b"\xff\0{rubbish")),
        told=LEAK,
    ),
    Fault(
        name="child_says_another_thing",
        story="each child answers with JSON that is no object",
        strike=instead(says(b"[1, 2]")),
        told=LEAK,
    ),
    Fault(
        name="child_says_half",
        story="each child ends after half an answer",
        strike=instead(says(HALF)),
        told=LEAK,
    ),
    Fault(
        name="child_says_nothing",
        story="each child ends at once",
        strike=instead(says(b"")),
        told=LEAK,
    ),
    Fault(
        name="child_says_too_much",
        story="each child answers with more than the pipe holds, and never ends",
        strike=instead(says(b"[" * 20_000_000)),
        told=LEAK,
    ),
    Fault(
        name="no_pipe",
        story="there is no pipe to a child",
        strike=no_pipe,
        told=LEAK,
    ),
    Fault(
        name="reaped_by_a_handler",
        story="the project's handler of SIGCHLD takes the exit of every child",
        strike=reaped_by_a_handler,
        told=LEAK,
    ),
    Fault(
        name="reaped_by_the_system",
        story="SIGCHLD is ignored, so nobody can wait for a child",
        strike=reaped_by_the_system,
        told=LEAK,
    ),
    Fault(
        name="forks_in_a_thread",
        story="a thread of the project forks at the same time",
        strike=forks_in_a_thread,
        told=LEAK,
    ),
    Fault(
        name="without_guppy",
        story="somebody asks for the heap, and guppy is not installed",
        strike=without_guppy,
        told=LEAK,
    ),
    Fault(
        name="guppy_raises",
        story="somebody asks for the heap, and guppy raises",
        strike=guppy_raises,
        told=LEAK,
        needs=("guppy",),
    ),
)
