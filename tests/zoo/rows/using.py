"""Crawls that use what they keep so that it grows, and twins that have it mended."""

from __future__ import annotations

from tests.zoo.rows.weights import ANIMALS, LONGER, POOLED, _named, _pipelines, _row

MIDDLEWARE = f"{ANIMALS}.using."

USING = (
    _row(
        "using.Unawaited",
        "a pool of connections and a mixin's pool of threads, for which nobody waits",
        _named("using", "database", "DatabasePipeline.dbpool"),
        _named("using", "pool_of_mixin", "MixedPipeline._uploads"),
        also=POOLED,
        settings={
            **_pipelines("using.DatabasePipeline", "using.MixedPipeline"),
            **LONGER,
        },
    ),
    _row(
        "using.Awaited",
        "the same pools, awaited",
        also=POOLED,
        settings=_pipelines("using.AwaitedDatabase", "using.AwaitedMixedPipeline"),
    ),
    _row(
        "using.Turns",
        "a deque, a queue and a semaphore of Twisted's: more comes than is done",
        _named("using", "deque_queue", "DequePipeline.waiting"),
        _named("using", "deferred_queue", "DeferredPipeline.rows"),
        _named("using", "semaphore", "SemaphorePipeline.limit"),
        settings=_pipelines(
            "using.DequePipeline", "using.DeferredPipeline", "using.SemaphorePipeline"
        ),
    ),
    _row(
        "using.InTurn",
        "the same with more at a time and more consumers, and the semaphore awaited",
        settings=_pipelines(
            "using.DequeInTime", "using.DeferredInTime", "using.AwaitedSemaphore"
        ),
    ),
    _row(
        "using.DeadConsumers",
        "a task and a thread that ended with the first item of their queues",
        _named("using", "dead_task", "DeadTask.rows"),
        _named("using", "dead_thread", "DeadThread.rows"),
        settings=_pipelines("using.DeadTask", "using.DeadThread"),
    ),
    _row(
        "using.LiveConsumers",
        "the same task and thread, which go on",
        settings=_pipelines("using.LiveTask", "using.LiveThread"),
    ),
    _row(
        "using.HalfFail",
        "a middleware forgets a request when its response comes, and half of them fail",
        _named("using", "on_success", "RequestsUnderWay.started"),
        settings={"DOWNLOADER_MIDDLEWARES": {f"{MIDDLEWARE}RequestsUnderWay": 100}},
        least_received=40,
    ),
    _row(
        "using.HalfFailAtMost",
        "the same middleware, which forgets a request that fails, too",
        settings={"DOWNLOADER_MIDDLEWARES": {f"{MIDDLEWARE}RequestsThatEnd": 100}},
        least_received=40,
    ),
    _row(
        "using.Pending",
        "a dict of what is under way, from which every other page is taken out",
        _named("using", "conditional", "spider.pending"),
    ),
    _row("using.AllDone", "the same dict, from which all of them are taken out"),
)
