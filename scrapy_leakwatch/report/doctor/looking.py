"""What it takes to look who holds what, in words."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.report.amounts import size
from scrapy_leakwatch.report.doctor.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.records.diagnosed import (
        BillTried,
        ForkTried,
        GuppyFound,
        MallocTried,
        RoomFound,
        WalkFound,
    )

IN_PYTHON = "13 to 18 times"
"""What a memory bill took there, and what in C: see ``benchmarks/bill.py``."""
BUILD = "'pip install --force-reinstall --no-deps --no-cache-dir scrapy-leakwatch'"


def _fork(found: ForkTried) -> Said:
    if not found.failed:
        return Said(f"a child answered in {found.took_ms:.0f} ms")
    if not found.exists:
        return Said(
            "this system has none",
            "so live requests and responses are looked at in the crawl itself, and"
            " nothing else is",
            "crawl on Linux (WSL, a container) to be told who holds what",
        )
    return Said("no child answers", _why_no_fork(found), _how_to_fork(found))


def _why_no_fork(found: ForkTried) -> str:
    if found.errno != errno.EAGAIN or found.pids is None:
        return found.failed
    return f"{found.failed}; the limit of threads and processes is {found.pids:,}"


def _how_to_fork(found: ForkTried) -> str:
    if found.errno == errno.EAGAIN:
        return "raise 'ulimit -u', or the container's pids limit (--pids-limit)"
    if found.errno == errno.ENOMEM:
        return "free memory, or have the kernel promise more: vm.overcommit_memory=1"
    if found.errno in {errno.EPERM, errno.EACCES, errno.ENOSYS}:
        return "let the container's seccomp profile have fork and clone"
    return "see memory limit and room for a child; ask who ends this user's processes"


def _room(found: RoomFound) -> Said:
    if found.left is None:
        return Said("the system does not tell what is left: a child is always tried")
    text = f"{size(found.left)} left; one takes {found.share:.0%} of what the crawl has"
    if found.commit_left is not None:
        return Said(
            text,
            "the kernel promises no more memory than it has (vm.overcommit_memory=2):"
            f" a crawl of more than {size(found.commit_left)} can't be forked",
            "'sysctl vm.overcommit_memory=0', or more swap",
        )
    if found.level == "ok":
        return Said(text)
    return Said(
        text,
        "none is started where that is not left",
        "give the machine or the container more memory",
    )


def _walk(found: WalkFound) -> Said:
    if found.in_c:
        return Said("built")
    costs = (
        f"the one in Python takes {IN_PYTHON} as long, and copies the crawl's memory"
    )
    if found.built:
        return Said(
            "can't be loaded",
            f"there is {found.built[0]}, which is not for this Python; {costs}",
            f"{BUILD} with this Python",
        )
    lacking = [
        what
        for what, is_there in (
            ("a C compiler", found.compiler),
            ("Python's headers (python3-dev)", found.headers),
        )
        if not is_there
    ]
    remedy = BUILD
    if lacking:
        remedy = f"install a wheel, or {' and '.join(lacking)}, then {BUILD}"
    return Said("not built", costs, remedy)


def _bill(found: BillTried) -> Said:
    if found.failed:
        return Said(
            "none could be taken",
            found.failed,
            "see fork and room for a child: crawls get no bill here",
        )
    text = (
        f"taken of this process in {found.analysis_ms / 1000:.1f} s, which paused for"
        f" {found.stall_ms:.0f} ms"
    )
    if not found.wanted:
        return Said(
            text,
            "LEAKWATCH_BILL or LEAKWATCH_EXPLAIN is off",
            "leave both out to be told where memory goes",
        )
    if found.partial:
        return Said(
            text,
            "time ran out before all objects were seen",
            "raise LEAKWATCH_EXPLAIN_TIMEOUT",
        )
    return Said(text)


def _malloc(found: MallocTried) -> Said:
    layers = found.layers
    told = [
        f"{name} {size(number)}"
        for name, number in (
            ("arenas", layers.arenas),
            ("malloc", layers.malloc_used),
        )
        if number is not None
    ]
    text = ", ".join(told) or "no layer of memory can be told"
    if found.chosen:
        text += f" (PYTHONMALLOC={found.chosen})"
    if layers.reason:
        return Said(text, _why_no_layers(found), _how_to_tell_layers(found))
    if found.wanted and not found.trims:
        return Said(
            text,
            "LEAKWATCH_TRIM is on, and this C library has no malloc_trim",
            "leave LEAKWATCH_TRIM out; only glibc can give memory back",
        )
    return Said(f"{text}{'; free pages can be given back' if found.trims else ''}")


def _why_no_layers(found: MallocTried) -> str:
    if not found.preloaded:
        return found.layers.reason
    return f"{found.layers.reason} ({', '.join(found.preloaded)})"


def _how_to_tell_layers(found: MallocTried) -> str:
    if found.preloaded:
        return (
            "nothing, if that malloc is wanted: fragmentation is then not told from"
            " native memory; without LD_PRELOAD it is"
        )
    return "see fork; the C library that tells all is glibc"


def _guppy(found: GuppyFound) -> Said:
    if not found.failed:
        return Said("heap() and 'h' in top")
    return Said(
        "not there: the memory bill answers heap() and 'h' in top",
        found.failed,
        "'pip install guppy3' on Python 3.14 or older; memory bills need none",
    )


WORDS: dict[str, Callable[[Any], Said]] = {
    "fork": _fork,
    "room for a child": _room,
    "C walk": _walk,
    "memory bill": _bill,
    "malloc": _malloc,
    "Guppy": _guppy,
}
