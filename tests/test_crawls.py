"""Real crawls, watched."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ASYNCIO, MODES, recorded

PACE = "responses pile up at the same rate as requests"


@pytest.mark.parametrize("mode", MODES)
def test_a_leaking_crawl_is_warned_of_with_what_how_many_and_how_fast(crawl, mode):
    result = crawl("Leaking", **mode)
    first, *_ = warnings = result.lines("WARNING")
    assert "HtmlResponse is leaking: " in first
    assert " alive, +" in first
    assert " per 1,000 responses, oldest " in first
    assert re.search(rf"; ({PACE}|\d\d % of .*) \(\d+ → .* → \d+ (after|in) ", first)
    for line in (
        "\n  held by   Request.meta['referer']  (",
        "\n  owner     scheduler memory queue\n",
        "\n  put there ",
        "tests/spiders.py:57  yield response.follow(href, self.parse, meta=",
        "\n  fix       pass what parse needs (such as response.url) in cb_kwargs",
        "/product.php?pid=123\n",
    ):
        assert line in result.log
    assert result.stats["leakwatch/holder/HtmlResponse"] == "Request.meta['referer']"
    assert result.stats["leakwatch/cost/stall_ms_max"] > 0
    assert result.stats["leakwatch/cost/explain_ms"] > 0
    assert result.stats["leakwatch/cost/child_memory_bytes"] > 0
    assert 1 <= len(warnings) <= 3  # the first, and when it has doubled
    assert result.stats["leakwatch/verdict"] == "leak"
    assert result.stats["leakwatch/verdicts/leak"] == 1


def test_without_explanations_a_warning_is_one_line_with_the_oldest_url(crawl):
    result = crawl("Leaking", LEAKWATCH_EXPLAIN=False)
    first = result.lines("WARNING")[0]
    assert f"; {PACE} (" in first
    assert " after full collections); the oldest is http://" in first
    assert first.endswith("/product.php?pid=123")
    assert "held by" not in result.log
    assert "leakwatch/cost/explain_ms" not in result.stats


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("spider", "verdict"), [("Healthy", "healthy"), ("Backlog", "backlog")]
)
def test_a_crawl_that_does_not_leak_gets_no_warning(crawl, mode, spider, verdict):
    result = crawl(spider, **mode)
    assert result.lines("WARNING") == result.lines("ERROR") == []
    assert result.stats["leakwatch/verdict"] == verdict
    assert result.stats["leakwatch/samples"] >= 3


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left_after_close(crawl, mode):
    result = crawl("Leaking", **mode)
    assert result.left["gc"] == 0
    assert result.left["watches"] == 0
    assert result.left["samplers"] == 0
    assert result.left["children"] == 0
    assert result.left["frozen"] == 0


def test_a_leak_of_some_responses_is_told_with_its_share(crawl):
    # With bills it may be told by its weight.
    first = crawl("Quarter", LEAKWATCH_BILL=False).lines("WARNING")[0]
    assert "of the responses are never let go" in first
    rate = float(first.partition("alive, +")[2].partition(" per")[0])
    assert 100 < rate < 500  # what is at work counts in a crawl as short as this


def test_instances_of_a_class_that_is_tracked_leak_like_others(crawl):
    result = crawl("Hoarding", LEAKWATCH_TRACK=["spiders.Product"])
    first = result.lines("WARNING")[0]
    assert "Product is leaking: " in first
    assert result.stats["leakwatch/holder/Product"] == "spider.products[*]"
    assert "put there tests/spiders.py:" in result.log


def test_items_that_are_passed_on_in_requests_are_no_leak(crawl):
    result = crawl("PassesItems")
    assert result.stats["leakwatch/live/Item"] > 1000
    assert result.lines("WARNING") == result.lines("ERROR") == []


def test_requests_kept_outside_the_queue_leak(crawl):
    first = crawl("HoardsRequests").lines("WARNING")[0]
    assert "Request is leaking: " in first
    assert "pile up outside the scheduler's queue" in first


def test_a_spider_that_throws_is_watched_to_the_end(crawl):
    result = crawl("Throwing")
    assert result.stats["spider_exceptions/RuntimeError"] >= 100
    assert result.stats["leakwatch/verdict"] in {"leak", "healthy"}
    assert result.lines("ERROR") == []


def test_the_ledger_of_a_backlog_is_whole(crawl):
    stats = crawl("Backlog").stats
    assert stats["leakwatch/requests/queued_memory"] > 1000
    assert stats["leakwatch/requests/unaccounted"] <= 300
    assert stats["leakwatch/responses/unaccounted"] <= 300
    assert "leakwatch/requests/queued_disk" not in stats  # there is no such queue


def last_sample(path):
    return [line for line in recorded(path) if line["type"] == "sample"][-1]


def test_requests_on_disk_are_in_the_ledger(crawl, tmp_path):
    path = tmp_path / "record.jsonl"
    job = str(tmp_path / "job")
    stats = crawl("Backlog", JOBDIR=job, LEAKWATCH_RECORD=str(path)).stats
    assert stats["leakwatch/requests/queued_disk"] > 1000
    last = last_sample(path)["requests"]
    assert last["queued_disk"] is None  # closed with the spider, and not empty
    assert stats["leakwatch/requests/queued_memory"] == 0


def test_what_a_scheduler_keeps_elsewhere_is_unknown_and_not_zero(crawl, tmp_path):
    path = tmp_path / "record.jsonl"
    result = crawl("Elsewhere", LEAKWATCH_RECORD=str(path))
    assert result.lines("WARNING") == result.lines("ERROR") == []
    assert "leakwatch/requests/queued_memory" not in result.stats
    assert "leakwatch/requests/unaccounted" not in result.stats
    requests = last_sample(path)["requests"]
    assert requests["queued_memory"] is requests["unaccounted"] is None
    assert requests["live"] > 1000


def test_a_queue_with_a_part_for_each_domain_is_counted_without_adding_up(crawl):
    # Many priorities make many parts, as many domains do.
    prelude = """
