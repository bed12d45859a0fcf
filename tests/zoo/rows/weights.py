"""Crawls that keep little by number and much by weight, and twins that do it right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import ASYNCIO, HEALTHY, SELECT, Named, Row

ROOT = Path(__file__).parents[3]
FOLDER = "tests/zoo/animals"
ANIMALS = "tests.zoo.animals"
LONGER = {"CLOSESPIDER_TIMEOUT": 9}
SHORTER = {"CLOSESPIDER_TIMEOUT": 4, "LEAKWATCH_INTERVAL": 0.25}
"""Where nothing is to be told: so many samples are enough."""
POOLED = frozenset({"unreleased"})
"""A thread of a pool may still be at work when the crawl closes."""


def _pipelines(*paths: str) -> dict[str, Any]:
    return {
        "ITEM_PIPELINES": {
            f"{ANIMALS}.{path}": number for number, path in enumerate(paths)
        }
    }


def _row(path: str, story: str, *named: Named, **fields: Any) -> Row:
    """Return the row of a class of animals, ``module.Class``."""
    cls = path.partition(".")[2]
    fields = {
        "truth": "hoard" if named else HEALTHY,
        "spiders": (f"{ANIMALS}.{path}",),
        "least_received": 80,
        **fields,
    }
    if fields["truth"] == HEALTHY:
        fields["settings"] = {**SHORTER, **fields.get("settings", {})}
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return Row(name=name, story=story, named=named, **fields)


def _named(module: str, mark: str | None, *words: str, known: str = "") -> Named:
    line = mark and place_of(mark, ROOT, f"{FOLDER}/{module}.py")
    return Named(words, line, known)


WEIGHTS = (
    _row(
        "weights.GrowingBuffers",
        "a BytesIO and a bytearray to which each page is added",
        _named("weights", "growing_bytesio", "Uploading.buffer"),
        _named("weights", "growing_bytearray", "spider.raw"),
        settings=_pipelines("weights.Uploading"),
    ),
    _row(
        "weights.GrowingText",
        "a str and an array to which each page is added",
        _named("weights", "growing_str", "spider.report"),
        _named("weights", "growing_array", "spider.lengths"),
        reactor=SELECT,
    ),
    _row(
        "weights.TidyBuffers",
        "a buffer, a text and an array that are begun anew, and a database on disk",
        settings=_pipelines("weights.UploadingInParts", "weights.StoringOnDisk"),
        reactor=SELECT,
    ),
    _row(
        "weights.FewLargeOnes",
        "40 images of 1 MB in a list, and 120 documents of 300 kB in a dict",
        _named("weights", "few_large_list", "spider.images"),
        _named("weights", "few_large_dict", "spider.documents"),
    ),
    _row(
        "weights.TooLargeCache",
        "a cache whose bound is more than there is memory for",
        _named("weights", "too_large_cache", "spider.latest"),
        settings={"MEMUSAGE_LIMIT_MB": 2000},
    ),
    _row(
        "weights.RoomyCache",
        "a cache that memory has room for, and that fills up",
        settings={"MEMUSAGE_LIMIT_MB": 2000},
    ),
    _row(
        "weights.EmptiedSlowly",
        "a dict that loses one page of three, a full cache of texts that grow",
        _named("weights", "emptied_slowly", "spider.pending"),
        _named("weights", "growing_entries", "spider.notes"),
    ),
    _row(
        "weights.EmptiedInTime",
        "a dict from which as many are removed, a full cache, 600 small texts",
        reactor=SELECT,
    ),
)
PARSED = (
    _row(
        "parsed.OwnNames",
        "pages whose tags and attributes have names of their own, which lxml keeps",
        _named("parsed", None, "lxml's dictionary of names"),
        reactor=SELECT,
    ),
    _row("parsed.SharedNames", "pages of as many elements, with the same names"),
)
OUTSIDE = (
    _row(
        "outside.KeepsStreams",
        "a compressor for each page, and a protobuf message that each is added to",
        _named("outside", "kept_streams", "spider.streams"),
        _named("outside", None, "Gathering.rows"),
        settings=_pipelines("outside.Gathering"),
        needs=("google.protobuf",),
    ),
    _row(
        "outside.EndsStreams",
        "compressors that are ended, and a message for every ten pages",
        settings=_pipelines("outside.Sending"),
        needs=("google.protobuf",),
    ),
)
STRUCTURES = (
    _row(
        "structures.DeepStructures",
        "a linked list, a trie, and a list behind six attributes",
        _named("structures", "linked_list", "spider.first|spider.last|Node"),
        _named("structures", "trie", "spider.words"),
        _named(
            "structures",
            "deep_attributes",
            "spider.catalogue",
            "shop.floor.shelf.box.found",
        ),
        needs=("fakeredis",),
    ),
    _row(
        "structures.Unflushed",
        "a table of a library and a pipeline of Redis, never flushed, and an SQLite"
        " database in memory",
        _named("structures", "table", "TablePipeline.table"),
        _named("structures", "redis", "RedisPipeline.batch"),
        _named("weights", "in_memory_database", "Storing.database"),
        settings={
            **_pipelines(
                "structures.TablePipeline",
                "structures.RedisPipeline",
                "weights.Storing",
            ),
            **LONGER,
        },
        reactor=SELECT,
        needs=("fakeredis",),
    ),
    _row(
        "structures.TidyStructures",
        "a list, a trie and a tree begun anew, a table and Redis that are flushed, a"
        " class for each page, which has it as an attribute, and is let go of",
        also=frozenset({"garbage", "recovered"}),
        settings=_pipelines("structures.FlushedTable", "structures.ExecutedRedis"),
        needs=("fakeredis",),
    ),
)
REGISTRIES = (
    _row(
        "registries.LoggerForEach",
        "a logger for each page, with a long name",
        _named("registries", "logger_for_each", "logging"),
        reactor=SELECT,
    ),
    _row(
        "registries.Warned",
        "a warning and a metric for each page: Python and a library keep the texts",
        _named(
            "registries",
            "warned",
            "__warningregistry__",
            known="python-warning-registry",
        ),
        _named("registries", "counted", "shelf_library.REGISTRY"),
    ),
    _row(
        "registries.StatsForEach",
        "150 stats for each page",
        _named("registries", "stats_for_each", "StatsCollector"),
        settings={"STATS_DUMP": False},
        reactor=SELECT,
    ),
    _row(
        "registries.TidyRegistries",
        "the same logger, warning, metric and stat for all pages, and ten cookie jars",
    ),
)
EXITS = (
    _row(
        "registries.ExitForEach",
        "each page registers a method of an object of its own with atexit",
        _named("registries", "exit_for_each", "atexit"),
        reactor=SELECT,
    ),
    _row("registries.ExitInTime", "the same, and takes it back when the page is done"),
)
CACHES = (
    _row(
        "caches.MediaCache",
        "a media pipeline returns the content of each file, which Scrapy remembers",
        _named(
            "caches",
            None,
            "KeepingContent.spiderinfo",
            "downloaded",
            known="scrapy-media-results",
        ),
        settings=_pipelines("caches.KeepingContent"),
        reactor=SELECT,
    ),
    _row(
        "caches.JarForEach",
        "a cookie jar for each page",
        _named("caches", None, "CookiesMiddleware.jars", known="scrapy-cookie-jars"),
    ),
    _row(
        "caches.RulesOfMany",
        "each page is on a domain of its own, which has 150 rules for robots",
        _named("caches", None, "RobotsTxtMiddleware._parsers"),
        settings={
            "DNS_RESOLVER": f"{ANIMALS}.resolver.LoopbackResolver",
            "ROBOTSTXT_OBEY": True,
        },
        reactor=SELECT,
    ),
    _row(
        "caches.Memoised",
        "the decorator of a library keeps what a function returns for each page",
        _named("caches", "memoised", "text_of"),
        reactor=SELECT,
    ),
    _row(
        "caches.LongFingerprints",
        "a fingerprint of 50 kB for each request",
        _named(
            "caches",
            None,
            "RFPDupeFilter.fingerprints",
            known="scrapy-fingerprints",
        ),
        settings={"REQUEST_FINGERPRINTER_CLASS": f"{ANIMALS}.caches.WholeRequest"},
    ),
    _row(
        "caches.RulesOfFew",
        "20 domains with 150 rules each, and files of which the length is remembered",
        settings={
            **_pipelines("caches.KeepingLength"),
            "DNS_RESOLVER": f"{ANIMALS}.resolver.LoopbackResolver",
            "ROBOTSTXT_OBEY": True,
        },
        reactor=SELECT,
    ),
    _row(
        "caches.FillingCaches", "six caches that fill up, each bounded in another way"
    ),
)
WAITING = (
    _row(
        "waiting.LongCoroutine",
        "one callback walks all pages, and has them in a local variable",
        _named("waiting", "rows", "parse", "rows"),
        settings=LONGER,
        reactor=SELECT,
    ),
    _row("waiting.PatientCoroutine", "one callback walks all pages, and yields each"),
    _row(
        "waiting.EachWaits",
        "a task for each page waits for the task before it",
        _named("waiting", None, "store|turn"),
        truth="leak",
        also=frozenset({"unreleased", "hoard"}),  # the spider has the last of them
        reactor=ASYNCIO,
    ),
    _row(
        "waiting.SlowConsumers",
        "a task and a thread that take less from their queues than is put there",
        _named("waiting", "asyncio_queue", "QueuePipeline.queue"),
        _named("waiting", "thread_queue", "ThreadPipeline.records"),
        settings=_pipelines("waiting.QueuePipeline", "waiting.ThreadPipeline"),
    ),
    _row(
        "waiting.SlowProcess",
        "a child process that takes less from its queue than is put there",
        _named("waiting", "process_queue", "ProcessPipeline.queue"),
        settings=_pipelines("waiting.ProcessPipeline"),
    ),
    _row(
        "waiting.SlowPools",
        "two pools of threads that do less than they are given",
        _named("waiting", "executor", "PoolPipeline.pool"),
        _named("waiting", "reactor_pool", "thread pool of the reactor"),
        also=POOLED,
        settings=_pipelines("waiting.PoolPipeline", "waiting.ReactorPipeline"),
    ),
    _row(
        "waiting.TidyConsumers",
        "a task and a thread as fast as their queues fill, two pools that are awaited,"
        " and tasks that wait for the one before for a moment",
        also=POOLED,
        reactor=ASYNCIO,
        settings=_pipelines(
            "waiting.FastQueue",
            "waiting.FastThread",
            "waiting.AwaitedPool",
            "waiting.AwaitedReactor",
        ),
    ),
    _row(
        "waiting.LongerTrail",
        "meta has the texts of all pages on the way, in requests that wait",
        _named("waiting", "longer_trail", "meta", "trail"),
        also=frozenset({"backlog"}),
        reactor=SELECT,
    ),
    _row(
        "waiting.ShortTrail",
        "meta has the number of pages on the way",
        also=frozenset({"backlog"}),
    ),
)
SPANS = (
    _row(
        "spans.CrawlAfterCrawl",
        "eight short crawls in one process, and a module's list keeps what they found",
        _named("spans", "crawl_after_crawl", "RESULTS"),
        spiders=(f"{ANIMALS}.spans.CrawlAfterCrawl",) * 8,
        least_received=50,
        reactor=SELECT,
    ),
    _row(
        "spans.CrawlByCrawl",
        "eight short crawls in one process, and what they found is taken at the end",
        spiders=(f"{ANIMALS}.spans.CrawlByCrawl",) * 8,
        settings={"LEAKWATCH_INTERVAL": 0.1},
        least_received=50,
    ),
    _row(
        "spans.SlowLeak",
        "less than a page in each sample, and all are kept",
        truth="leak",
        subjects=("HtmlResponse",),
        holders=("spider.kept[*]",),
        line=place_of("slow_leak", ROOT, f"{FOLDER}/spans.py"),
        settings={
            "LEAKWATCH_INTERVAL": 0.02,
            "LEAKWATCH_MIN_OBJECTS": 25,
            "CLOSESPIDER_TIMEOUT": 8,
        },
        least_received=50,
        reactor=SELECT,
    ),
    _row(
        "spans.SlowAndSound",
        "less than a page in each sample, and the last 20 are kept",
        settings={"LEAKWATCH_INTERVAL": 0.02, "LEAKWATCH_MIN_OBJECTS": 25},
        least_received=40,
    ),
)

BY_WEIGHT = (
    *WEIGHTS,
    *PARSED,
    *OUTSIDE,
    *STRUCTURES,
    *REGISTRIES,
    *EXITS,
    *CACHES,
    *WAITING,
    *SPANS,
)
