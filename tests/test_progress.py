"""What is seen of the scraper, and what the judge makes of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from scrapy.http import Request
from scrapy.utils.test import get_crawler

from scrapy_leakwatch.judge import thresholds
from scrapy_leakwatch.observe.progress import MOST, ProgressGauge
from scrapy_leakwatch.records import Progress
from tests.judging import explanation, hear, judge_of, sample, unexplained

STILL = Progress(0, 3, 0, 3, 100.0, 2.0, 100.0, 10)
SECONDS = 10


class Crawl:
    """A crawl of which the tests say what its scraper has."""

    def __init__(self) -> None:
        self.crawler = get_crawler()
        self.active: set[Request] = set()
        self.slot = SimpleNamespace(closing=None)
        self.downloading: set[Request] = set()
        self.engine = SimpleNamespace(
            _slot=self.slot,
            running=True,
            paused=False,
            downloader=SimpleNamespace(active=self.downloading),
            scraper=SimpleNamespace(
                slot=SimpleNamespace(active=self.active, itemproc_size=0)
            ),
        )
        self.crawler.engine = self.engine
        self.now = 0.0
        self.gauge = ProgressGauge(self.crawler, lambda: self.now)

    def look(self, received=0, seconds=SECONDS):
        self.now += seconds
        return self.gauge.read(received)

    def begin(self, number=1):
        requests = [Request(f"http://a/{n}") for n in range(number)]
        self.active.update(requests)
        return requests


def test_what_stays_in_the_scraper_grows_old_and_nothing_moves() -> None:
    crawl = Crawl()
    crawl.begin(3)
    first, *_, last = [crawl.look() for _ in range(4)]
    assert (first.still_samples, last.still_samples) == (0, 3)
    assert (last.scraping, last.older, last.oldest_s, last.still_s) == (3, 3, 30, 30)


@pytest.mark.parametrize(
    "move",
    [
        lambda crawl, _: crawl.begin(),
        lambda crawl, requests: crawl.active.discard(requests[0]),
        lambda crawl, _: crawl.downloading.add(Request("http://a/")),
        lambda crawl, _: setattr(crawl.engine, "paused", True),
        lambda crawl, _: setattr(crawl.engine.scraper.slot, "itemproc_size", 2),
        lambda crawl, _: setattr(crawl.slot, "closing", object()),
        lambda crawl, _: crawl.crawler.stats.inc_value("scheduler/enqueued"),
        lambda crawl, _: crawl.crawler.stats.inc_value("dupefilter/filtered"),
    ],
    ids=["comes", "ends", "downloads", "paused", "items", "closes", "asks", "known"],
)
def test_whatever_moves_is_progress(move) -> None:
    crawl = Crawl()
    requests = crawl.begin(3)
    assert [crawl.look().still_samples for _ in range(3)][-1] == 2
    move(crawl, requests)
    assert crawl.look().still_samples == 0


def test_a_response_that_came_is_progress() -> None:
    crawl = Crawl()
    crawl.begin()
    assert [crawl.look(n).still_samples for n in (1, 1, 2)] == [0, 1, 0]


def test_what_takes_longer_than_any_that_ended_is_counted() -> None:
    crawl = Crawl()
    quick, slow = crawl.begin(), crawl.begin(2)
    crawl.look()
    crawl.active.difference_update(quick)
    crawl.look()
    found = crawl.look()
    assert (found.longest_s, found.older, found.oldest_s) == (10, 2, 20)
    assert set(crawl.gauge.oldest(10)) == set(slow)


def test_nothing_is_kept_alive_and_no_more_is_remembered_than_that() -> None:
    crawl = Crawl()
    crawl.begin(MOST + 5)
    assert [crawl.look().older for _ in range(2)] == [0, MOST]
    crawl.active.clear()
    assert crawl.look().older == 0
    assert crawl.gauge.oldest(10) == ()


def test_where_no_spider_is_open_there_is_no_progress() -> None:
    crawl = Crawl()
    crawl.engine._slot = None
    assert crawl.look() is None


def of_progress(*progress, **fields):
    return [
        replace(sample(n, floors=False), received=100, progress=each, **fields)
        for n, each in enumerate(progress)
    ]


def found(*traits: str):
    return explanation(
        holder="Shop.parse", owner="spider.lock", **dict.fromkeys(traits, True)
    )


def judged(progress, answer):
    return hear(judge_of(explain=True), of_progress(progress), answer)


def test_what_nobody_can_end_is_told_at_once() -> None:
    (verdict,) = judged(STILL, found("abandoned"))
    assert (verdict.kind, verdict.count, verdict.confidence) == ("stalled", 3, "high")
    assert verdict.message == (
        "the crawl stands still: 3 pages in callbacks or pipelines that have not ended,"
        " and nothing moves for 1m40s; Shop.parse waits for spider.lock"
    )


LATE = replace(STILL, still_s=thresholds.STALLED_PATIENCE_S)


@pytest.mark.parametrize(
    ("progress", "answer", "confidence"),
    [
        (STILL, found(), None),
        (STILL, found("timed"), None),
        (STILL, unexplained("the child was killed"), None),
        (LATE, found("timed"), None),
        (LATE, found(), "medium"),
        (LATE, unexplained("the child was killed"), "medium"),
        (LATE, None, "medium"),
    ],
)
def test_what_somebody_may_end_is_told_late_and_what_a_timer_ends_never(
    progress, answer, confidence
) -> None:
    verdicts = judged(progress, answer)
    assert [each.confidence for each in verdicts] == (
        [confidence] if confidence else []
    )


@pytest.mark.parametrize(
    "change",
    [
        {"still_samples": 9},
        {"still_s": 0.9},
        {"scraping": 0},
    ],
    ids=["too few samples", "too short", "idle"],
)
def test_nobody_is_suspected_too_early_or_of_nothing(change) -> None:
    progress = replace(STILL, **change)
    assert judge_of(explain=True).hear(*of_progress(progress)) is None


def test_a_spider_that_never_opens_or_closes_is_told() -> None:
    for stage in ("opening", "closing"):
        progress = replace(STILL, scraping=0, stage=stage)
        (verdict,) = judged(progress, found("abandoned"))
        assert verdict.message.startswith(f"the spider is {stage} for 1m40s")


def test_it_is_asked_again_only_when_it_took_half_as_long_again() -> None:
    judge = judge_of(explain=True)
    seconds = (100, 110, 140, 151, 160)
    samples = of_progress(*(replace(STILL, still_s=float(s)) for s in seconds))
    asked = []
    for each in samples:
        suspicion = judge.hear(each)
        asked.append(suspicion is not None)
        if suspicion is not None:
            judge.conclude(suspicion, found())
    assert asked == [True, False, False, True, False]


def test_a_verdict_is_withdrawn_when_the_crawl_goes_on() -> None:
    judge = judge_of(explain=True)
    going = replace(STILL, older=0, still_samples=0, still_s=0.0)
    told = hear(judge, of_progress(STILL), found("abandoned"))
    for each in of_progress(*[STILL] * 3, *[going] * 5)[1:]:
        judge.hear(each)
        told += judge.withdraw()
    assert [each.kind for each in told] == ["stalled", "recovered"]
