"""``scrapy leakwatch history``: what became of each leak, from run to run."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import recordings
from scrapy_leakwatch.commands.exits import CLEAN, LEAKS, TOO_LITTLE, CommandError
from scrapy_leakwatch.commands.printing import say, say_json
from scrapy_leakwatch.commands.recorded import LONGEST
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.judge.causes import Causes, leaking
from scrapy_leakwatch.report import history

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import Settings

    from scrapy_leakwatch.records import Past

HELP = (
    "Follow each leak through all recordings of a folder: since when, in which spiders"
    " and runs, how bad, and what is gone"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("folder", help="where LEAKWATCH_RECORD put them, also below it")
    parser.add_argument("--spider", help="only the runs of this spider")
    parser.add_argument(
        "--since",
        metavar="DATE",
        help="only recordings that were written to since then, such as 2026-11-01 or"
        " 2026-11-01T18:30 (UTC)",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def run(opts: argparse.Namespace, settings: Settings, process: Any) -> int:  # noqa: ARG001
    """Show it; 3: something leaks that is not gone, 4: too short to tell."""
    past, notes = _read(Path(opts.folder), opts.spider, _time(opts.since))
    if opts.json:
        say_json(history.as_json(past, opts.folder, notes))
    else:
        say(history.history(past, opts.folder, notes))
    if leaking(past):
        return LEAKS
    return CLEAN if any(run.extent for run in past.runs) else TOO_LITTLE


def _read(folder: Path, spider: str | None, since: float) -> tuple[Past, list[str]]:
    """Return what the recordings tell, and what is the matter with files.

    Raises `CommandError` where there is no recording.
    """
    try:
        found = recordings.found(folder, since)
    except recordings.UnreadableRecording as error:
        raise CommandError(redact.text(str(error), LONGEST)) from None
    notes = [f"{each} can't be entered" for each in found.closed]
    if found.left_out:
        notes.append(f"{found.left_out:,} older files are left out")
    causes = Causes()
    for path in found.paths:
        try:
            crawl = recordings.skim(path)
        except recordings.UnreadableRecording as error:
            notes.append(redact.text(str(error), LONGEST))
            continue
        if spider is not None and crawl.run.spider != spider:
            continue
        if (same := causes.add(crawl)) is not None:
            notes.append(f"{path} is of the same run as {same.path}")
        elif crawl.broken:
            notes.append(f"{path} has {crawl.broken:,} lines that make no sense")
    past = causes.past()
    if not past.runs:
        raise CommandError(_nothing(folder, spider, notes))
    return past, notes


def _nothing(folder: Path, spider: str | None, notes: list[str]) -> str:
    whose = "" if spider is None else f" of a spider {redact.text(spider)!r}"
    why = f" ({notes[0]})" if notes else ""
    shown = redact.text(str(folder), LONGEST)
    return (
        f"There is no recording{whose} below {shown}{why}: set LEAKWATCH_RECORD ="
        f" '{shown}/%(name)s-%(time)s.jsonl' in the settings of the crawls."
    )


def _time(given: str | None) -> float:
    if given is None:
        return 0.0
    try:
        time = datetime.fromisoformat(given)
    except ValueError:
        raise CommandError(
            f"--since {redact.text(given)!r} is no date: write it as 2026-11-01."
        ) from None
    return time.replace(tzinfo=time.tzinfo or timezone.utc).timestamp()
