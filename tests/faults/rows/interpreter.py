"""What a project does to its Python, and how that is started."""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc
from pathlib import Path

from tests.faults.fault import LEAK, Fault


def at_open(what):
    """Return the strike that calls something as the spider starts."""

    def strike(moments) -> None:
        moments.open(lambda crawler: what())

    return strike


def raise_in_collections() -> None:
    def raising(phase, info) -> None:
        raise ArithmeticError("raised in a callback of the collector")

    gc.callbacks.append(raising)


def profile() -> None:
    sys.setprofile(lambda *_: None)


def trace() -> None:
    sys.settrace(lambda *_: None)


def limit_recursion() -> None:
    sys.setrecursionlimit(100)


def leave_no_folder(moments) -> None:
    Path("gone").mkdir()
    os.chdir("gone")
    Path("../gone").rmdir()


INTERPRETER = (
    Fault(
        name="collector_off",
        story="the collector is off",
        strike=at_open(gc.disable),
        told=LEAK,
    ),
    Fault(
        name="frozen",
        story="the project has frozen its objects",
        strike=at_open(gc.freeze),
        told=LEAK,
    ),
    Fault(
        name="collects_all_the_time",
        story="each new object sets off a collection",
        strike=at_open(lambda: gc.set_threshold(1)),
        told=LEAK,
    ),
    Fault(
        name="collector_callback_raises",
        story="a callback of the collector raises",
        strike=at_open(raise_in_collections),
        told=LEAK,
    ),
    Fault(
        name="little_recursion",
        story="calls may go 100 deep",
        strike=at_open(limit_recursion),
        blind=True,
    ),
    Fault(name="profiled", story="a profiler", strike=at_open(profile), told=LEAK),
    Fault(name="traced", story="a debugger", strike=at_open(trace), told=LEAK),
    Fault(
        name="tracemalloc",
        story="tracemalloc is on",
        strike=at_open(tracemalloc.start),
        told=LEAK,
    ),
    Fault(name="optimised", story="python -O", flags=("-O",), told=LEAK),
    Fault(name="without_docstrings", story="python -OO", flags=("-OO",), told=LEAK),
    Fault(name="developing", story="python -X dev", flags=("-X", "dev"), told=LEAK),
    Fault(
        name="fault_handler",
        story="python -X faulthandler",
        flags=("-X", "faulthandler"),
        told=LEAK,
    ),
    Fault(
        name="warnings_are_errors",
        story="python -W error",
        flags=("-W", "error"),
        told=LEAK,
    ),
    Fault(
        name="locale_c",
        story="no UTF-8 anywhere",
        environment={
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "PYTHONIOENCODING": "ascii",
        },
        told=LEAK,
    ),
    Fault(
        name="without_home",
        story="HOME and PATH are not set",
        environment={"HOME": None, "PATH": None},
        told=LEAK,
    ),
    Fault(
        name="folder_is_gone",
        story="the working directory is gone",
        strike=leave_no_folder,
        says=("LEAKWATCH_RECORD: ",),
        told=LEAK,
    ),
    Fault(
        name="uvloop",
        story="asyncio with uvloop's loop",
        settings={"ASYNCIO_EVENT_LOOP": "uvloop.Loop"},
        reactor="asyncio",
        needs=("uvloop",),
        told=LEAK,
    ),
)
