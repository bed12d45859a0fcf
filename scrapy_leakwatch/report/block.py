"""The block in the log that says who holds what leaks, its price and the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Explanation
from scrapy_leakwatch.report import known
from scrapy_leakwatch.report.amounts import limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Share, Unexplained, Verdict

MARGIN = " " * 12
LONGEST_PATH = 4
MEGABYTE = 1024 * 1024
MINUTE, HOUR, DAY = 60, 3600, 86400


def block(verdict: Verdict, found: object) -> str:
    """Return the verdict's lines, as many as there is to say."""
    if not isinstance(found, Explanation) or not verdict.signature:
        return "\n".join(_short(verdict))
    lines = [verdict.message]
    if verdict.kind == "children":
        return "\n".join([*lines, *_limit_row(verdict), *_taken(found, "started")])
    if verdict.kind == "unreleased" and not found.counts.examined:
        return "\n".join([*lines, *_taken(found, "taken at"), *_limit_row(verdict)])
    if verdict.kind in {"leak", "unreleased"}:
        lines += [*_holders(found), *_way(found)]
    else:
        lines += [_row("owner", _owner(found)), _row("contents", found.contents)]
    lines += _line(found)
    oldest = f"   oldest {verdict.example_url}" if verdict.example_url else ""
    if verdict.kind != "unreleased":  # a crawler's price is not its own
        lines.append(_row("costs", _price(verdict, found)))
    if verdict.limit_of != "memory":
        lines += _limit_row(verdict)
    lines += [
        _row("fix", found.fix),
        *_known(found),
        _row("signature", f"{found.signature}{oldest}"),
        _row("looked", _effort(found)),
    ]
    return "\n".join(lines)


def _taken(found: Explanation, deed: str) -> Iterator[str]:
    kept = f", in {found.expression}" if found.expression else ""
    yield _row("owner", f"{_owner(found)}{kept}")
    if found.location is not None:
        where = f"likely {found.location}" if found.likely else found.location
        yield _row(deed, f"{where}  {found.code or ''}".rstrip())
    yield _row("fix", found.fix)
    yield _row("signature", found.signature)


def _short(verdict: Verdict) -> Iterator[str]:
    oldest = verdict.example_url if verdict.kind == "leak" else ""
    yield f"{verdict.message}; the oldest is {oldest}" if oldest else verdict.message
    if verdict.kind in {"children", "unreleased"}:
        yield from _limit_row(verdict)
    if verdict.remedy:
        yield _row("remedy", verdict.remedy)
    if verdict.caveat:
        yield _row("caveat", verdict.caveat)


def explanation(found: Explanation) -> str:
    """Return who holds the objects, for one who asked."""
    lines = [f"{found.subject}, {found.counts.examined:,} {_examined(found)}"]
    lines += [*_holders(found), *_way(found), *_line(found)]
    lines += [
        _row("costs", _bytes_of(found)),
        _row("fix", found.fix),
        *_known(found),
        _row("looked", _effort(found)),
    ]
    return "\n".join(lines)


def unexplained(found: Unexplained) -> str:
    """Return why there is no explanation, for one who asked."""
    examined = found.counts.examined
    if not examined:
        return f"{found.subject}: who holds them is not known: {found.reason}"
    return f"{found.subject}: nobody to blame, {examined:,} are {found.reason}"


def _holders(found: Explanation) -> Iterator[str]:
    held = found.counts.held
    chain = "; each holds the one before, a chain" if "chain" in found.traits else ""
    count = f"{held:,} of {found.counts.examined:,}"
    if "direct" in found.traits:
        count += f" {_examined(found)}"
    yield _row("held by", f"{found.holder}  ({count}{chain})")
    yield _row("owner", _owner(found))
    if found.victims:
        yield _row("with them", ", ".join(found.victims))
    for other in found.others:
        yield _row("also", _other(other, found.counts.examined))
    rest = [
        f"{count:,} {what}"
        for count, what in (
            (found.counts.in_flight, "in flight"),
            (found.counts.garbage, "garbage"),
            (found.counts.unknown, "held in an unknown way"),
        )
        if count
    ]
    if rest:
        yield _row("rest", ", ".join(rest))


def _examined(found: Explanation) -> str:
    return "requests looked at" if "direct" in found.traits else "examined"


def _owner(found: Explanation) -> str:
    return f"{found.owner}{'  (not your code)' if found.origin == 'library' else ''}"


def _other(other: Share, examined: int) -> str:
    where = f", {other.location}" if other.location else ""
    return f"{other.holder}  ({other.held:,} of {examined:,}), {other.owner}{where}"


def _way(found: Explanation) -> Iterator[str]:
    if found.path:
        path = _path(found)
        yield _row("path", path)
        mark = path.rfind(found.holder)
        if mark >= 0:
            yield f"{MARGIN}{' ' * mark}{'~' * len(found.holder)}"


def _line(found: Explanation) -> Iterator[str]:
    if found.location is not None:
        where = f"likely {found.location}" if found.likely else found.location
        yield _row("put there", f"{where}  {found.code or ''}".rstrip())


def whole_path(found: Explanation) -> str:
    """Return each step of the way from a root to what is held."""
    return " → ".join(_steps(found))


def _steps(found: Explanation) -> list[str]:
    return [f"{step.node}{step.edge}" for step in found.path]


def _known(found: Explanation) -> Iterator[str]:
    if upstream := known.said(found.known):
        yield _row("known", upstream)


def _path(found: Explanation) -> str:
    steps = _steps(found)
    if len(steps) <= LONGEST_PATH:
        return " → ".join(steps)
    return f"{found.path[0].node} … {' → '.join(steps[1 - LONGEST_PATH :])}"


def _price(verdict: Verdict, found: Explanation) -> str:
    in_time = _limit(verdict)
    return "; ".join([_bytes_of(found), *([in_time] if in_time else ())])


def _limit(verdict: Verdict) -> str:
    if verdict.limit is None or verdict.limit_in_s is None:
        return ""
    most = limit(verdict.limit, verdict.limit_of)
    if verdict.limit_of == "memory":
        most = f"{verdict.limit / MEGABYTE:,.0f} MB limit"
    return f"{most} in about {_span(verdict.limit_in_s)}"


def _limit_row(verdict: Verdict) -> Iterator[str]:
    if in_time := _limit(verdict):
        yield _row("forecast", in_time)


def _bytes_of(found: Explanation) -> str:
    total = f"{found.price.retained_bytes_total / 1e6:,.1f} MB"
    each = f"{found.price.retained_bytes_each / 1e3:,.1f} kB each"
    if not found.price.tree_bytes:
        return f"{total} ({each})"
    tree = f"{found.price.tree_bytes / 1e3:,.1f} kB of it in parsed trees"
    return f"{total} ({each}, {tree})"


def _effort(found: Explanation) -> str:
    paused = f"the crawl paused {found.effort.stall_ms:,.0f} ms"
    if "direct" in found.traits:
        return f"{paused}; no fork here, so only at what live requests carry"
    return (
        f"{paused}; a child process looked {found.effort.analysis_ms / 1e3:,.1f} s"
        f" and took {found.effort.child_memory_bytes / 1e6:,.1f} MB"
    )


def _span(seconds: float) -> str:
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:,.0f} {name}"
    return "a minute"


def _row(name: str, text: str) -> str:
    return f"  {name:<9} {text}"
