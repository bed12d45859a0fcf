"""The lines for the log, in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.report import amounts
from scrapy_leakwatch.report.sufficiency import outcome, reason

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Room, Sample, TooLittle, Trimmed, Verdict


def live_table(sample: Sample) -> str:
    """Return what ``prefs(ignore=...)`` prints, without the ignored classes."""
    rows = [
        f"{live.name:<30} {live.count:6}   oldest: {int(live.oldest_s)}s ago\n"
        for live in sample.live
        if not live.ignored
    ]
    return "Live References\n\n" + "".join(rows) + _children(sample, "\n{}\n")


def status(
    sample: Sample,
    verdicts: tuple[Verdict, ...],
    unwatched: TooLittle | None = None,
) -> str:
    """Return the table, the ledger and the verdicts of a running crawl."""
    told = [f"{verdict.kind:<12} {verdict.message}" for verdict in verdicts]
    if unwatched is not None:
        told.append(f"unwatched    {reason(unwatched)}")
    return "\n".join(
        [
            live_table(sample),
            ledger(sample),
            "",
            *(told or ["healthy      no leak so far"]),
        ]
    )


def ledger(sample: Sample) -> str:
    """Return where the live requests and responses are, and the memory."""
    requests, responses = sample.requests, sample.responses
    on_disk = requests.queued_disk
    more = "" if on_disk is None else f" ({on_disk:,} more on disk)"
    return "\n".join(
        [
            f"Requests   {requests.live:,} alive:"
            f" {_count(requests.queued_memory)} queued in memory{more},"
            f" {requests.in_progress:,} in progress,"
            f" {_count(requests.unaccounted)} not accounted for",
            f"Responses  {responses.live:,} alive:"
            f" {responses.in_flight:,} in the scraper,"
            f" {responses.unaccounted:,} not accounted for",
            f"Memory     {sample.memory.rss / 1e6:,.1f} MB resident,"
            f" at most {sample.memory.rss_peak / 1e6:,.1f} MB;"
            f" {sample.memory.python_blocks:,} blocks of Python"
            + _children(sample, "\n{}"),
        ]
    )


def _children(sample: Sample, line: str) -> str:
    """Return the line on the child processes, nothing where there are none."""
    children = sample.children
    if children is None or not children.count:
        return ""
    programs = [
        f"{each.count:,} {each.name} ({each.bytes / 1e6:,.1f} MB)"
        for each in children.programs
    ]
    total = f"{children.bytes / 1e6:,.1f} MB in child processes"
    return line.format(f"Children   {total}: {', '.join(programs)}")


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def near_limit(room: Room) -> str:
    """Return that most of what the system allows is in use."""
    most = amounts.limit(room.limit, room.of)
    return f"LeakWatch: {room.used:,} of at most {most} are in use"


def unwatched(why: TooLittle) -> str:
    """Return that nothing is known of a crawl that has ended."""
    return f"LeakWatch does not know whether this crawl leaks. {outcome(why)}"


def of_trim(trimmed: Trimmed) -> str:
    """Return what giving memory back has brought."""
    if trimmed.reason:
        return f"LeakWatch gave no memory back: {trimmed.reason}"
    back = (trimmed.before - trimmed.after) / 1e6
    return (
        f"LeakWatch gave {back:,.0f} MB back to the system:"
        f" {trimmed.before / 1e6:,.0f} MB resident before,"
        f" {trimmed.after / 1e6:,.0f} MB now; the crawl paused"
        f" {1000 * trimmed.took_s:,.0f} ms"
    )


def at_limit(used: int, children: int, limit: int) -> str:
    """Return that memory is at LEAKWATCH_RSS_LIMIT_MB, in bytes, and what is done."""
    beside = f", {amounts.size(children)} of it in child processes" if children else ""
    return (
        f"memory is at {amounts.size(used)}{beside}: LEAKWATCH_RSS_LIMIT_MB is"
        f" {amounts.limit(limit, 'memory')}. LeakWatch says where it is, and closes the"
        " spider"
    )


def no_limit() -> str:
    """Return that ``auto`` has nothing to go by."""
    return (
        "LEAKWATCH_RSS_LIMIT_MB is 'auto', and this process is in no container with a"
        " limit of memory: there is none for the crawl; give megabytes"
    )
