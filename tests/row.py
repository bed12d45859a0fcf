"""Crawls spiders one after another in one process: a job as in ``harness.py``."""

from __future__ import annotations

import json
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

job = json.loads(sys.argv[1])
settings = job["settings"]
REACTORLESS = not settings.get("TWISTED_REACTOR_ENABLED", True)


async def crawl_all(runner, name: str, left: list) -> None:
    import spiders  # when the reactor is there
    from scrapy.utils.defer import maybe_deferred_to_future

    exec(job["prelude"], {"spiders": spiders})
    kept: deque[Crawler] = deque(maxlen=None if spiders.KEEP else 0)
    for _ in range(job["times"]):
        crawler = runner.create_crawler(getattr(spiders, name))
        kept.append(crawler)
        crawled = runner.crawl(crawler, shop=job["shop"])
        await (crawled if REACTORLESS else maybe_deferred_to_future(crawled))
        left.append(dict(crawler.stats.get_stats()))


def main() -> None:
    from scrapy.utils.log import configure_logging

    configure_logging(settings)
    left: list = []
    (name,) = job["spiders"]
    if REACTORLESS:
        import asyncio

        from scrapy.crawler import AsyncCrawlerRunner

        async def run() -> None:
            await crawl_all(AsyncCrawlerRunner(settings), name, left)

        asyncio.run(run())
    else:
        from scrapy.crawler import CrawlerRunner
        from scrapy.utils.reactor import install_reactor

        install_reactor(settings["TWISTED_REACTOR"])
        from scrapy.utils.defer import deferred_from_coro
        from twisted.internet import reactor

        crawled = deferred_from_coro(crawl_all(CrawlerRunner(settings), name, left))
        crawled.addBoth(lambda _: reactor.stop())
        reactor.run()
    outcome = json.dumps({"stats": left, "left": {}}, default=str)
    Path(job["outcome"]).write_text(outcome)


if __name__ == "__main__":
    main()
