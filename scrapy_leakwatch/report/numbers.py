"""Keeps the numbers of a crawl up to date, in a fixed space."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation.signatures import signature
from scrapy_leakwatch.records import (
    ALARMS,
    SEVERITY,
    Bill,
    Explanation,
    LiveCount,
    Numbers,
    effort_of,
    fields_of,
)
from scrapy_leakwatch.report.sufficiency import reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.records import (
        Layers,
        Level,
        LiveClass,
        Looks,
        Sample,
        TooLittle,
        Trimmed,
        Unexplained,
        Verdict,
        Worst,
    )

MOST_CLASSES = 10
MOST_OWNERS = 10
MOST_HOLDERS = 4
"""That have a number; of holders the latest."""
LONGEST = 100
"""Bytes of a name."""


class Tally:
    """What of a crawl has a number, each at its latest."""

    def __init__(self, project: str, spider: str) -> None:
        self.numbers = Numbers(short(project), short(spider))
        self._live: dict[str, LiveCount] = {}

    def sample(self, sample: Sample) -> None:
        """Count a sample."""
        now = self.numbers
        children = sample.children and {"children": sample.children.bytes}
        self._live = _largest(self._live, sample.live)
        self.numbers = replace(
            now,
            samples=now.samples + 1,
            received=sample.received,
            live=tuple(self._live.values()),
            requests={**now.requests, **_known(sample.requests)},
            responses={**now.responses, **_known(sample.responses)},
            memory={**now.memory, **_known(sample.memory), **(children or {})},
            resources={**now.resources, **_known(sample.resources)},
        )

    def looks(self, looks: Looks, unwatched: TooLittle | None) -> None:
        """Count looks that failed, and keep why they are too many, if so."""
        why = "" if unwatched is None else reason(unwatched)
        self.numbers = replace(self.numbers, failed_looks=looks.failed, unwatched=why)

    def verdicts(
        self,
        reached: tuple[Verdict, ...],
        standing: Iterable[Verdict],
        forecast_s: float | None = None,
    ) -> None:
        """Count every verdict so far, and keep how bad those are that stand.

        Nobody knows whether a crawl is healthy that was looked at too seldom.
        """
        counts = Counter(verdict.kind for verdict in reached)
        worst: Worst = next((kind for kind in SEVERITY if counts[kind]), "healthy")
        unseen: Level = 1 if self.numbers.unwatched else 0
        if unseen and worst in {"healthy", "recovered"}:
            worst = "unwatched"
        self.numbers = replace(
            self.numbers,
            worst=worst,
            level=max((unseen, *map(_level, standing))),
            verdicts={kind: counts[kind] for kind in SEVERITY},
            forecast_s=forecast_s,
        )

    def cost(self, taken_s: float) -> None:
        """Count what a sample cost with all that was done with it."""
        costs = self.numbers.costs
        costs = replace(costs, samples_s=costs.samples_s + taken_s)
        self.numbers = replace(self.numbers, costs=costs)
        self._rise(sample_s=taken_s)

    def audited(self, taken_s: float) -> None:
        """Keep what a look at what is left of the crawl cost."""
        self._rise(audit_s=taken_s)

    def finding(
        self, found: Explanation | Unexplained | Layers, verdict: Verdict | None
    ) -> None:
        """Keep what a look cost, and who holds what leaks."""
        effort = effort_of(found)
        self._rise(
            stall_s=effort.stall_ms / 1000,
            explain_s=effort.analysis_ms / 1000,
            child_bytes=effort.child_memory_bytes,
        )
        if verdict is None or verdict.kind != "leak":
            return
        if isinstance(found, Explanation):
            name, holder = short(found.subject), short(found.holder)
            others = dict(self.numbers.holders)
            others.pop(name, None)
            latest = [*others.items(), (name, holder)][-MOST_HOLDERS:]
            self.numbers = replace(self.numbers, holders=dict(latest))

    def bill(self, bill: Bill) -> None:
        """Keep the largest owners, and what the bill cost."""
        largest = sorted(bill.owners, key=lambda owner: -owner.bytes)[:MOST_OWNERS]
        owners = {short(owner.name): owner.bytes for owner in largest}
        self.numbers = replace(self.numbers, owners=owners)
        self._rise(
            stall_s=bill.stall_ms / 1000,
            bill_s=bill.analysis_ms / 1000,
            child_bytes=bill.child_memory_bytes,
        )

    def trimmed(self, trimmed: Trimmed) -> None:
        """Keep the bytes that were last given back to the system."""
        given = max(trimmed.before - trimmed.after, 0)
        memory = {**self.numbers.memory, "trimmed": given}
        self.numbers = replace(self.numbers, memory=memory)

    def _rise(self, **costs: float) -> None:
        known = fields_of(self.numbers.costs)
        highest: dict[str, Any] = {
            name: max(cost, known[name] or 0) for name, cost in costs.items()
        }
        costs_now = replace(self.numbers.costs, **highest)
        self.numbers = replace(self.numbers, costs=costs_now)


def short(name: str) -> str:
    """Return a name of at most `LONGEST` bytes, and another one for another name."""
    encoded = name.encode(errors="replace")
    if len(encoded) <= LONGEST:
        return name
    mark = f"…{signature(name)}"
    begin = encoded[: LONGEST - len(mark.encode())]
    return begin.decode(errors="ignore") + mark


def _known(counts: object | None) -> dict[str, int]:
    if counts is None:
        return {}
    fields = fields_of(counts)
    return {name: value for name, value in fields.items() if value is not None}


def _largest(
    known: dict[str, LiveCount], live: tuple[LiveClass, ...]
) -> dict[str, LiveCount]:
    """Return the classes of which there were most, by their path, the largest first.

    One of which none is alive any more stays as long as it is among them.
    """
    counts = {
        path: replace(each, count=0, oldest_s=0.0) for path, each in known.items()
    }
    for each in live:
        before = known.get(each.path)
        peak = max(each.count, before.peak if before else 0)
        counts[each.path] = LiveCount(
            short(each.name), each.count, peak, each.oldest_s, each.ignored
        )
    ranked = sorted(counts.items(), key=lambda item: (item[1].ignored, -item[1].peak))
    return dict(ranked[:MOST_CLASSES])


def _level(verdict: Verdict) -> Level:
    if verdict.suppressed or verdict.kind == "recovered":
        return 0
    return 2 if verdict.kind in ALARMS else 1
