"""Writes numbers for people: counts, bytes, and times."""

from __future__ import annotations

from datetime import datetime, timezone

MINUTE, HOUR, DAY = 60, 3600, 86400
MEGABYTE, GIGABYTE = 1e6, 1e9
MEBIBYTE = 1024 * 1024


def count(number: float | None) -> str:
    """Return a number as in ``12,345``."""
    return "unknown" if number is None else f"{number:,.0f}"


def size(number: float | None) -> str:
    """Return bytes as in ``25.9 kB``, ``81.3 MB`` or ``2.15 GB``."""
    if number is None:
        return "unknown"
    if number >= GIGABYTE:
        return f"{number / GIGABYTE:,.2f} GB"
    if number >= MEGABYTE:
        return f"{number / MEGABYTE:,.1f} MB"
    return f"{number / 1e3:,.1f} kB"


def limit(number: int, of: str) -> str:
    """Return a limit: bytes of ``memory``, or how many there may be of the rest."""
    if of == "descriptors":
        return f"{number:,} open files and sockets (ulimit -n)"
    if of == "pids":
        return f"{number:,} threads and processes"
    if of == "pages":
        return f"{number:,} pages in a context (PLAYWRIGHT_MAX_PAGES_PER_CONTEXT)"
    return f"{size(number)} ({number / MEBIBYTE:,.0f} MiB)"


def change(number: float) -> str:
    """Return by how many bytes something differs, as in ``+81.3 MB``."""
    shown = size(abs(number))
    if shown == size(0):
        return "0"
    return f"{'+' if number > 0 else '-'}{shown}"


def span(seconds: float) -> str:
    """Return a duration as in ``42 s``, ``4 min 25 s`` or ``2 d 7 h``."""
    whole = int(max(seconds, 0))
    for unit, name, below, part in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // below
            return f"{whole // unit} {name}{f' {rest} {part}' if rest else ''}"
    return f"{whole} s"


def moment(seconds: float) -> str:
    """Return a time of the epoch in the zone of this machine."""
    return local(seconds).strftime("%Y-%m-%d %H:%M:%S %z").strip()


def local(seconds: float) -> datetime:
    """Return a time of the epoch in the zone of this machine."""
    try:
        return datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, ValueError, OSError):
        return datetime(1970, 1, 1, tzinfo=timezone.utc)


def rate(number: float) -> str:
    """Return so many a minute."""
    return f"{number:,.1f}"


def milliseconds(number: float) -> str:
    """Return milliseconds as in ``0.21 ms``."""
    return f"{number:,.2f} ms"


IN_UNITS = {"count": count, "bytes": size, "rate": rate, "ms": milliseconds}
"""By the unit of a chart: how its values are written."""
