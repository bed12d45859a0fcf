"""The words on how much more stays of the responses than in an earlier crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.report.amounts import change, size

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Rates


def changed(before: Rates, after: Rates, more: Rates) -> str:
    """Say what stays per 1,000 responses, before and now, of what has increased."""
    said = []
    if more.objects:
        said.append(f"{after.objects:,.0f} objects, {before.objects:,.0f} before")
    if more.bytes:
        said.append(
            f"{size(after.bytes)} of memory, {size(before.bytes)} before"
            f" ({change(more.bytes)})"
        )
    return (
        f"More stays per 1,000 responses than in the last good run: {'; '.join(said)}"
        f" (seen over {after.responses:,} responses)"
    )
