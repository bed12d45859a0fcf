"""What a crawl's recording says for a test: it is healthy, or why the test fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_leakwatch import recordings
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.records import ALARMS
from scrapy_leakwatch.report.block import block
from scrapy_leakwatch.report.sufficiency import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from scrapy_leakwatch.records import Crawl, Told, Verdict


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a crawl that was watched.

    ``stats`` are Scrapy's, without those that are no number or text;
    ``verdicts`` those that stand at the end, ``blocks`` the text of each that was
    reached, as in the log. ``log`` is the crawl's, empty where pytest has it.
    """

    spider: str
    stats: Mapping[str, str | int | float | None]
    verdicts: tuple[Verdict, ...]
    blocks: tuple[str, ...]
    samples: int
    received: int
    log: str = ""


def checked(crawl: Crawl, log: str = "") -> Checked:
    """Return what a recording says of a crawl."""
    return Checked(
        spider=crawl.run.spider,
        stats=crawl.summary.stats if crawl.summary else {},
        verdicts=tuple(told.verdict for told in crawl.standing),
        blocks=tuple(block(told.verdict, told.found) for told in crawl.told),
        samples=crawl.samples,
        received=_received(crawl),
        log=log,
    )


def read(path: Path) -> Crawl | None:
    """Return what was recorded, None where there is nothing."""
    try:
        return recordings.read(path)
    except recordings.UnreadableRecording:
        return None


def complaint(crawl: Crawl, errors: Sequence[str]) -> str:
    """Return what the test of a crawl fails with, "" where it is healthy.

    An alarm comes first, also one that was withdrawn: at the end of a crawl the
    queue is empty, and what it held is gone. ``errors`` are LeakWatch's own.
    """
    if alarms := list(_alarms(crawl)):
        return "\n\n".join([*alarms, _measured(crawl)])
    reason = _unjudged(crawl, errors)
    return f"{reason}\n\n{_measured(crawl)}" if reason else ""


def _unjudged(crawl: Crawl, errors: Sequence[str]) -> str:
    """Return why no verdict does not mean that nothing leaks."""
    if errors:
        return "LeakWatch could not watch this crawl to its end:\n" + "\n".join(errors)
    if not crawl.complete:
        return "The crawl was not over, so it can't be judged: let it end in the test"
    why = too_little(crawl)
    if why is None:
        return ""
    return f"Too little was measured to tell whether it leaks: {in_words(why)}"


def _alarms(crawl: Crawl) -> Iterator[str]:
    latest: dict[int, Told] = {}
    for told in crawl.told:
        if told.verdict.kind in ALARMS and not told.verdict.suppressed:
            latest[told.case] = told
    ends = {told.case: told.verdict for told in crawl.standing}
    for case, told in latest.items():
        text = block(told.verdict, told.found)
        end = ends[case]
        yield f"{text}\n  later     {end.message}" if end.kind == "recovered" else text


def _measured(crawl: Crawl) -> str:
    return (
        f"Spider {crawl.run.spider!r}: {_received(crawl):,} responses,"
        f" {crawl.samples:,} samples"
    )


def _received(crawl: Crawl) -> int:
    return crawl.last.received if crawl.last else 0
