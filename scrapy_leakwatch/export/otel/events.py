"""A verdict as an event of OpenTelemetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.export.otel.instruments import PREFIX, PROJECT, SPIDER
from scrapy_leakwatch.records import ALARMS, Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy_leakwatch.records import Verdict

NAME = f"{PREFIX}.verdict"


@dataclass(frozen=True, slots=True)
class Event:
    """What is told once; an ``alarm`` is what somebody must act on."""

    body: str
    attributes: Mapping[str, str | int | float]
    alarm: bool


def of_verdict(project: str, verdict: Verdict, found: object) -> Event:
    """Return a verdict, with what a look found, as far as it is known."""
    said: dict[str, Any] = {
        PROJECT: project,
        SPIDER: verdict.spider,
        f"{PREFIX}.kind": verdict.kind,
        f"{PREFIX}.subject": verdict.subject,
        f"{PREFIX}.confidence": verdict.confidence,
        f"{PREFIX}.signature": verdict.signature,
        f"{PREFIX}.owner": verdict.owner,
        f"{PREFIX}.holder": verdict.holder,
        f"{PREFIX}.bytes": verdict.bytes,
        f"{PREFIX}.forecast": verdict.limit_in_s,
        f"{PREFIX}.fix": verdict.remedy,
    }
    if isinstance(found, Explanation):
        file, _, line = (found.location or "").rpartition(":")
        said |= {
            f"{PREFIX}.bytes": verdict.bytes or found.price.retained_bytes_total,
            f"{PREFIX}.fix": found.fix,
            "code.file.path": file,
            "code.line.number": int(line) if line.isdecimal() else None,
        }
    known = {name: value for name, value in said.items() if value}
    return Event(verdict.message, known, verdict.kind in ALARMS)
