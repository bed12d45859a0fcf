"""A runner for Scrapyd: each job crawls in several processes, one after another.

In scrapyd.conf: ``runner = scrapy_leakwatch.commands.scrapyd``.
"""

from __future__ import annotations

import sys

CRAWL, SPIDER = "crawl", 2


def main() -> None:
    """Run a job as ``scrapy leakwatch run --recycle``, and all else as Scrapyd does."""
    from scrapyd import runner  # noqa: PLC0415, it is there where Scrapyd is

    if sys.argv[1:SPIDER] == [CRAWL]:
        sys.argv[1:SPIDER] = ["leakwatch", "run"]
        sys.argv += ["--recycle", "--no-report"]
    runner.main()


if __name__ == "__main__":
    main()
