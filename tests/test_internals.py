"""Scrapy's own attributes, followed in a crawl of the Scrapy that is installed."""

from __future__ import annotations

from scrapy_leakwatch.internals import paths

PRELUDE = """
from scrapy import signals
from scrapy_leakwatch.internals import components, paths


class Follow:
    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        self.crawler = crawler
        crawler.signals.connect(self.received, signals.response_received)
        return self

    def received(self):
        for path in paths.ALL:
            found = paths.follow(self.crawler, path) is not None
            self.crawler.stats.set_value("/".join(("path", *path)), found)
        for kind, _ in components.managed(self.crawler):
            self.crawler.stats.set_value(f"managed/{kind}", True)


spiders.Follow = Follow
"""


def test_each_path_leads_to_something_in_a_crawl(crawl, tmp_path) -> None:
    result = crawl(
        "Healthy",
        prelude=PRELUDE,
        JOBDIR=str(tmp_path / "job"),
        EXTENSIONS={"spiders.Follow": 1, "scrapy_leakwatch.LeakWatch": 500},
    )
    gone = [
        paths.written(path)
        for path in paths.ALL
        if not result.stats["/".join(("path", *path))]
    ]
    assert gone == []
    for kind in ("spider middleware", "downloader middleware", "extension"):
        assert result.stats[f"managed/{kind}"], kind
