"""The pytest plugin, in runs of pytest of their own."""

from __future__ import annotations

import json
from importlib.metadata import entry_points

import pytest
from scrapy.extension import ExtensionManager

from scrapy_leakwatch import recordings
from scrapy_leakwatch.checks.checked import checked, complaint
from scrapy_leakwatch.checks.suite import Suite
from tests import synthetic
from tests.synthetic import RUN, START

SPIDERS = """
import os
import scrapy

class Shop(scrapy.Spider):
    name = "shop"
    custom_settings = {
        "CLOSESPIDER_PAGECOUNT": 80, "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
        "DOWNLOAD_DELAY": 0, "LEAKWATCH_INTERVAL": 0.05,
        "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False,
    }

    async def start(self):
        for request in self.start_requests():
            yield request

    def start_requests(self):
        yield scrapy.Request(f"{self.url}/product.php?pid=123", self.parse)

    def parse(self, response):
        yield {"name": response.css("h1::text").get()}
        for href in response.css("a.product::attr(href)").getall()[:2]:
            yield response.follow(href, self.parse)

class Leaking(Shop):
    def parse(self, response):
        for href in response.css("a.product::attr(href)").getall()[:2]:
            yield response.follow(href, self.parse, meta={"referer": response})

class Small(Shop):
    custom_settings = {**Shop.custom_settings, "CLOSESPIDER_PAGECOUNT": 3}

class Untidy(Small):
    def start_requests(self):
        self.file = open("untidy.txt", "w")
        yield from super().start_requests()
"""
IN_A_CHILD = """
import pytest
from spiders import Leaking, Shop, Small, Untidy

SMALL = {"LEAKWATCH_MIN_OBJECTS": 20}

def test_healthy(leakwatch, url):
    found = leakwatch(Shop, url=url, settings=SMALL)
    assert found.stats["response_received_count"] >= 80
    assert found.stats["leakwatch/samples"] == found.samples
    assert not {each.kind for each in found.verdicts} & {"leak", "hoard", "native"}
    assert "Spider closed (closespider_pagecount)" in found.log

def test_leaking(leakwatch, url):
    leakwatch(Leaking, url=url, settings=SMALL)

def test_little(leakwatch, url):
    leakwatch(Small, url=url, settings=SMALL)

def test_untidy(leakwatch, url):
    leakwatch(Untidy, url=url, settings=SMALL)

def test_misspelt(leakwatch, url):
    leakwatch(Small, url=url, settings={"LEAKWATCH_MIN_OBJECT": 20})

def test_endless(leakwatch, url):
    leakwatch(Shop, url=url, timeout=0.1)

def test_local(leakwatch, url):
    class Local(Shop):
        pass
    leakwatch(Local, url=url)
"""
IN_PROCESS = """
import pytest
from scrapy.crawler import CrawlerRunner
from scrapy.utils.test import get_crawler
from twisted.internet import reactor
from spiders import Leaking, Shop, Small

SMALL = {"LEAKWATCH_MIN_OBJECTS": 20, "TWISTED_REACTOR": None}

@pytest.fixture(scope="module", autouse=True)
def running():
    reactor.startRunning(False)
    yield
    reactor.fireSystemEvent("shutdown")  # or its threads wait for ever

def crawl(spider, url):
    ended = []
    deferred = CrawlerRunner(SMALL).crawl(spider, url=url)
    deferred.addBoth(ended.append)
    while not ended:
        reactor.iterate(0.01)
    assert ended == [None]

def test_leaking(url):
    crawl(Leaking, url)

def test_little(url):
    crawl(Small, url)

@pytest.mark.leakwatch(False)
def test_left_out(url):
    crawl(Small, url)

@pytest.mark.leakwatch(LEAKWATCH_MIN_OBJECTS=15)
def test_marked(url):
    crawl(Shop, url)

@pytest.mark.leakwatch
def test_marked_without_a_crawl():
    get_crawler(Shop)

def test_without_a_crawl():
    get_crawler(Shop, {"TWISTED_REACTOR": None})

def test_failing():
    raise KeyError("its own")
"""
OF_OLD_TWISTED = "ignore:currentThread:DeprecationWarning"
OF_OLD_SCRAPY = "ignore:twisted.web.http.HTTPClient was deprecated"
PLAIN = """
import sys

def test_plain():
    ours = {"scrapy", "twisted", "scrapy_leakwatch", "guppy", "psutil"}
    loaded = {name for name in sys.modules if name.partition(".")[0] in ours}
    assert loaded == {"scrapy_leakwatch", "scrapy_leakwatch.pytest_plugin"}
"""

pytestmark = pytest.mark.skipif(
    not entry_points(group="pytest11", name="leakwatch"),
    reason="this environment has scrapy-leakwatch without its plugin",
)


@pytest.fixture
def suite(pytester, shop):
    """Run a file of tests and return the result."""

    def run(tests: str, *options: str):
        pytester.makepyfile(spiders=SPIDERS)
        pytester.makeconftest(
            f"import pytest\n\n@pytest.fixture\ndef url():\n    return {shop!r}\n"
        )
        pytester.makepyfile(test_it=tests)
        options = ("-p", "no:cacheprovider", "-rA", *options)
        return pytester.runpytest_subprocess(*options)

    return run


