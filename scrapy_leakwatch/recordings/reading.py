"""Goes through a recording once, and keeps what it tells of the crawl."""

from __future__ import annotations

import math
import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy_leakwatch.recordings import lines, matching, parsing
from scrapy_leakwatch.recordings.thinning import Evenly
from scrapy_leakwatch.recordings.timelines import TimelineKeeper
from scrapy_leakwatch.records import Bill, Crawl

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from scrapy_leakwatch.recordings.lines import Line
    from scrapy_leakwatch.records import (
        Layers,
        Looks,
        NoBill,
        Restart,
        Run,
        Sample,
        Summary,
        Trimmed,
    )

POINTS = 600
"""Of a series: about what a screen can show."""
MOST_SAMPLES = 60_000
"""Read of a recording, a week of them at ten seconds; of more, each n-th is."""
MOST_KEPT = 1000
"""Verdicts, and as many explanations; of more, the latest are kept."""
MOST_BILLS = 100
"""And as many of those that failed; a chart can show no more."""
SAMPLE, BILL = b'{"type": "sample"', b'{"type": "bill"'
"""How the lines begin that are most of a recording, as they are written."""
SECOND = 2


def read(path: str | os.PathLike[str], points: int = POINTS) -> Crawl:
    """Return what the recording at ``path`` tells.

    Its series have at most ``points`` points. A last line that is cut off is
    passed over, as is a line in the middle that makes no sense: those are
    counted (``Crawl.broken``). Raises `UnreadableRecording`, whose message is
    one line with the remedy, where there is nothing to read.
    """
    return _read(Path(path), points, _Reading.go_through)


def skim(path: str | os.PathLike[str]) -> Crawl:
    """Return what `read` does without the bills, and of the samples two.

    They are the second, the first one being the crawl's start, and the last: enough
    to know how much was seen. It takes a hundredth of the time. Raises as `read`.
    """
    return _read(Path(path), POINTS, _Reading.skim)


def _read(
    path: Path, points: int, go_through: Callable[[_Reading, BinaryIO], None]
) -> Crawl:
    with lines.opened(path) as file:
        try:
            run = parsing.run(lines.first(file, path))
            reading = _Reading(run, points)
            go_through(reading, file)
        except ValueError:
            raise lines.no_recording(path) from None
        except OSError as error:
            raise lines.refused(path, error) from None
    return reading.crawl(path)


