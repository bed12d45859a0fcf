"""The fixes of the rows that keep little by number and much by weight."""

from __future__ import annotations

from tests.zoo.fixes.fix import fix

OUT = "written out in parts"
FILTER = "tests.zoo.mended.weights.OnDisk"
SLOWER = {"least_received": 30}
"""A crawl that waits for what it has begun is slower."""

WEIGHTS = (
    fix(
        "growing_buffers",
        OUT,
        "in parts",
        by=("weights.GrowingBuffers", "weights.Uploading"),
    ),
    fix("growing_text", OUT, "in parts", by=("weights.GrowingText",)),
    fix(
        "few_large_ones",
        "written out and cleared, and pop() past 20",
        "clear()",
        "pop(",
        by=("weights.FewLargeOnes",),
    ),
    fix(
        "too_large_cache",
        "at most 20 pages",
        "a bound that there is memory for",
        by=("weights.TooLargeCache",),
    ),
    fix(
        "emptied_slowly",
        "pop() past 20, and less in each",
        "pop(",
        "keep less in each",
        by=("weights.EmptiedSlowly",),
    ),
    fix(
        "deep_structures",
        "begun anew every 20 pages, and cleared",
        "begin it anew",
        "clear()",
        by=("structures.DeepStructures",),
    ),
    fix(
        "unflushed",
        "flushed and executed every 30 items, and the database is a file",
        "flush, commit",
        "execute() it",
        "connect it to a file",
        by=("structures.TablePipeline", "structures.RedisPipeline", "weights.Storing"),
    ),
)
PARSED = (fix("own_names", "taken out before", "re.sub", by=("parsed.OwnNames",)),)
OUTSIDE = (
    fix(
        "keeps_streams",
        "ended, and sent every ten pages",
        "when its work is done",
        "flush, commit",
        twin="ends_streams",
    ),
)
REGISTRIES = (
    fix("logger_for_each", "one for all", "one for all", by=("weights.LoggerForEach",)),
    fix(
        "warned",
        "the same text, and a status as label",
        "the same text",
        "bound",
        by=("weights.Warned",),
    ),
    fix("stats_for_each", "by status", "few values", by=("weights.StatsForEach",)),
)
EXITS = (
    fix(
        "exit_for_each",
        "taken back when the page is done",
        "atexit.unregister()",
        twin="exit_in_time",
    ),
)
CACHES = (
    fix(
        "media_cache",
        "info.downloaded.clear()",
        "info.downloaded.clear()",
        by=("weights.KeepingContent",),
    ),
    fix(
        "jar_for_each",
        "ten jars in turn",
        "use fewer|a few keys",
        by=("weights.JarForEach",),
    ),
    fix(
        "rules_of_many",
        "ROBOTSTXT_OBEY = False",
        "ROBOTSTXT_OBEY = False",
        settings={"ROBOTSTXT_OBEY": False},
    ),
    fix(
        "memoised", "a bound of 20", "give its cache a bound", by=("weights.Memoised",)
    ),
    fix(
        "long_fingerprints",
        "a filter that has them on disk",
        "DUPEFILTER_CLASS",
        settings={"DUPEFILTER_CLASS": FILTER},
    ),
)
WAITING = (
    fix("long_coroutine", "each is an item", "yield", twin="patient_coroutine"),
    fix("each_waits", "they end", "EachWaits.store end", by=("waiting.EachWaits",)),
    fix(
        "slow_consumers",
        "a bound and await put(), and more threads",
        "maxsize",
        by=("waiting.QueuePipeline", "waiting.ThreadPipeline"),
    ),
    fix(
        "slow_process",
        "a bound, and a thread that waits for room",
        "maxsize",
        by=("waiting.ProcessPipeline",),
        fields=SLOWER,
    ),
    fix(
        "slow_pools",
        "awaited",
        "await",
        by=("waiting.PoolPipeline", "waiting.ReactorPipeline"),
        fields=SLOWER,
    ),
    fix("longer_trail", "the number alone", "pass only what", twin="short_trail"),
    fix(
        "crawl_after_crawl",
        "cleared when the crawl has ended",
        "clear()",
        twin="crawl_by_crawl",
    ),
)
FIXES = (*WEIGHTS, *PARSED, *OUTSIDE, *REGISTRIES, *EXITS, *CACHES, *WAITING)
