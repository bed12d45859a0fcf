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

    from scrapy_leakwatch.records import Story, Told, Verdict


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


def checked(story: Story, log: str = "") -> Checked:
    """Return what a recording says of a crawl."""
    return Checked(
        spider=story.run.spider,
        stats=story.summary.stats if story.summary else {},
        verdicts=tuple(told.verdict for told in story.standing),
        blocks=tuple(block(told.verdict, told.found) for told in story.told),
        samples=story.samples,
        received=_received(story),
        log=log,
    )


def read(path: Path) -> Story | None:
    """Return what was recorded, None where there is nothing."""
    try:
        return recordings.read(path)
    except recordings.UnreadableRecording:
        return None


def complaint(story: Story, errors: Sequence[str]) -> str:
    """Return what the test of a crawl fails with, "" where it is healthy.

    An alarm comes first, also one that was withdrawn: at the end of a crawl the
    queue is empty, and what it held is gone. ``errors`` are LeakWatch's own.
    """
    if alarms := list(_alarms(story)):
        return "\n\n".join([*alarms, _measured(story)])
    reason = _unjudged(story, errors)
    return f"{reason}\n\n{_measured(story)}" if reason else ""


def _unjudged(story: Story, errors: Sequence[str]) -> str:
    """Return why no verdict does not mean that nothing leaks."""
    if errors:
        return "LeakWatch could not watch this crawl to its end:\n" + "\n".join(errors)
    if not story.complete:
        return "The crawl was not over, so it can't be judged: let it end in the test"
    why = too_little(story)
    if why is None:
        return ""
    return f"Too little was measured to tell whether it leaks: {in_words(why)}"


def _alarms(story: Story) -> Iterator[str]:
    latest: dict[int, Told] = {}
    for told in story.told:
        if told.verdict.kind in ALARMS and not told.verdict.suppressed:
            latest[told.case] = told
    ends = {told.case: told.verdict for told in story.standing}
    for case, told in latest.items():
        text = block(told.verdict, told.found)
        end = ends[case]
        yield f"{text}\n  later     {end.message}" if end.kind == "recovered" else text


def _measured(story: Story) -> str:
    return (
        f"Spider {story.run.spider!r}: {_received(story):,} responses,"
        f" {story.samples:,} samples"
    )


def _received(story: Story) -> int:
    return story.last.received if story.last else 0
