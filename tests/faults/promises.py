"""Pure: which promises a crawl broke, from what is left of it and of its twin."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from tests.faults.fault import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.faults.fault import Fault

STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
ERROR = re.compile(r"\[scrapy_leakwatch\S*\] (?:ERROR|CRITICAL): (.*)")
TRACEBACK = "Traceback (most recent call last)"
OF_LOGGING = f"--- Logging error ---\n{TRACEBACK}"
"""Python's own words where a handler of the project raises."""
OURS = "/scrapy_leakwatch/"
WARNING = re.compile(r"/scrapy_leakwatch/\S+:\d+: \w*Warning: .*")
UNSEEN = (
    "Exception ignored in",
    "Unhandled error in Deferred",
    "was never retrieved",
    "was never awaited",
    "Task was destroyed but it is pending",
    "Fatal Python error",
)
"""What is said of an error that nobody caught."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one process: ``status`` is None of one that did not end.

    ``processes`` tells whether some of its own outlived it.
    """

    status: int | None
    log: str
    outcome: Mapping[str, Any] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    processes: bool = False


def broken(fault: Fault, watched: Left, twin: Left) -> tuple[str, ...]:
    """Return what broke, a line each."""
    return (
        *_other_crawl(fault, watched, twin),
        *_left_behind(fault, watched, twin),
        *_said(fault, watched, twin),
        *_judged(fault, watched),
    )


def _other_crawl(fault: Fault, watched: Left, twin: Left) -> Iterator[str]:
    if twin.status is None:
        yield "the twin does not end"
    elif fault.same != STATUS and not twin.outcome:
        yield "the twin came to nothing"
    if "status" in fault.same and watched.status != twin.status:
        yield f"status {watched.status}, and {twin.status} of the twin"
    for name in sorted(fault.same - {"status"}):
        ours, theirs = watched.outcome.get(name), twin.outcome.get(name)
        if ours != theirs:
            yield f"{name} {ours}, and {theirs} of the twin"
    missed = [*watched.outcome.get("missed", ()), *twin.outcome.get("missed", ())]
    if missed or "no look" in watched.outcome.get("struck", ()):
        yield f"the fault did not strike: {', '.join(missed or ['look'])}"


def _left_behind(fault: Fault, watched: Left, twin: Left) -> Iterator[str]:
    if watched.processes and not twin.processes:
        yield "a process stayed"
    children = watched.outcome.get("children") and not twin.outcome.get("children")
    if children and not fault.unheard:
        yield "a child was not reaped"
    allowed = ("record.jsonl", *fault.leaves)
    for name in sorted(watched.files - twin.files):
        if not any(fnmatch(name, pattern) for pattern in allowed):
            yield f"a file stayed: {name}"


def _said(fault: Fault, watched: Left, twin: Left) -> Iterator[str]:
    for words in UNSEEN:
        if words in watched.log and words not in twin.log:
            yield f"the log says: {words}"
    for line in sorted(set(WARNING.findall(watched.log))):
        yield f"a warning of ours: {line}"
    for line, times in _errors(fault, watched.log).items():
        yield f"an error of ours, {times} times too often: {line}"
    tracebacks = sum(OURS in each for each in _tracebacks(watched.log))
    if tracebacks > len(fault.says):
        yield f"{tracebacks} tracebacks through our code"


def _errors(fault: Fault, log: str) -> Counter[str]:
    """Return the errors of ours that are more than the fault allows."""
    allowed, more = list(fault.says), Counter[str]()
    for line in ERROR.findall(log):
        begins = [each for each in allowed if line.startswith(each)]
        if begins:
            allowed.remove(begins[0])
        else:
            more[line] += 1
    return more


def _tracebacks(log: str) -> Iterator[str]:
    for entry in STAMP.split(log.replace(OF_LOGGING, "")):
        yield from entry.split(TRACEBACK)[1:]


def _judged(fault: Fault, watched: Left) -> Iterator[str]:
    verdicts = set(watched.outcome.get("verdicts", ()))
    if fault.blind and "healthy" in verdicts:
        yield "healthy, and nobody could see that"
    if fault.told and not verdicts & fault.told:
        yield f"told {sorted(map(str, verdicts))}, not one of {sorted(fault.told)}"
