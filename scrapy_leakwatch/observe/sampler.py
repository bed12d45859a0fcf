"""Takes a sample of the process."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy import Spider
from scrapy.http import Request, Response
from scrapy.selector import Selector

from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.foundation import clock, collector
from scrapy_leakwatch.internals.versions import is_starting, trackref_now
from scrapy_leakwatch.observe import ledger, live_refs, origin
from scrapy_leakwatch.observe.browsers import Browsers
from scrapy_leakwatch.observe.census.containers import Census
from scrapy_leakwatch.observe.children import ChildrenGauge
from scrapy_leakwatch.observe.full_collections import FullCollections
from scrapy_leakwatch.observe.limits import limits
from scrapy_leakwatch.observe.memory import MemoryGauge
from scrapy_leakwatch.observe.progress import ProgressGauge
from scrapy_leakwatch.observe.received import ReceivedResponses
from scrapy_leakwatch.observe.resource_counts import ResourceGauge
from scrapy_leakwatch.observe.tracking import unwatch_all, watch_all
from scrapy_leakwatch.records import REQUESTS, RESPONSES, Floor, Sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.observe.live_refs import Alive
    from scrapy_leakwatch.records import (
        Collector,
        Held,
        LiveClass,
        Oldest,
        RequestLedger,
        ResponseLedger,
    )


class Sampler:
    """What one crawl observes from open to close.

    ``guard`` runs what is called inside the garbage collector, where nothing
    may raise.
    """

    def __init__(
        self,
        crawler: Crawler,
        config: Config,
        guard: Callable[[Callable[[], Floor]], Floor | None],
    ) -> None:
        self._crawler = crawler
        self._config = config
        self._memory = MemoryGauge()
        self._limits = limits(crawler.settings, own_mb=config.rss_limit_mb)
        self._children = ChildrenGauge() if config.children else None
        self._census = Census(crawler, config.min_objects)
        self._received = ReceivedResponses(crawler)
        self._progress = ProgressGauge(crawler)
        self._resources = ResourceGauge()
        self._browsers = Browsers(crawler)
        self._collections = FullCollections(lambda: guard(self.floor))
        self._opened = time.monotonic()
        self._opened_stamp = trackref_now()
        watch_all(config.track)
        self._collections.start()

    def stop(self) -> None:
        """Leave the process as it was before."""
        self._collections.stop()
        self._browsers.stop()
        self._received.stop()
        unwatch_all(self._config.track)

    def sample(self) -> Sample:
        """Look at the process: 0.3 ms, whatever is alive; more with many children."""
        begun = time.perf_counter()
        alive = live_refs.alive()
        records = live_refs.as_records(alive, self._config.ignore)
        engines = ledger.open_engines(self._crawler)
        requests, responses = ledger.ledgers(self._crawler, engines, alive)
        held = _held(alive, requests, responses)
        containers = self._census.take()
        memory = self._memory.read()
        children = self._children.read() if self._children is not None else None
        beside = children.bytes if children is not None else 0
        received = self._received.count()
        resources, limits = self._resources.read(), self._resources.limits()
        if (found := self._browsers.count()) is not None:
            resources = replace(resources, pages=found.pages, contexts=found.contexts)
            limits = replace(limits, pages=found.most, pages_free=found.free)
        return Sample(
            time=clock.now(),
            elapsed_s=time.monotonic() - self._opened,
            received=received,
            live=records,
            requests=requests,
            responses=responses,
            memory=memory,
            memory_limit=self._limits.nearest(memory.rss, beside),
            held=held,
            floors=self._collections.drain(),
            oldest=self._oldest(held, alive, records, len(engines)),
            cost_s=time.perf_counter() - begun,
            containers=containers,
            collector=_collector(),
            starting=is_starting(self._crawler),
            children=children,
            container_limit=self._limits.container,
            progress=self._progress.read(received),
            resources=resources,
            limits=limits,
        )

    def container(self, name: str) -> tuple[Any, ...] | None:
        """Return a container of the last sample, as `Census.container` does."""
        return self._census.container(name)

    def lineage(self, program: str) -> frozenset[int]:
        """Return the child processes of a program, and those they come from."""
        return self._children.lineage(program) if self._children else frozenset()

    def in_scraper(self, most: int) -> tuple[Any, ...]:
        """Return what is longest in the scraper, up to so many requests."""
        return self._progress.oldest(most)

    def floor(self) -> Floor:
        """Return what no engine owns now; called right after a collection."""
        self._memory.count_blocks()
        alive = live_refs.alive()
        engines = ledger.open_engines(self._crawler)
        held = _held(alive, *ledger.ledgers(self._crawler, engines, alive))
        return Floor(time=clock.now(), received=self._received.count(), held=held)

    def _oldest(
        self,
        held: Held,
        alive: list[Alive],
        records: tuple[LiveClass, ...],
        crawls: int,
    ) -> dict[str, Oldest]:
        """Return the oldest of all that is not too small to be judged."""
        judged = {
            subject: _class_of(subject, alive)
            for subject, count in held.items()
            if count >= self._config.min_objects
        }
        return {
            subject: replace(
                live_refs.oldest_of(largest, records),
                own_share=origin.share_of(
                    self._crawler.spider, largest.cls, self._opened_stamp, crawls
                ),
            )
            for subject, largest in judged.items()
        }


def _collector() -> Collector:
    if not gc.isenabled():
        return "off"
    return "increments" if collector.in_increments() else "full"


def _held(
    alive: list[Alive], requests: RequestLedger, responses: ResponseLedger
) -> dict[str, int]:
    held = {RESPONSES: responses.unaccounted}
    if requests.unaccounted is not None:
        held[REQUESTS] = requests.unaccounted
    for entry in alive:
        if not issubclass(entry.cls, (Request, Response, Spider)):
            # A live response has a selector of its own.
            own = responses.live if issubclass(entry.cls, Selector) else 0
            held[class_path(entry.cls)] = max(entry.number - own, 0)
    return held


def _class_of(subject: str, alive: list[Alive]) -> Alive:
    """Return the class behind a key of `Held`, the largest of a family."""
    family = {RESPONSES: Response, REQUESTS: Request}.get(subject)
    if family is None:
        return next(entry for entry in alive if class_path(entry.cls) == subject)
    members = [entry for entry in alive if issubclass(entry.cls, family)]
    return max(members, key=lambda entry: entry.number)