class _Reading:
    """One pass through a file."""

    def __init__(self, run: Run, points: int) -> None:
        self._run = run
        self._timeline = TimelineKeeper(points)
        self._said: deque[matching.VerdictLine] = deque(maxlen=MOST_KEPT)
        self._found: deque[matching.FindingLine] = deque(maxlen=MOST_KEPT)
        self._layers: deque[Layers] = deque(maxlen=MOST_KEPT)
        self._trims: deque[tuple[float, Trimmed]] = deque(maxlen=MOST_KEPT)
        self._bills: Evenly[tuple[int, Bill | NoBill]] = Evenly(MOST_BILLS)
        self._failed_bills: Evenly[tuple[int, Bill | NoBill]] = Evenly(MOST_BILLS)
        self._summary: Summary | None = None
        self._looks: Looks | None = None
        self._restarts: deque[Restart] = deque(maxlen=MOST_KEPT)
        self._last: Line | None = None
        self._exited: float | None = None
        self._ended = run.time
        self._taken = self._skipped = self._verdicts = self._broken = 0
        self._asked_bills = self._lines = 0
        self._step = 1
        self._takers: dict[str, Callable[[Line, float], None]] = {
            "sample": self._take_sample,
            "verdict": self._take_verdict,
            "explanation": self._take_explanation,
            "layers": self._take_layers,
            "bill": self._take_bill,
            "trim": lambda line, _: self._trims.append(parsing.trim(line)),
            "looks": self._take_looks,
            "exit": self._take_exit,
            "restart": lambda line, _: self._restarts.append(parsing.restart(line)),
            "summary": self._take_summary,
        }

    def go_through(self, file: BinaryIO) -> None:
        """Take each line, and of very many samples each n-th and the last."""
        size = os.fstat(file.fileno()).st_size
        seen, skipped = 0, b""
        for line in lines.each(file):
            if line.startswith(SAMPLE):
                if not seen:
                    self._step = math.ceil(size / len(line) / MOST_SAMPLES) or 1
                seen += 1
                if (seen - 1) % self._step:
                    skipped = line
                    self._skipped += 1
                    continue
                skipped = b""
            self._take(line)
        if skipped:
            self._skipped -= 1
            self._take(skipped)

    def skim(self, file: BinaryIO) -> None:
        """Take the second sample and the last whole one, no bill, and all else."""
        seen, last = 0, b""
        for line in lines.each(file):
            if not line.startswith((SAMPLE, BILL)):
                self._take(line)
            elif line.startswith(SAMPLE) and line.endswith(b"\n"):
                seen, last = seen + 1, line
                if seen == SECOND:
                    self._take(line)
        if last and seen != SECOND:
            self._take(last)
        self._skipped = seen - self._taken

    def crawl(self, path: Path) -> Crawl:
        """Return what the lines tell."""
        told = matching.told(self._said, self._found)
        return Crawl(
            path=path,
            run=self._run,
            told=told,
            standing=matching.standing(told),
            dismissed=matching.dismissed(told, self._found),
            layers=tuple(self._layers),
            trims=tuple(self._trims),
            timeline=self._timeline.timeline(),
            last=self._last_sample(),
            summary=self._summary,
            ended=self._ended,
            samples=self._taken + self._skipped,
            step=self._step,
            broken=self._broken,
            forgotten=self._verdicts - len(self._said),
            bills=self._all_bills(),
            exited=self._exited,
            looks=self._looks,
            restarts=tuple(self._restarts),
        )

    def _all_bills(self) -> tuple[Bill | NoBill, ...]:
        kept = [*self._bills.records(), *self._failed_bills.records()]
        return tuple(bill for _, bill in sorted(kept, key=lambda each: each[0]))

    def _last_sample(self) -> Sample | None:
        try:
            return parsing.sample(self._last) if self._last else None
        except (ValueError, TypeError):
            return None

    def _take(self, raw: bytes) -> None:
        try:
            self._lines += 1
            line = lines.parsed(raw)
            if (take := self._takers.get(line["type"])) is not None:
                time = parsing.moment(line.get("time"))
                take(line, time)
                self._ended = max(self._ended, time)
        except (ValueError, TypeError, KeyError, OverflowError):
            self._broken += raw.endswith(b"\n") or len(raw) >= lines.LONGEST

    def _take_sample(self, line: Line, _: float) -> None:
        self._timeline.add(line)
        self._last = line
        self._taken += 1

    def _take_verdict(self, line: Line, time: float) -> None:
        said = matching.VerdictLine(self._lines, time, parsing.verdict(line))
        self._said.append(said)
        self._verdicts += 1

    def _take_explanation(self, line: Line, time: float) -> None:
        self._add_found(line, time, parsing.explanation(line))

    def _take_layers(self, line: Line, time: float) -> None:
        layers = parsing.layers(line)
        self._add_found(line, time, layers)
        self._layers.append(layers)

    def _add_found(self, line: Line, time: float, finding: matching.Finding) -> None:
        verdict, refers = parsing.rested_on_by(line), "verdict" in line
        self._found.append(
            matching.FindingLine(self._lines, time, finding, verdict, refers=refers)
        )

    def _take_bill(self, line: Line, _: float) -> None:
        bill = parsing.bill(line)
        keeper = self._bills if isinstance(bill, Bill) else self._failed_bills
        keeper.add((self._asked_bills, bill))
        self._asked_bills += 1

    def _take_looks(self, line: Line, _: float) -> None:
        self._looks = parsing.looks(line)

    def _take_exit(self, _: Line, time: float) -> None:
        self._exited = time

    def _take_summary(self, line: Line, _: float) -> None:
        self._summary = parsing.summary(line)
