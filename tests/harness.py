"""Runs one job, a JSON object in the first argument, in this process."""

from __future__ import annotations

import gc
import json
import sys
import threading
import weakref
from pathlib import Path

import psutil

job = json.loads(sys.argv[1])
settings = job["settings"]

if settings.get("TWISTED_REACTOR_ENABLED", True):
    from scrapy.crawler import CrawlerProcess as Process
else:
    from scrapy.crawler import AsyncCrawlerProcess as Process


def main() -> None:
    # LeakWatch sees this process as it is, and the test what LeakWatch leaves.
    gc.collect()  # Python 3.12 freezes its immortal objects as it does
    before = {
        "gc": len(gc.callbacks),
        "threads": threading.active_count(),
        "frozen": gc.get_freeze_count(),
    }
    process = Process(settings)
    import spiders  # when the reactor is there

    exec(job["prelude"], {"spiders": spiders})
    crawlers = [
        process.create_crawler(getattr(spiders, name)) for name in job["spiders"]
    ]
    for crawler in crawlers:
        process.crawl(crawler, shop=job["shop"])
    process.start()
    stats = [dict(crawler.stats.get_stats()) for crawler in crawlers]
    engines = [weakref.ref(crawler.engine) for crawler in crawlers]
    del crawler, crawlers, process
    gc.collect()
    left = {
        "gc": len(gc.callbacks) - before["gc"],
        "watches": _alive("scrapy_leakwatch.crawl.watch", "Watch"),
        "threads": sum("leakwatch" in each.name for each in threading.enumerate()),
        "rounds": _alive("scrapy_leakwatch.crawl.rounds", "Rounds"),
        "samplers": _alive("scrapy_leakwatch.observe.sampler", "Sampler"),
        "frozen": gc.get_freeze_count() - before["frozen"],
        "children": len(psutil.Process().children()),
        "engines": sum(engine() is not None for engine in engines),
    }
    outcome = json.dumps({"stats": stats, "left": left}, default=str)
    Path(job["outcome"]).write_text(outcome)


def _alive(module: str, name: str) -> int:
    cls = getattr(sys.modules.get(module), name, None)
    return sum(type(found) is cls for found in gc.get_objects()) if cls else 0


if __name__ == "__main__":
    main()