def follow(self, response):
    for number, request in enumerate(spiders.ShopSpider.follow(self, response)):
        yield request.replace(priority=-self.seen * 10 - number)
spiders.Backlog.follow = follow
"""
    stats = crawl("Backlog", prelude=prelude).stats
    assert stats["leakwatch/requests/queued_memory"] > 1000
    assert stats["leakwatch/requests/unaccounted"] <= 300


def test_each_of_two_crawls_answers_for_its_own(crawl):
    prelude = "spiders.Backlog.pages = 80"  # fewer wait than are a backlog
    result = crawl("Leaking", "Backlog", prelude=prelude, **ASYNCIO)
    (other,) = result.others
    assert result.stats["leakwatch/verdict"] == "leak"
    assert other["leakwatch/verdict"] == "healthy"
    assert other["leakwatch/requests/unaccounted"] <= 300


def test_of_crawls_that_leak_alike_each_is_told(crawl):
    # They close at about the same time, and ask one after the other.
    result = crawl("Leaking", "Leaking", "Leaking", **ASYNCIO)
    verdicts = [stats["leakwatch/verdict"] for stats in (result.stats, *result.others)]
    assert verdicts == ["leak"] * 3, result.log


def test_a_crawl_that_could_never_ask_is_not_called_healthy(crawl):
    prelude = """
from scrapy_leakwatch.crawl.inquiry import Inquiry
async def in_vain(within_s):
    return False
Inquiry.under_way, Inquiry.turn = object, in_vain
spiders.Leaking.pages = 1000
"""
    result = crawl("Leaking", prelude=prelude, LEAKWATCH_BILL=False)
    assert result.stats["leakwatch/verdict"] == "leak"
    assert "another look into the process was under way" in result.log


def test_a_crawl_is_not_accused_of_what_another_spider_keeps(crawl):
    result = crawl("Backlog", "Hoarding", LEAKWATCH_TRACK=["spiders.Product"])
    (other,) = result.others
    assert result.stats["leakwatch/verdict"] == "backlog"
    assert other["leakwatch/holder/Product"] == "spider.products[*]"


BESIDE_A_HEAVY_ONE = """
for each in (spiders.Healthy, spiders.Weighty):
    each.custom_settings = {"CONCURRENT_REQUESTS": 2, "DOWNLOAD_DELAY": 0.01}
"""
BESIDE = "what grew most: another crawl's Weighty"


def test_a_healthy_crawl_is_silent_beside_one_that_grows(crawl):
    result = crawl("Healthy", "Weighty", prelude=BESIDE_A_HEAVY_ONE)
    (other,) = result.others
    assert other["leakwatch/verdict"] in {"hoard", "inconclusive"}
    assert result.stats["leakwatch/owner/another crawl's Weighty"] > 64_000_000
    assert result.stats["leakwatch/verdicts/hoard"] == 0
    assert BESIDE not in result.log  # busy machines have too few bills to know


def test_what_the_class_of_another_spider_keeps_is_that_ones_to_tell(crawl):
    prelude = """
for each in (spiders.Healthy, spiders.Swelling):
    each.custom_settings = {"CONCURRENT_REQUESTS": 2, "DOWNLOAD_DELAY": 0.03}
