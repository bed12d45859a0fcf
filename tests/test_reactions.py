"""What a verdict sets off, and what a person may accept."""

from __future__ import annotations

import pytest

from scrapy_leakwatch.judge.acceptance import is_accepted
from scrapy_leakwatch.records import Share
from tests.conftest import QUICK_MODES, recorded
from tests.judging import explanation, growing, hear, judge_of, unexplained

REFERER = "Request.meta['referer']"


def verdict(found):
    (told,) = hear(judge_of(explain=True), growing(responses=900), found)
    return told


@pytest.mark.parametrize(
    ("globs", "accepted"),
    [
        ((), False),
        (("3f2a9c1e",), True),
        (("ffffffff",), False),
        ((REFERER,), True),
        (("Request.meta[*",), True),
        (("Request.*",), True),
        (("Request.meta[referer]",), False),
    ],
)
def test_a_signature_or_a_glob_of_holders_is_accepted(globs, accepted) -> None:
    found = explanation(holder=REFERER)
    assert is_accepted(verdict(found), found, globs, 100) == accepted


def other(held: int) -> Share:
    return Share("spider.pages[*]", "spider", "project", held, "00000000")


def test_an_accepted_holder_hides_no_other_one() -> None:
    found = explanation(holder=REFERER, others=(other(held=8),))
    assert not is_accepted(verdict(found), found, (REFERER,), 100)
    assert is_accepted(verdict(found), found, (REFERER, "spider.*"), 100)
    few = explanation(holder=REFERER, others=(other(held=1),))
    assert is_accepted(verdict(few), few, (REFERER,), 1000)


def test_what_nobody_is_named_for_is_not_accepted() -> None:
    found = unexplained("late")
    assert not is_accepted(verdict(found), found, ("*",), 100)


LISTENING = """
from scrapy_leakwatch.signals import leak_detected
heard = []
class Listener:
    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        crawler.signals.connect(self.quick, leak_detected)
        crawler.signals.connect(self.slow, leak_detected)
        crawler.signals.connect(self.broken, leak_detected)
        self.stats = crawler.stats
        return self
    def quick(self, verdict, explanation, spider):
        self.stats.set_value("heard", (verdict.kind, explanation.holder, spider.name))
    async def slow(self, verdict):
        self.stats.inc_value("heard slowly")
    def broken(self, verdict):
        raise ArithmeticError("a handler throws")
spiders.Listener = Listener
"""


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_an_alarm_is_sent_to_whoever_listens(crawl, mode) -> None:
    extensions = {"scrapy_leakwatch.LeakWatch": 500, "spiders.Listener": 501}
    result = crawl("Leaking", prelude=LISTENING, EXTENSIONS=extensions, **mode)
    assert result.stats["heard"] == ["leak", REFERER, "leaking"]
    assert result.stats["heard slowly"] >= 1
    assert "ArithmeticError: a handler throws" in result.log
    assert result.lines("ERROR") == []
    assert result.items >= 500


PAGING = """
from scrapy_leakwatch.internals.versions import pause
from scrapy_leakwatch.signals import leak_detected
from scrapy.utils.defer import maybe_deferred_to_future
class Pager:
    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        crawler.signals.connect(self.page_me, leak_detected)
        self.stats = crawler.stats
        return self
    async def page_me(self, verdict):
        await maybe_deferred_to_future(pause(0.5))
        self.stats.set_value("paged", verdict.kind)
spiders.Pager = Pager
"""


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_the_crawl_waits_for_who_is_told_at_its_end(crawl, mode) -> None:
    extensions = {
        "scrapy_leakwatch.LeakWatch": 500,
        "spiders.Pager": 501,
        "takers.TakesThread": 502,
    }
    prelude = PAGING + "spiders.Backlog.pages = 20\n"
    result = crawl("Backlog", prelude=prelude, EXTENSIONS=extensions, **mode)
    assert result.stats["paged"] == "unreleased"
    (warning,) = result.lines("WARNING")
    assert "Thread TakesThread" in warning


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_a_leak_closes_the_crawl_where_that_is_wanted(crawl, mode) -> None:
    prelude = "spiders.Leaking.pages = 3000"
    result = crawl("Leaking", prelude=prelude, LEAKWATCH_ON_LEAK="close", **mode)
    assert result.stats["finish_reason"] == "leakwatch_leak"
    assert len(result.lines("WARNING")) == 1
    assert result.lines("ERROR") == []
    assert result.left["watches"] == result.left["children"] == 0


def test_what_is_accepted_is_recorded_and_not_warned_about(crawl, tmp_path) -> None:
    record = tmp_path / "record.jsonl"
    result = crawl(
        "Leaking",
        LEAKWATCH_RECORD=str(record),
        LEAKWATCH_SUPPRESS=[REFERER],
        LEAKWATCH_ON_LEAK="close",
    )
    assert result.lines("WARNING") == []
    assert result.stats["leakwatch/verdict"] in {"healthy", "backlog"}
    assert result.stats["finish_reason"] != "leakwatch_leak"
    kinds = {each["kind"] for each in recorded(record) if each["type"] == "verdict"}
    assert "leak" in kinds
