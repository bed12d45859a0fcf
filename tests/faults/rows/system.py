"""What the system refuses: descriptors, processes, memory, and what it tells."""

from __future__ import annotations

import builtins
import errno
import io
import os
import resource

from tests.faults.fault import ENDING, LEAK, Fault
from tests.faults.moments import later

TELLING = ("/proc/", "/sys/fs/cgroup")
SECONDS = 2.0
BLINDED = ("LeakWatch can't observe the crawl",)
MORE_BYTES = 4_000_000


def limit(kind: int, most: int) -> None:
    """Lower a limit so that it can be raised again."""
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most, hard))


def no_descriptors(moments) -> None:
    moments.page(lambda crawler: limit(resource.RLIMIT_NOFILE, 3))


def no_descriptors_for_a_while(moments) -> None:
    before, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    no_descriptors(moments)
    moments.page(
        lambda crawler: later(SECONDS, lambda: limit(resource.RLIMIT_NOFILE, before))
    )


def few_descriptors_from_the_start(moments) -> None:
    moments.open(lambda crawler: limit(resource.RLIMIT_NOFILE, 3))


def refuse_fork(number: int, times: int):
    """Return the strike that has so many forks refused."""

    def strike(moments) -> None:
        real, left = os.fork, [times]

        def fork() -> int:
            if left[0]:
                left[0] -= 1
                raise OSError(number, os.strerror(number))
            return real()

        os.fork = fork

    return strike


def no_processes(moments) -> None:
    def strike(crawler) -> None:
        if os.getuid() == 0:  # root may have as many as it likes
            os.setuid(65534)
        limit(resource.RLIMIT_NPROC, 1)

    moments.page(strike)


def no_memory(moments) -> None:
    def strike(crawler) -> None:
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        limit(resource.RLIMIT_AS, used + MORE_BYTES)

    moments.page(strike)


def answer_instead(refused):
    """Return the strike that answers reads of what the system tells of itself.

    ``refused`` gets the path, and returns what is read instead, None for the truth.
    """

    def strike(moments) -> None:
        real, real_os, real_list = io.open, os.open, os.listdir

        def asked(path: object) -> str | None:
            told = isinstance(path, (str, os.PathLike)) and os.fspath(path)
            return refused(told) if told and told.startswith(TELLING) else None

        def opened(file, mode="r", *args, **kwargs):
            text = asked(file)
            if text is None or "w" in mode:
                return real(file, mode, *args, **kwargs)
            return io.BytesIO(text.encode()) if "b" in mode else io.StringIO(text)

        def opened_fd(path, flags, *args, **kwargs):
            text = asked(path)
            if text is None:
                return real_os(path, flags, *args, **kwargs)
            reader, writer = os.pipe()
            os.write(writer, text.encode())
            os.close(writer)
            return reader

        def listed(path="."):
            return real_list(path) if asked(path) is None else []

        def begin(crawler) -> None:
            builtins.open = io.open = opened
            os.open, os.listdir = opened_fd, listed

        moments.page(begin)

    return strike


def unreadable(path: str) -> str:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def missing_in_part(path: str) -> str | None:
    if path.endswith(("statm", "smaps_rollup", "task", "children", "cgroup")):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return None


def rubbish_for(*names: str):
    def answer(path: str) -> str | None:
        return "0::/../\0no\nmax -1 nan\n\n7:" if any(map(path.count, names)) else None

    return answer


def psutil_raises(name: str):
    """Return the strike that has each question to psutil raise."""

    def strike(moments) -> None:
        import psutil

        error = getattr(psutil, name)

        def raising(self, *args, **kwargs):
            raise error(self.pid)

        def begin(crawler) -> None:
            for method in ("memory_info", "oneshot", "children", "cmdline", "name"):
                setattr(psutil.Process, method, raising)

        moments.page(begin)

    return strike


SYSTEM = (
    Fault(
        name="no_descriptors_for_a_while",
        story="for two seconds nothing can be opened",
        strike=no_descriptors_for_a_while,
        same=ENDING,  # a connection more is not to be had
        blind=True,
        says=BLINDED,
    ),
    Fault(
        name="no_descriptors",
        story="nothing can be opened any more",
        strike=no_descriptors,
        same=ENDING,  # a connection more is not to be had
        blind=True,
        says=BLINDED,
    ),
    Fault(
        name="no_descriptors_at_all",
        story="nothing can be opened from the first request on",
        strike=few_descriptors_from_the_start,
        blind=True,
        says=BLINDED,
    ),
    Fault(
        name="fork_refused_once",
        story="the first fork is refused, for there are too many processes",
        strike=refuse_fork(errno.EAGAIN, 1),
        told=LEAK,
    ),
    Fault(
        name="fork_refused",
        story="each fork is refused, for there are too many processes",
        strike=refuse_fork(errno.EAGAIN, 10_000),
        told=LEAK,
    ),
    Fault(
        name="fork_without_memory_once",
        story="the first fork is refused, for memory is short",
        strike=refuse_fork(errno.ENOMEM, 1),
        told=LEAK,
    ),
    Fault(
        name="fork_without_memory",
        story="each fork is refused, for memory is short",
        strike=refuse_fork(errno.ENOMEM, 10_000),
        told=LEAK,
    ),
    Fault(
        name="no_processes",
        story="the user may have no more processes or threads",
        strike=no_processes,
        blind=True,
    ),
    Fault(
        name="no_memory",
        story="the process may take 4 MB more and then nothing",
        strike=no_memory,
        told=LEAK,
    ),
    Fault(
        name="proc_unreadable",
        story="nothing below /proc may be read",
        strike=answer_instead(unreadable),
        blind=True,
        says=BLINDED,
    ),
    Fault(
        name="proc_missing_in_part",
        story="half of the files below /proc are not there",
        strike=answer_instead(missing_in_part),
        blind=True,
        says=BLINDED,
    ),
    Fault(
        name="proc_rubbish",
        story="the files below /proc have rubbish",
        strike=answer_instead(rubbish_for("/proc/")),
        blind=True,
        says=BLINDED,
    ),
    Fault(
        name="cgroup_rubbish",
        story="the files of the container have rubbish",
        strike=answer_instead(rubbish_for("cgroup")),
        told=LEAK,
    ),
    Fault(
        name="psutil_no_such_process",
        story="psutil says that there is no such process",
        strike=psutil_raises("NoSuchProcess"),
        blind=True,
        says=BLINDED,
    ),
    Fault(
        name="psutil_access_denied",
        story="psutil may not see the process",
        strike=psutil_raises("AccessDenied"),
        blind=True,
        says=BLINDED,
    ),
)
