"""Healthy crawls, most of which look like a leak to somebody who only counts."""

from __future__ import annotations

from typing import Any

from tests.zoo.truth import SELECT, Row

SCRAPY_2_19 = "scrapy.extensions.remote_control"
"""A module that older Scrapys do not have; nor have they queues in SQLite."""
GARBAGE = frozenset({"garbage", "recovered"})
"""With few objects, what is dead is soon told, and withdrawn when it was collected."""
BACKLOG = frozenset({"backlog", "recovered"})
QUEUED = "requests.queued_memory"
ANIMALS = "tests.zoo.animals"
FIFO = {
    "DEPTH_PRIORITY": 1,
    "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
}


def _of(module: str, cls: str, story: str, *more: str, **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    spiders = tuple(f"{ANIMALS}.{module}.{each}" for each in (cls, *more))
    return Row(name=name, story=story, spiders=spiders, **fields)


FRONTIERS = (
    _of(
        "frontiers",
        "StartBurst",
        "starts with 30,000 requests",
        also=BACKLOG,
        settings={"CLOSESPIDER_TIMEOUT": 9},
        reaches=((QUEUED, 20_000),),
    ),
    _of(
        "frontiers",
        "CallbackBurst",
        "one page has 5,000 links",
        also=BACKLOG,
        reactor=SELECT,
        reaches=((QUEUED, 1000),),
    ),
    _of(
        "frontiers",
        "BreadthFirst",
        "goes breadth first, and each page has two new links",
        also=BACKLOG,
        settings=FIFO,
    ),
    _of(
        "frontiers",
        "DepthFirst",
        "goes depth first, and each page has ten new links",
        also=BACKLOG,
        reactor=SELECT,
        reaches=((QUEUED, 1000),),
    ),
    _of(
        "frontiers",
        "OnDisk",
        "has a JOBDIR: 3,000 requests wait on disk",
        settings={"JOBDIR": "job"},
        reaches=(("requests.queued_disk", 1000),),
    ),
    Row(
        name="in_sqlite",
        story="breadth first, ten new links on each page, and they wait in SQLite",
        spiders=(f"{ANIMALS}.kinds.TooManyLinks",),
        settings={
            "DEPTH_PRIORITY": 1,
            "JOBDIR": "job",
            "LEAKWATCH_MIN_OBJECTS": 30,
            "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoSQLiteQueue",
            "SCHEDULER_START_DISK_QUEUE": "scrapy.squeues.PickleFifoSQLiteQueue",
        },
        also=GARBAGE,
        reactor=SELECT,
        reaches=(("requests.queued_disk", 500),),
        needs=(SCRAPY_2_19,),
    ),
    _of(
        "frontiers",
        "ManyDomains",
        "each page is on a domain of its own, each with a cookie and a robots.txt",
        also=BACKLOG,
        settings={
            "DNS_RESOLVER": f"{ANIMALS}.resolver.LoopbackResolver",
            "ROBOTSTXT_OBEY": True,
        },
    ),
    _of(
        "frontiers",
        "FirstOfTwo",
        "two crawls, one after the other, in the same process",
        "SecondOfTwo",
        reactor=SELECT,
        least_received=300,
    ),
    _of(
        "frontiers", "HalfFilled", "half-filled items travel in cb_kwargs", also=BACKLOG
    ),
    _of("frontiers", "Ruled", "a CrawlSpider with two rules", also=BACKLOG),
)
PACE = (
    _of(
        "pace",
        "SlowDownloads",
        "200 downloads at once, each takes long",
        settings={"CONCURRENT_REQUESTS": 200, "CONCURRENT_REQUESTS_PER_DOMAIN": 200},
        reaches=(("requests.in_progress", 150),),
    ),
    _of(
        "pace",
        "SlowPipeline",
        "each item takes two seconds to store, and its page waits",
        settings={"ITEM_PIPELINES": {f"{ANIMALS}.pace.SlowlyStoring": 1}},
        reactor=SELECT,
        reaches=(("responses.in_flight", 80),),
    ),
    _of(
        "pace",
        "OverloadedPipeline",
        "a pipeline stores fewer items than come",
        settings={
            "ITEM_PIPELINES": {f"{ANIMALS}.pace.OneAtATime": 1},
            "CLOSESPIDER_TIMEOUT": 4,
        },
        reaches=(("responses.in_flight", 80),),
    ),
    _of(
        "pace",
        "BigBodies",
        "bodies of 1.5 MB: the scraper holds the downloader back",
        reactor=SELECT,
        least_received=40,
    ),
    _of(
        "pace",
        "RetryStorm",
        "three requests of four fail and are tried again",
        settings={"RETRY_TIMES": 20},
        least_received=40,
    ),
    _of(
        "pace",
        "Throttled",
        "AutoThrottle with long delays: 2,000 requests grow old",
        also=BACKLOG,
        settings={"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.5},
        reactor=SELECT,
        reaches=((QUEUED, 1900),),
        least_received=5,
    ),
    _of(
        "pace",
        "FillsTheCache",
        "fills the HTTP cache, then replays it",
        "ReplaysTheCache",
        settings={"HTTPCACHE_ENABLED": True, "HTTPCACHE_DIR": "cache"},
    ),
    _of(
        "pace",
        "DownloadsInline",
        "the callback downloads one more page itself",
        reactor=SELECT,
    ),
    _of(
        "pace",
        "PatientCallbacks",
        "each callback waits for 1.5 seconds",
        reaches=(("responses.in_flight", 80),),
    ),
    _of(
        "pace",
        "ShortTimers",
        "each page is looked at again a second later",
        reactor=SELECT,
        reaches=(("responses.unaccounted", 60),),
    ),
    _of("pace", "Redirected", "each page redirects five times", least_received=30),
    _of(
        "pace",
        "Failing",
        "each page is missing or its connection lost; errbacks look at it",
        settings={"RETRY_TIMES": 1},
        reactor=SELECT,
    ),
    _of(
        "pace",
        "Polite",
        "robots.txt forbids every third page",
        settings={"ROBOTSTXT_OBEY": True},
    ),
)
KEEPING = (
    _of("keeping", "BoundedDeque", "a deque with a maxlen of 450 pages",
        reaches=(("responses.unaccounted", 250),)),
    _of("keeping", "BoundedCache", "an lru_cache with a maxsize of 450 pages",
        reactor=SELECT, reaches=(("responses.unaccounted", 250),)),
    _of("keeping", "Shelves", "a dict has the latest page of each of 120 shelves"),
    _of("keeping", "EvictsByHand", "a dict from which all but 120 pages are removed",
        reactor=SELECT),
    _of("keeping", "FlushedItems", "a pipeline keeps up to 500 items, then writes them",
        settings={"ITEM_PIPELINES": {f"{ANIMALS}.keeping.Flushing": 1}}),
    _of("keeping", "FlushedPages", "a list keeps up to 150 pages, then is cleared",
        reactor=SELECT),
    _of("keeping", "WarmUp", "the first 130 pages are kept, and no more"),
    _of("keeping", "GcFrozen", "gc.freeze() is called again and again", reactor=SELECT),
    _of("keeping", "GcRare", "the collector runs rarely, and pages die in cycles",
        also=frozenset({"garbage"})),
    _of("keeping", "GcInIncrements", "pages die in cycles, and no collection is full"),
    _of("keeping", "BigBodiesFreed", "40 pages of 2 MB, then small ones",
        also=frozenset({"fragmentation"}), reactor=SELECT),
    _of("keeping", "LoadedAtStart", "a table of 200,000 prices from the start"),
    _of("keeping", "ClearedSet", "a set of words, cleared at 2,000", reactor=SELECT),
    _of("keeping", "WeakCache", "a WeakValueDictionary of all pages"),
    _of("leaks", "FewKeptByThreads", "each thread of a pool keeps its last four pages"),
)  # fmt: skip

HEALTHY = (*FRONTIERS, *PACE, *KEEPING)
