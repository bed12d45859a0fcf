"""The stats of a crawl, as in ``Dumping Scrapy stats``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scrapy_leakwatch.records import SEVERITY, Explanation, effort_of, fields_of
from scrapy_leakwatch.report.sufficiency import reason

if TYPE_CHECKING:
    from scrapy_leakwatch.records import (
        Bill,
        Layers,
        Looks,
        Sample,
        TooLittle,
        Trimmed,
        Unexplained,
        Verdict,
    )

Stat = int | float | str

MOST_OWNERS = 10
"""Of a bill that have a stat."""


class StatsReport:
    """Turns samples into stats; remembers peaks and which classes it named."""

    def __init__(self) -> None:
        self._samples = 0
        self._peaks: dict[str, int] = {}
        self._named: set[str] = set()

    def of_sample(self, sample: Sample) -> dict[str, Stat]:
        """Return the stats that a sample changes, by name."""
        self._samples += 1
        stats: dict[str, Stat] = {"leakwatch/samples": self._samples}
        for gone in self._named - {live.name for live in sample.live}:
            stats[f"leakwatch/live/{gone}"] = 0
            stats[f"leakwatch/oldest_seconds/{gone}"] = 0
        for live in sample.live:
            self._named.add(live.name)
            peak = max(self._peaks.get(live.path, 0), live.count)
            self._peaks[live.path] = peak
            stats[f"leakwatch/live/{live.name}"] = live.count
            stats[f"leakwatch/peak/{live.name}"] = peak
            stats[f"leakwatch/oldest_seconds/{live.name}"] = int(live.oldest_s)
        for group in ("requests", "responses", "memory", "resources"):
            counts = getattr(sample, group)
            for name, value in fields_of(counts).items() if counts else ():
                if value is not None:
                    stats[f"leakwatch/{group}/{name}"] = value
        if sample.children is not None:
            stats["leakwatch/memory/children"] = sample.children.bytes
        return stats


def of_verdicts(
    verdicts: tuple[Verdict, ...], unwatched: TooLittle | None = None
) -> dict[str, Stat]:
    """Return the stats of the verdicts so far.

    ``unwatched`` is why it is not known that the crawl is healthy, if so.
    """
    kinds = Counter(verdict.kind for verdict in verdicts)
    worst = next((kind for kind in SEVERITY if kinds[kind]), "healthy")
    if unwatched is not None and worst in {"healthy", "recovered"}:
        worst = "unwatched"
    stats: dict[str, Stat] = {"leakwatch/verdict": worst}
    for kind, count in kinds.items():
        stats[f"leakwatch/verdicts/{kind}"] = count
    return stats


def of_looks(looks: Looks, unwatched: TooLittle | None) -> dict[str, Stat]:
    """Return the stats of looks that failed; why, where those were too many."""
    why = "" if unwatched is None else reason(unwatched)
    return {"leakwatch/failed_looks": looks.failed, "leakwatch/unwatched": why}


def of_finding(
    found: Explanation | Unexplained, verdict: Verdict | None
) -> dict[str, Stat]:
    """Return the stat that names who holds what leaks."""
    leak = verdict is not None and verdict.kind == "leak"
    if not leak or not isinstance(found, Explanation):
        return {}
    return {f"leakwatch/holder/{found.subject}": found.holder}


def of_trim(trimmed: Trimmed) -> dict[str, Stat]:
    """Return the stat of the bytes that were last given back to the system."""
    return {"leakwatch/memory/trimmed": max(trimmed.before - trimmed.after, 0)}


class OwnersReport:
    """Turns bills into stats; remembers which owners it named."""

    def __init__(self) -> None:
        self._named: set[str] = set()

    def of_bill(self, bill: Bill) -> dict[str, Stat]:
        """Return the bytes of the largest owners, 0 of one that was among them."""
        largest = sorted(bill.owners, key=lambda owner: -owner.bytes)[:MOST_OWNERS]
        stats: dict[str, Stat] = dict.fromkeys(self._named, 0)
        stats |= {f"leakwatch/owner/{owner.name}": owner.bytes for owner in largest}
        self._named |= set(stats)
        return stats


class CostReport:
    """What LeakWatch itself cost the crawl so far, each at its highest."""

    def __init__(self) -> None:
        self._highest: dict[str, float] = {}

    def of_sample(self, taken_s: float) -> dict[str, Stat]:
        """Return the stats after a sample and all that was done with it."""
        return self._rise(sample_ms_max=round(1000 * taken_s, 3))

    def of_audit(self, taken_s: float) -> dict[str, Stat]:
        """Return the stats after a look at what the crawl did not give back."""
        return self._rise(audit_ms_max=round(1000 * taken_s, 3))

    def of_finding(self, found: Explanation | Unexplained | Layers) -> dict[str, Stat]:
        """Return the stats after a look at who holds some objects."""
        effort = effort_of(found)
        return self._rise(
            stall_ms_max=round(effort.stall_ms, 3),
            explain_ms=round(effort.analysis_ms, 3),
            child_memory_bytes=effort.child_memory_bytes,
        )

    def of_bill(self, bill: Bill) -> dict[str, Stat]:
        """Return the stats after a memory bill."""
        return self._rise(
            stall_ms_max=round(bill.stall_ms, 3),
            bill_ms=round(bill.analysis_ms, 3),
            child_memory_bytes=bill.child_memory_bytes,
        )

    def _rise(self, **costs: float) -> dict[str, Stat]:
        for name, cost in costs.items():
            key = f"leakwatch/cost/{name}"
            self._highest[key] = max(cost, self._highest.get(key, cost))
        return dict(self._highest)