def test_the_fixture_fails_what_leaks_or_can_not_be_judged(suite) -> None:
    result = suite(IN_A_CHILD, "-W", "error")
    result.assert_outcomes(passed=1, failed=6)
    result.stdout.fnmatch_lines(
        [
            "* test_leaking *",
            "HtmlResponse is leaking: * alive, *",
            "  held by   Request.meta?'referer'?  (*",
            "  put there spiders.py:*",
            "Spider 'shop': * responses, * samples",
            "* test_little *",
            "Too little was measured to tell whether it leaks: *: crawl *",
            "* test_untidy *",
            "unreleased: open file *",
            "* test_misspelt *",
            "LeakWatch did not watch *did you mean LEAKWATCH_MIN_OBJECTS[?]",
            "* test_endless *",
            "The crawl did not end in 0.1 s (timeout=...)",
            "* test_local *",
            "*must be at the top level of a module",
        ]
    )


def test_the_option_watches_the_crawls_of_every_test(suite) -> None:
    ignored = ("-W", OF_OLD_SCRAPY, "-W", OF_OLD_TWISTED)
    result = suite(IN_PROCESS, "--leakwatch", "-W", "error", *ignored)
    result.assert_outcomes(passed=3, failed=4)
    result.stdout.fnmatch_lines(
        [
            "* test_leaking *",
            "HtmlResponse is leaking: * alive, *",
            "  held by   Request.meta?'referer'?  (*",
            "* test_little *",
            "Too little was measured to tell whether it leaks: *",
            "* test_marked_without_a_crawl *",
            "No crawl ran in this test, and it is marked with leakwatch:*",
            "* test_failing *",
            "E       KeyError: 'its own'",
        ]
    )
    for name in ("test_left_out", "test_marked", "test_without_a_crawl"):
        result.stdout.fnmatch_lines([f"PASSED test_it.py::{name}"])


def test_without_the_option_only_what_is_marked_is_watched(suite) -> None:
    tests = IN_PROCESS.replace("LEAKWATCH_MIN_OBJECTS=15", "LEAKWATCH_MIN_OBJECTS=500")
    result = suite(tests, "-k", "test_little or test_marked")
    result.assert_outcomes(passed=1, failed=2, deselected=4)
    result.stdout.fnmatch_lines(
        ["*the rules need 500 (LEAKWATCH_MIN_OBJECTS): crawl *"]
    )


def test_a_project_that_does_not_use_it_pays_nothing(pytester, monkeypatch) -> None:
    # Other plugins may load Scrapy, as web-poet's does.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugin = ("-p", "scrapy_leakwatch.pytest_plugin")
    pytester.makepyfile(PLAIN)
    result = pytester.runpytest_subprocess("-W", "error", *plugin)
    result.assert_outcomes(passed=1)


def test_a_fixture_that_fails_at_its_end_ends_the_watch_too() -> None:
    suite = Suite(everywhere=True)
    suite._begin({})
    assert "from_crawler" in vars(ExtensionManager)
    ending = suite.pytest_runtest_teardown()
    next(ending)
    with pytest.raises(ArithmeticError):
        ending.throw(ArithmeticError())
    assert "from_crawler" not in vars(ExtensionManager)


def test_a_test_is_marked_under_xdist_too(suite) -> None:
    pytest.importorskip("xdist")
    result = suite(IN_PROCESS, "-n", "1", "-k", "marked_without")
    result.assert_outcomes(failed=1)


def test_the_marker_and_the_option_explain_themselves(pytester) -> None:
    markers = pytester.runpytest_subprocess("--markers")
    markers.stdout.fnmatch_lines(
        ["@pytest.mark.leakwatch(watched=True, [*][*]settings):*"]
    )
    pytester.runpytest_subprocess("--help").stdout.fnmatch_lines(["*--leakwatch *"])


SAMPLES = [synthetic.sample(number) for number in range(1, 12)]
LEAK = synthetic.verdict(START + 50, "leak", "HtmlResponse")
GONE = {**LEAK, "kind": "recovered", "time": START + 90,
        "message": "HtmlResponse: the verdict leak no longer holds"}  # fmt: skip
SUMMARY = {"type": "summary", "time": START + 120, "stats": {"a": 1}, "verdicts": []}

BRIEF = None
"""A recording of three samples that closed."""


@pytest.mark.parametrize(
    ("lines", "errors", "said"),
    [
        ([SUMMARY], [], ""),
        ([LEAK, SUMMARY], [], "HtmlResponse is leaking: 1,200 alive"),
        ([LEAK, GONE, SUMMARY], [], "HtmlResponse is leaking: 1,200 alive"),
        ([{**LEAK, "suppressed": True}, SUMMARY], [], ""),
        ([{**LEAK, "kind": "garbage"}, SUMMARY], [], ""),
        ([], [], "The crawl was not over"),
        ([LEAK], [], "HtmlResponse is leaking"),
        (BRIEF, [], "Too little was measured to tell whether it leaks: 3 samples"),
        ([SUMMARY], ["it broke"], "LeakWatch could not watch this crawl to its end"),
    ],
)
def test_a_recording_says_whether_the_test_fails(tmp_path, lines, errors, said) -> None:
    samples, lines = (SAMPLES[:3], [SUMMARY]) if lines is BRIEF else (SAMPLES, lines)
    path = tmp_path / "record.jsonl"
    path.write_text("".join(f"{json.dumps(x)}\n" for x in [RUN, *samples, *lines]))
    crawl = recordings.read(path)
    text = complaint(crawl, errors)
    assert text.startswith(said) if said else text == ""
    assert ("no longer holds" in text) == (GONE in lines)
    assert checked(crawl).samples == len(samples)
