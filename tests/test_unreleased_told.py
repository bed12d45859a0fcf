"""What is said of what a crawl took, and of crawlers that stay."""

from __future__ import annotations

import weakref
from types import SimpleNamespace

import pytest

from scrapy_leakwatch.crawl.runs import Runs
from scrapy_leakwatch.judge.kinds import unreleased
from scrapy_leakwatch.observe.resources.kinds import CLOSERS, KINDS
from scrapy_leakwatch.records import (
    Counts,
    Explanation,
    Resource,
    Survivors,
    Unexplained,
    Verdict,
)
from scrapy_leakwatch.report.kinds import worded
from tests.judging import in_parts

RECORDS = {kind.record.name: kind.record for kind in KINDS}


def taken(kind="LoopingCall", **changed) -> Resource:
    fields = {
        "kind": RECORDS[kind],
        "what": "Poller.poll every 5 s",
        "owner": "extension Poller",
        "owner_kind": "extension",
        "class_path": "shop.Poller",
        "origin": "project",
        "method": "Poller.spider_opened",
        "attribute": "loop",
        "has": "LoopingCall",
        "closer": CLOSERS.get(changed.get("has"), ""),
        "location": "shop.py:7",
        "code": "self.loop = LoopingCall(self.poll)",
    }
    return Resource(**(fields | changed))


def told(resources) -> list[tuple[Verdict, Explanation]]:
    """Return the verdicts in words, and what is known of each."""
    return [
        (worded(verdict), found)
        for verdict, found in unreleased.verdicts(resources, "shop")
    ]


def test_a_verdict_says_who_took_what_and_how_to_give_it_back() -> None:
    ((verdict, found),) = told([taken()])
    assert verdict.message == (
        "unreleased: LoopingCall Poller.poll every 5 s, started by extension Poller in"
        " Poller.spider_opened, still runs after the spider closed"
    )
    assert (verdict.kind, verdict.subject) == ("unreleased", "LoopingCall")
    assert (verdict.count, verdict.confidence) == (1, "high")
    assert verdict.remedy == "in a handler of spider_closed, call self.loop.stop()"
    assert found.location == "shop.py:7"
    assert found.signature == verdict.signature


def test_several_from_one_line_are_one_verdict() -> None:
    files = [
        taken(kind="open file", what=f"{n}.txt", attribute="files", has="list")
        for n in "abcd"
    ]
    ((verdict, _),) = told(files)
    assert verdict.count == 4
    assert "4 x open file (a.txt, b.txt, c.txt, ...), opened by" in verdict.message
    assert verdict.remedy.endswith("close() it, each of those in self.files")


def test_a_pool_and_what_is_in_it_are_one_verdict() -> None:
    pool = {"attribute": "pool", "has": "ConnectionPool", "nested": True}
    parts = [taken(kind="Thread", **pool), taken(kind="socket", **pool)]
    ((verdict, _),) = told(parts)
    assert verdict.subject == "Thread"
    assert verdict.message.endswith("; with it 1 x socket")
    assert verdict.remedy == "in a handler of spider_closed, call self.pool.close()"


def test_two_lines_are_two_verdicts() -> None:
    parts = [taken(), taken(location="shop.py:9", method="Poller.start")]
    signatures = {found.signature for _, found in unreleased.verdicts(parts, "shop")}
    assert len(signatures) == 2


def test_a_timer_that_runs_out_in_a_moment_is_left_alone() -> None:
    soon = taken(kind="DelayedCall", remaining_s=0.9)
    assert unreleased.verdicts([soon], "shop") == []
    late = taken(kind="DelayedCall", remaining_s=1.1)
    assert len(unreleased.verdicts([late], "shop")) == 1


def test_what_only_the_source_tells_is_of_medium_confidence() -> None:
    ((verdict, _),) = unreleased.verdicts([taken(sure=False)], "shop")
    assert verdict.confidence == "medium"