spiders.Healthy.pages = spiders.Swelling.pages = 120
"""
    result = crawl("Healthy", "Swelling", prelude=prelude)
    (other,) = result.others
    assert other["leakwatch/verdict"] != "healthy"
    assert result.stats["leakwatch/owner/another crawl's Swelling"] > 64_000_000
    assert result.stats["leakwatch/verdicts/hoard"] == 0


def test_memory_that_a_crawl_beside_takes_unwatched_is_told_by_the_one_that_is(crawl):
    unwatched = "spiders.Weighty.custom_settings['LEAKWATCH_ENABLED'] = False"
    prelude = BESIDE_A_HEAVY_ONE + unwatched
    result = crawl("Healthy", "Weighty", prelude=prelude)
    assert result.stats["leakwatch/verdict"] == "inconclusive"
    assert BESIDE in result.log


def test_a_crawl_is_not_accused_of_what_an_unwatched_one_queues(crawl):
    prelude = """
spiders.Backlog.custom_settings = {"LEAKWATCH_ENABLED": False}
"""
    result = crawl("Healthy", "Backlog", prelude=prelude)
    (other,) = result.others
    assert "leakwatch/verdict" not in other
    assert other["item_scraped_count"] >= 500
    assert result.stats["leakwatch/verdict"] == "healthy"
    assert result.stats["leakwatch/requests/unaccounted"] <= 300
    assert result.lines("WARNING") == []


def test_hostile_objects_are_counted_and_not_touched(crawl):
    result = crawl("Hostile", LEAKWATCH_TRACK=["spiders.Tracked"])
    assert result.lines("ERROR") == []
    assert result.stats["leakwatch/live/Tracked"] >= 500
    assert result.stats["leakwatch/live/HostileRequest"] >= 500


def test_the_stats_count_responses_without_scrapys_own_count(crawl):
    extensions = {
        "scrapy_leakwatch.LeakWatch": 500,
        "scrapy.extensions.corestats.CoreStats": None,
    }
    result = crawl("Leaking", EXTENSIONS=extensions)
    assert PACE in result.lines("WARNING")[0]


def test_the_table_in_the_log_has_the_layout_of_prefs(crawl):
    result = crawl("Backlog", LEAKWATCH_LOG_INTERVAL=0.5)
    tables = result.log.count("[scrapy_leakwatch] INFO: Live References\n\n")
    assert tables >= 2
    assert "\nHtmlResponse  " in result.log
    assert "\nBacklog  " not in result.log


def test_log_interval_0_logs_no_table(crawl):
    assert "Live References" not in crawl("Backlog", LEAKWATCH_LOG_INTERVAL=0).log


def test_the_addon_does_what_the_line_in_extensions_does(crawl):
    addons = {"scrapy_leakwatch.LeakWatchAddon": 500}
    result = crawl("Leaking", EXTENSIONS={}, ADDONS=addons)
    assert result.stats["leakwatch/verdict"] == "leak"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"LEAKWATCH_INTERVAL": "often"}, "LEAKWATCH_INTERVAL must be a number"),
        (
            {"LEAKWATCH_INTERVAL": "1" + "0" * 400},
            "LEAKWATCH_INTERVAL must be a number",
        ),
        ({"LEAKWATCH_INTERVL": 5}, "did you mean LEAKWATCH_INTERVAL?"),
        ({"LEAKWATCH_\x1b[31m\n": 5}, r"LEAKWATCH_\x1b[31m\n is not a setting"),
        ({"LEAKWATCH_RECORD": "/"}, "LEAKWATCH_RECORD must be a file path or None"),
        ({"LEAKWATCH_TRACK": "a.\x1b[31mB"}, r"can't import 'a.\x1b[31mB'"),
    ],
)
def test_a_bad_setting_gives_one_line_and_the_crawl_goes_on(crawl, settings, line):
    result = crawl("Healthy", **settings)
    (warning,) = result.lines("WARNING", logger="scrapy.middleware")
    assert line in warning
    assert "\x1b" not in result.log.replace("'\x1b", "")
    assert "Traceback" not in result.log
    assert result.items == 420
    assert "leakwatch/samples" not in result.stats


def test_switched_off_it_says_and_does_nothing(crawl):
    result = crawl("Healthy", LEAKWATCH_ENABLED=False)
    assert "leakwatch" not in result.log.replace("leakwatch.LeakWatch", "").replace(
        "LEAKWATCH", ""
    )
    assert not [name for name in result.stats if name.startswith("leakwatch")]
