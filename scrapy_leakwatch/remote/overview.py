"""How a running crawl is, for who looks at all of them.

The crawl is not attached to, and where it has no LeakWatch none is imported there.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.internals.versions import local_stats

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

LEAKWATCH = "scrapy_leakwatch.extension"


def overview(crawler: Crawler, stash: dict[str, Any]) -> str:
    """Return the ``responses`` so far, and what `attached.verdicts` says, as JSON.

    The one or the other is ``null`` where nobody knows. ``stash`` is what those who
    look at this crawl have in common.
    """
    found = "null"
    if LEAKWATCH in sys.modules:
        from scrapy_leakwatch.remote import attached  # noqa: PLC0415

        found = attached.verdicts(crawler, stash)
    return f'{{"responses": {json.dumps(_received(crawler))}, "verdicts": {found}}}'


def _received(crawler: Crawler) -> int | None:
    stats = crawler.stats
    if stats is None or not local_stats(stats):
        return None
    count = stats.get_value("response_received_count", 0)
    return count if type(count) is int else None