@pytest.mark.parametrize(
    ("resource", "fix"),
    [
        (
            {"kind": "listening port", "attribute": "port"},
            "call self.port.stopListening()",
        ),
        ({"kind": "Thread", "has": "ThreadPoolExecutor"}, "call self.loop.shutdown()"),
        (
            {"kind": "child process", "has": "Process"},
            "call self.loop.terminate() and join()",
        ),
        ({"kind": "asyncio task", "attribute": ""}, "keep the task and cancel() it"),
        (
            {"owner_kind": "item pipeline"},
            "in close_spider(), call self.loop.stop()",
        ),
        ({"owner_kind": "spider"}, "in the spider's closed(), call self.loop.stop()"),
        (
            {"owner_kind": "spider middleware"},  # it has no closed()
            "in a handler of spider_closed, call self.loop.stop()",
        ),
    ],
)
def test_the_fix_fits_the_kind_and_the_component(resource, fix) -> None:
    ((verdict, _),) = told([taken(**resource)])
    assert fix in verdict.remedy


def holder(**changed) -> Explanation:
    fields = (
        "Crawler",
        unreleased.CRAWLER,
        "shop",
        "KEPT[*]",
        "module shop",
        "project",
    )
    return Explanation(
        *fields,
        (),
        "",
        None,
        None,
        "",
        "3f2a9c1e",
        **in_parts(**{"examined": 3} | changed),
    )


STAY = Survivors(3, 3, (0, 1, 2, 3))


def test_crawlers_that_stay_are_one_verdict_with_its_growth() -> None:
    verdict, _ = unreleased.crawlers(STAY, holder(), "shop")
    verdict = worded(verdict)
    assert (verdict.kind, verdict.subject, verdict.count) == (
        *("unreleased", "Crawler"),
        3,
    )
    assert verdict.growth.floors == (0, 1, 2, 3)
    assert "(0 → 1 → 2 → 3)" in verdict.message
    assert "take it out of KEPT[*]" in verdict.remedy


@pytest.mark.parametrize(
    ("survivors", "found"),
    [
        (Survivors(2, 9, (2,)), holder()),
        (STAY, holder(running=True)),
        (STAY, holder(foreign=True)),
        (STAY, Unexplained("Crawler", "", "", "in flight", Counts(3, in_flight=3))),
    ],
)
def test_crawlers_that_a_script_or_the_engine_has_are_no_leak(survivors, found) -> None:
    assert unreleased.crawlers(survivors, found, "shop") is None


@pytest.mark.parametrize("found", [None, Unexplained("Crawler", "", "", "no fork")])
def test_without_a_holder_crawlers_that_stay_are_inconclusive(found) -> None:
    verdict, _ = unreleased.crawlers(STAY, found, "shop")
    assert (verdict.kind, verdict.confidence) == ("inconclusive", "low")
    assert verdict.signature is None
    assert "who holds them is not known" in worded(verdict).caveat


def run_of(runs: Runs, *crawlers, pinned=False) -> None:
    """Run crawls, one after another."""
    for crawler in crawlers:
        runs.end(crawler, runs.number, pinned=pinned)


def crawlers(number: int) -> list[SimpleNamespace]:
    class Crawler(SimpleNamespace):
        __hash__ = object.__hash__

    return [Crawler() for _ in range(number)]


def test_runs_count_the_crawlers_of_a_row_that_live() -> None:
    runs, kept = Runs(), crawlers(4)
    run_of(runs, *kept)
    survivors, found = runs.survivors(3)
    assert (survivors.count, survivors.ended) == (4, 4)
    assert set(found) == set(kept)
    last = weakref.ref(kept.pop())
    del found
    assert last() is None
    assert runs.survivors(3)[0].series == (4, 3)


def test_crawlers_side_by_side_are_no_row() -> None:
    runs, kept = Runs(), crawlers(5)
    for crawler in kept:
        runs.end(crawler, 0, pinned=False)
    assert runs.survivors(3)[0].count == 1


def test_a_crawler_that_something_else_pins_is_not_counted() -> None:
    runs, kept = Runs(), crawlers(5)
    run_of(runs, *kept, pinned=True)
    assert runs.survivors(3)[0].count == 0


def test_the_same_is_news_again_when_it_is_four_times_as_much() -> None:
    runs = Runs()
    told = [n for n in range(1, 30) if runs.is_news("3f2a9c1e", n, 4)]
    assert told == [1, 4, 16]
