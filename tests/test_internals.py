"""Scrapy's own attributes, followed in a crawl of the Scrapy that is installed."""

from __future__ import annotations

import pytest

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


WITHOUT = """
from scrapy_leakwatch.internals import paths

for name, path in list(vars(paths).items()):
    if type(path) is tuple and path in paths.ALL:
        found = tuple({{{gone!r}: "of_old"}}.get(step, step) for step in path)
        setattr(paths, name, found)
paths.ALL = tuple(
    path for path in list(vars(paths).values())
    if type(path) is tuple and path and type(path[0]) is str
)
"""
# Whatever reads it looks for what no Scrapy has.


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("inprogress", "crawler.engine.slot.of_old"),
        ("queue", "crawler.engine.scraper.slot.of_old"),
        ("itemproc_size", "crawler.engine.scraper.slot.of_old"),
        ("paused", "crawler.engine.of_old"),
        ("handlers", "crawler.engine.downloader.of_old"),
        ("scraper", "crawler.engine.of_old"),
    ],
)
def test_a_crawl_says_what_it_does_without(crawl, name, said) -> None:
    result = crawl("Healthy", prelude=WITHOUT.format(gone=name))
    (warning,) = result.lines("WARNING")
    assert f"LeakWatch finds no {said} (Scrapy " in warning
    assert result.lines("ERROR") == []
    assert result.stats["leakwatch/verdict"] in {"healthy", "inconclusive"}
    assert result.items == 420


def test_without_a_part_only_what_is_counted_there_is_unknown(crawl) -> None:
    result = crawl("Leaking", prelude=WITHOUT.format(gone="inprogress"))
    assert result.stats["leakwatch/verdict"] == "leak"
    assert "leakwatch/requests/unaccounted" not in result.stats
