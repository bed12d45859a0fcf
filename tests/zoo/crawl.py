"""One row in this process: ``python -m tests.zoo.crawl ROW SITE``.

What it leaves in the current folder is all that the score is made of: the
recordings of LeakWatch and what the `Witness` counted.
"""

from __future__ import annotations

import os
import sys

from scrapy.settings import Settings
from scrapy.utils.misc import load_object
from twisted.internet.defer import Deferred

from scrapy_leakwatch.internals.versions import crawler_process
from tests.zoo.fixes import row_named
from tests.zoo.truth import ASYNCIO, REACTORS, SLOWNESS

INTERVAL_S = 0.3
SECONDS = 5
MOST_TIMES_LONGER = 4
"""On a slow machine."""
SETTINGS = {
    "LOG_LEVEL": "INFO",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "DOWNLOAD_DELAY": 0,
    "ROBOTSTXT_OBEY": False,
    "CLOSESPIDER_TIMEOUT": SECONDS,
    "LEAKWATCH_INTERVAL": INTERVAL_S,
    "LEAKWATCH_LOG_INTERVAL": 0,
    "LEAKWATCH_RECORD": "record.jsonl",
}
EXTENSIONS = {"scrapy_leakwatch.LeakWatch": 500, "tests.zoo.witness.Witness": 501}


def main(name: str, site: str) -> None:
    row = row_named(name)
    settings = {**SETTINGS, **row.settings}
    settings["EXTENSIONS"] = {**EXTENSIONS, **settings.get("EXTENSIONS", {})}
    settings |= REACTORS[row.reactor or ASYNCIO]
    slowness = float(os.environ.get(SLOWNESS, "1"))
    settings["LEAKWATCH_INTERVAL"] *= slowness
    settings["CLOSESPIDER_TIMEOUT"] *= slowness
    settings["WITNESS_CURFEW"] = row.curfew_s
    settings["WITNESS_ENOUGH"] = row.enough
    settings["WITNESS_SECONDS"] = settings["CLOSESPIDER_TIMEOUT"]
    settings["CLOSESPIDER_TIMEOUT"] *= MOST_TIMES_LONGER
    process = crawler_process(Settings(settings))
    paths = list(row.spiders)

    def crawl_the_next(_: object = None) -> None:
        if paths:
            spider = load_object(paths.pop(0))
            done = process.crawl(spider, site=site, **row.arguments)
            if isinstance(done, Deferred):
                done.addCallback(crawl_the_next)
            else:
                done.add_done_callback(crawl_the_next)

    crawl_the_next()
    # The process would end between two crawls.
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
