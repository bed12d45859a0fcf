"""One row in this process: ``python -m tests.faults.crawl ROW SITE OUTCOME EXTENSION``.

EXTENSION is what the crawl is watched by, empty for the twin. The file OUTCOME
is opened before anything is broken, and gets what became of the crawl.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from contextlib import suppress
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

from tests.faults.moments import MOMENTS
from tests.faults.rows import fault_named
from tests.zoo.truth import ASYNCIO, REACTORS

SPIDERS = "tests.faults.spiders"
SETTINGS = {
    "LOG_LEVEL": "INFO",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "DOWNLOAD_DELAY": 0,
    "RETRY_ENABLED": False,
    "LEAKWATCH_INTERVAL": 0.1,
    "LEAKWATCH_RECORD": "record.jsonl",
}
write, waitpid = os.write, os.waitpid


def main(name: str, site: str, outcome: str, extension: str) -> None:
    fault = fault_named(name)
    fd = os.open(outcome, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    settings = {**SETTINGS, **fault.settings}
    settings |= REACTORS[fault.reactor or ASYNCIO]
    watched = {extension: 500} if extension else {}
    settings["EXTENSIONS"] = {**watched, **settings.get("EXTENSIONS", {})}
    pipelines = settings.get("ITEM_PIPELINES", {})
    settings["ITEM_PIPELINES"] = {**pipelines, f"{SPIDERS}.Counting": 900}
    if fault.strike is not None:
        fault.strike(MOMENTS)
    crawlers = crawl_all(settings, f"{SPIDERS}.{fault.spider}", site, fault)
    left = json.dumps(outcome_of(crawlers)).encode()
    _, most = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (most, most))
    write(fd, left)


def crawl_all(settings, path, site, fault):
    from scrapy.crawler import CrawlerProcess
    from scrapy.utils.misc import load_object

    process = CrawlerProcess(settings)
    spider = load_object(path)
    crawlers = [process.create_crawler(spider) for _ in range(fault.crawls)]
    waiting = list(crawlers)

    def crawl_the_next(_: object = None) -> None:
        if waiting:
            crawled = process.crawl(waiting.pop(0), site=site)
            if not fault.at_once:
                crawled.addBoth(crawl_the_next)

    for _ in range(fault.crawls if fault.at_once else 1):
        crawl_the_next()
    process.start()
    return crawlers


def outcome_of(crawlers) -> dict:
    stats = [crawler.stats.get_stats() for crawler in crawlers]
    spiders = [crawler.spider for crawler in crawlers if crawler.spider]
    pages = sorted(
        page.partition("/page/")[2] for each in spiders for page in each.pages
    )
    return {
        "reasons": [each.get("finish_reason") for each in stats],
        "pages": [len(pages), zlib.crc32("\n".join(pages).encode())],
        "items": sum(each.items for each in spiders),
        "verdicts": [each.get("leakwatch/verdict") for each in stats],
        "samples": [each.get("leakwatch/samples") for each in stats],
        "struck": MOMENTS.struck,
        "missed": MOMENTS.missed,
        "children": has_children(),
    }


def has_children() -> bool:
    with suppress(ChildProcessError):
        waitpid(-1, os.WNOHANG)
        return True
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
