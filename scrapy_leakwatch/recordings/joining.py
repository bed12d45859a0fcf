"""Makes one recording of those of the processes of a crawl, one after the other."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.recordings import lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scrapy_leakwatch.recordings.lines import Line

_LAST = frozenset({"summary", "exit"})
"""What ends the recording of a process; of the whole only those of the last do."""
_REFERS = ("id", "verdict", "cause", "withdraws")


class Joiner:
    """Adds the recordings of processes to one, as `write` takes its lines.

    Where a process begins there is a ``restart``. Responses and time go on from there,
    and what was told by an earlier process keeps its id.
    """

    def __init__(self, write: Callable[[Line], None]) -> None:
        self._write = write
        self._begun: float | None = None
        self._before = self._received = 0
        self._known: dict[tuple[Any, ...], int] = {}
        self._ids: dict[int, int] = {}
        self._end: list[Line] = []
        self._processes = 0

    def add(self, path: Path, why: str) -> None:
        """Add a recording; ``why`` is what ended the process before it.

        A line that is cut off, or makes no sense, is left out. Raises
        `UnreadableRecording`.
        """
        self._processes += 1
        self._ids, self._before, self._end = {}, self._received, []
        with lines.opened(path) as file:
            for raw in lines.each(file):
                with suppress(ValueError, TypeError, KeyError):
                    self._add(lines.parsed(raw), why)

    def end(self) -> None:
        """Add how the last process ended."""
        for line in self._end:
            self._write(line)
        self._end = []

    def _add(self, line: Line, why: str) -> None:
        kind = line["type"]
        if kind == "run" and self._begun is not None:
            line = {
                "type": "restart",
                "time": line["time"],
                "process": self._processes,
                "pid": line["pid"],
                "why": why,
            }
        elif kind == "run":
            self._begun = line["time"]
        elif kind == "sample":
            line = self._sample(line)
        elif kind == "summary":
            line["verdicts"] = [self._referred(each) for each in line["verdicts"]]
        else:
            line = self._referred(line)
        if kind in _LAST:
            self._end.append(line)
        else:
            self._write(line)

    def _sample(self, line: Line) -> Line:
        self._received = self._before + line["received"]
        elapsed = line["time"] - (self._begun or line["time"])
        return {**line, "received": self._received, "elapsed_s": round(elapsed, 3)}

    def _referred(self, line: Line) -> Line:
        """Return a line with the ids that its verdicts have in the whole."""
        if line["type"] == "verdict" and line["id"] not in self._ids:
            subject = tuple(line[name] for name in ("spider", "subject", "class"))
            known = self._known.setdefault(subject, len(self._known) + 1)
            self._ids[line["id"]] = known
        changed = {
            name: self._ids.get(line[name])
            for name in _REFERS
            if line.get(name) is not None and type(line[name]) is int
        }
        return {**line, **changed}
