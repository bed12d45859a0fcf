"""What the engines of this process own, so that the rest is someone's.

A live response is legitimate while the scraper has it, a live request while
it is queued, in progress, or belongs to a live response. trackref counts are
of the whole process, so all its engines are asked, whether or not their crawl
is watched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.http import Request, Response

from scrapy_leakwatch.internals.crawlers import is_open, open_crawlers
from scrapy_leakwatch.internals.engines import Work, work_of
from scrapy_leakwatch.internals.versions import engine_of
from scrapy_leakwatch.records import RequestLedger, ResponseLedger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy.core.engine import ExecutionEngine
    from scrapy.crawler import Crawler

    from scrapy_leakwatch.observe.live_refs import Alive


def open_engines(crawler: Crawler) -> list[ExecutionEngine]:
    """Return every engine of the process that has an open spider."""
    engines = {
        id(engine): engine
        for each in [crawler, *open_crawlers()]
        if is_open(each) and (engine := engine_of(each)) is not None
    }
    return list(engines.values())


def ledgers(
    crawler: Crawler, engines: list[ExecutionEngine], alive: list[Alive]
) -> tuple[RequestLedger, ResponseLedger]:
    """Return where the live requests and responses of the process are.

    ``engines`` are those of `open_engines`.
    """
    owned = {id(engine): work_of(engine) for engine in engines}
    own = owned.get(id(engine_of(crawler)), Work())
    requests, responses = _total(alive, Request), _total(alive, Response)
    return RequestLedger(
        live=requests,
        queued_memory=own.queued_memory,
        queued_disk=own.queued_disk,
        in_progress=own.in_progress or 0,
        # Each live response has a request that lives as long.
        unaccounted=_rest(requests - responses, owned.values()),
    ), ResponseLedger(
        live=responses,
        in_flight=own.in_flight or 0,
        unaccounted=_held(responses, owned.values()),
    )


def _rest(requests: int, engines: Iterable[Work]) -> int | None:
    for owned in engines:
        if owned.queued_memory is None or owned.in_progress is None:
            return None
        requests -= owned.queued_memory + owned.in_progress
    return max(requests, 0)


def _held(responses: int, engines: Iterable[Work]) -> int:
    """Return how many no engine has; none where one can't tell what it has."""
    for owned in engines:
        if owned.in_flight is None:
            return 0
        responses -= owned.in_flight
    return max(responses, 0)


def _total(alive: list[Alive], family: type) -> int:
    return sum(entry.number for entry in alive if issubclass(entry.cls, family))
