"""Requests that wait in memory."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import replace

import pytest
import scrapy
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from scrapy import squeues
from scrapy.selector import Selector

from scrapy_leakwatch.explain.code import serialising
from tests.conftest import recorded
from tests.judging import explanation, hear, judge_of, queueing, unexplained


def rising(per_sample: int, count: int = 8, **fields) -> list:
    return [queueing(number, per_sample * number, **fields) for number in range(count)]


def test_a_queue_that_grows_is_a_backlog() -> None:
    priced = explanation(
        owner="scheduler memory queue", retained_bytes_each=1_000, victims=("Headers",)
    )
    samples = [replace(each, memory_limit=220_000_000) for each in rising(900)]
    (verdict,) = hear(judge_of(explain=True), samples, priced)
    assert verdict.kind == "backlog"
    assert verdict.message == (
        "requests pile up: 4,500 wait in memory, +900 per 1,000 responses"
        " (900 → 1,800 → 2,700 → 3,600 → 4,500)"
    )
    # 120 MB are left, and 5,400 requests a minute take 1 kB each.
    assert verdict.limit_in_s == pytest.approx(1333, abs=1)


def test_a_backlog_without_a_price_says_what_helps() -> None:
    (verdict,) = hear(judge_of(explain=True), rising(900), unexplained("no fork"))
    assert verdict.remedy.startswith("set JOBDIR")
    assert verdict.caveat == "their price is not known: no fork"


def test_requests_that_drag_a_response_along_are_left_to_the_leak() -> None:
    priced = explanation(victims=("HtmlResponse", "Selector"))
    assert not hear(judge_of(explain=True), rising(900), priced)


def test_a_queue_waits_while_responses_rise_with_it_but_not_for_ever() -> None:
    both = [
        replace(each, held={"responses": 7 * number})
        for number, each in enumerate(rising(250, 16))
    ]
    assert not hear(judge_of(explain=True), both[:8])
    assert hear(judge_of(explain=True), both, unexplained("no fork"))


def test_few_requests_that_wait_are_no_backlog() -> None:
    assert not hear(judge_of(), rising(120))
    assert hear(judge_of(LEAKWATCH_MIN_OBJECTS=10), rising(120))


def test_a_burst_of_start_requests_is_no_backlog_and_a_flood_is() -> None:
    burst = [replace(each, time=each.time / 10) for each in rising(5000, starting=True)]
    assert not hear(judge_of(), burst)
    assert hear(judge_of(), rising(5000, 20, starting=True))


@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=60))
def test_a_queue_that_only_drains_is_no_backlog(waiting) -> None:
    drained = sorted(waiting, reverse=True)
    samples = [queueing(number, queued) for number, queued in enumerate(drained)]
    assert not hear(judge_of(), samples)


def test_a_queue_that_can_not_be_counted_is_no_backlog() -> None:
    unknown = [
        replace(each, requests=replace(each.requests, queued_memory=None))
        for each in rising(900)
    ]
    assert not hear(judge_of(), unknown)


class Pages(scrapy.Spider):
    name = "pages"

    def parse(self, response):
        """Do nothing."""


class Elsewhere:
    def parse(self, response):
        """Do nothing."""


class Hostile:
    def __reduce__(self):
        raise SystemExit

    def __getstate__(self):
        raise SystemExit

    def __getattribute__(self, name):
        raise SystemExit(name)


class Logging:
    """Can be pickled: a logger is written as its name."""

    def __init__(self) -> None:
        self.log = logging.getLogger("jobs")
        self.log.addHandler(logging.NullHandler())


def local() -> object:
    class Local:
        pass

    return Local()


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (
            {"meta": {"lock": threading.Lock()}},
            "Request.meta['lock'] is of type _thread.lock",
        ),
        (
            {"cb_kwargs": {"rows": [{"row": Selector(text="<a>")}]}},
            "Request.cb_kwargs['rows'][*]['row'] is of type Selector",
        ),
        (
            {"meta": {"old": scrapy.http.HtmlResponse("http://a")}},
            "is of type HtmlResponse",
        ),
        ({"meta": {"key": lambda: 1}}, "<lambda>, which has no name to find it by"),
        (
            {"meta": {"rows": (row for row in ())}},
            "Request.meta['rows'] is of type generator",
        ),
        (
            {"meta": {"node": etree.fromstring("<a/>")}},
            "Request.meta['node'] is of type lxml.etree._Element",
        ),
        ({"meta": {"own": local()}}, "is of type Local, a class inside a function"),
        ({"callback": lambda response: 1}, "<lambda>, no method of the spider"),
        (
            {"errback": Elsewhere().parse},
            "Request.errback is Elsewhere.parse, no method",
        ),
    ],
)
def test_what_keeps_a_request_from_the_disk_is_named(fields, what) -> None:
    spider = Pages()
    request = scrapy.Request("http://a", **{"callback": spider.parse, **fields})
    assert what in serialising.obstacle(request, spider).what


@pytest.mark.parametrize(
    "fields",
    [
        {"meta": {"depth": 1, "rows": [{"a": (1, None, 2.5, b"c")}]}},
        {"cb_kwargs": {"function": len}},
        {"meta": {"hostile": Hostile()}},
        {"meta": {"job": Logging()}},
    ],
)
def test_what_can_be_pickled_is_not_named(fields) -> None:
    spider = Pages()
    request = scrapy.Request("http://a", callback=spider.parse, **fields)
    assert serialising.obstacle(request, spider) is None


def test_the_line_of_a_callback_that_is_no_method_is_named() -> None:
    request = scrapy.Request("http://a", callback=lambda response: response)
    found = serialising.obstacle(request, Pages())
    assert found.line.code == (
        'request = scrapy.Request("http://a", callback=lambda response: response)'
    )


PILING = """
import threading
class Piling(spiders.Backlog):
    pages = 700
    def follow(self, response):
        for href in response.css("a.product::attr(href)").getall():
            lock = threading.Lock()
            yield response.follow(href, self.parse, meta={"ctx": {"lock": lock}})
spiders.Piling = Piling
"""


def test_a_crawl_whose_requests_can_not_be_written_to_its_jobdir_is_told_why(
    crawl, tmp_path
) -> None:
    record = tmp_path / "record.jsonl"
    crawl("Piling", prelude=PILING, JOBDIR=str(tmp_path), LEAKWATCH_RECORD=str(record))
    told = [each for each in recorded(record) if each["type"] == "explanation"]
    assert told[0]["fix"] == (
        "JOBDIR is set and can't hold them: Request.meta['ctx']['lock'] is of"
        " type _thread.lock; pass plain values, in the requests for parse"
    )
    assert told[0]["owner"] == "scheduler memory queue"


def test_a_crawl_with_a_backlog_is_told_the_price_and_the_remedy(crawl) -> None:
    result = crawl("Backlog", prelude="spiders.Backlog.pages = 700")
    told = result.lines("INFO")
    assert any("requests pile up" in line for line in told)
    assert "\n  contents  24 of 24 for parse\n" in result.log
    assert '\n  fix       JOBDIR = "crawls/backlog" keeps waiting' in result.log
    in_sqlite = 'SCHEDULER_DISK_QUEUE = "scrapy.squeues.PickleLifoSQLiteQueue"'
    assert (in_sqlite in result.log) == hasattr(squeues, "PickleLifoSQLiteQueue")
    assert re.search(r"MB \([23]\.", result.log)
    assert result.lines("WARNING") == []
    assert "leakwatch/holder/Request" not in result.stats
