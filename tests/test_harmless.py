"""An error of ours is logged once, ends its stage, and never the crawl."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from tests.conftest import start_crawl

BROKEN = {
    "observe the crawl": [
        "scrapy_leakwatch.observe.sampler.Sampler.__init__",
        "scrapy_leakwatch.observe.sampler.Sampler.sample",
        "scrapy_leakwatch.observe.sampler.Sampler.floor",
        "scrapy_leakwatch.observe.memory.MemoryGauge.read",
        "scrapy_leakwatch.observe.ledger.work_of",
    ],
    "judge what it sees": [
        "scrapy_leakwatch.judge.judge.Judge.hear",
        "scrapy_leakwatch.judge.judge.History.add",
        "scrapy_leakwatch.judge.judge.Judge.hear_bill",
        "scrapy_leakwatch.judge.judge.Judge.rising",
    ],
    "take memory bills": [
        "scrapy_leakwatch.crawl.billing.Bills.is_due",
        "scrapy_leakwatch.crawl.billing.Bills.request",
        "scrapy_leakwatch.crawl.billing.Bills.keep",
        "scrapy_leakwatch.crawl.billing.Bills.end",
    ],
    "log what it sees": ["scrapy_leakwatch.report.log.live_table"],
    "keep its stats": [
        "scrapy_leakwatch.report.numbers.Tally.sample",
        "scrapy_leakwatch.report.numbers.Tally.cost",
        "scrapy_leakwatch.report.stats.of_numbers",
    ],
    "write its recording": [
        "scrapy_leakwatch.recordings.writing.of_run",
        "scrapy_leakwatch.recordings.writing.of_sample",
        "scrapy_leakwatch.recordings.writing.of_bill",
        "scrapy_leakwatch.recordings.writing.of_summary",
    ],
    "let go of the process": ["scrapy_leakwatch.observe.sampler.Sampler.stop"],
    "see what the crawl leaves behind": [
        "scrapy_leakwatch.observe.resources.before",
        "scrapy_leakwatch.observe.resources.Search.left",
        "scrapy_leakwatch.judge.kinds.unreleased.verdicts",
        "scrapy_leakwatch.crawl.runs.Runs.survivors",
    ],
}
PRELUDE = """
import importlib, scrapy_leakwatch.crawl.watch

def broken(*args, **kwargs):
    raise ArithmeticError("broken on purpose")

path = {path!r}.split(".")
at = next(n for n, part in enumerate(path) if part[0].isupper() or n == len(path) - 1)
owner = importlib.import_module(".".join(path[:at]))
for part in path[at:-1]:
    owner = getattr(owner, part)
setattr(owner, path[-1], broken)
"""


def each_path(broken: dict[str, list[str]]) -> list:
    return [
        pytest.param(
            stage,
            path,
            id=path.removeprefix("scrapy_leakwatch."),
            marks=[pytest.mark.slow] if path != paths[0] else [],
        )
        for stage, paths in broken.items()
        for path in paths
    ]


@pytest.mark.parametrize(("stage", "path"), each_path(BROKEN))
def test_a_stage_that_throws_is_off_and_the_crawl_has_all_its_items(
    crawl, tmp_path, stage, path
) -> None:
    result = crawl(
        "Healthy",
        prelude=PRELUDE.format(path=path),
        LEAKWATCH_RECORD=str(tmp_path / "record.jsonl"),
        LEAKWATCH_LOG_INTERVAL=0.1,
    )
    (error,) = result.lines("ERROR")
    assert f"LeakWatch can't {stage} and does without for now" in error
    assert result.log.count("ArithmeticError: broken on purpose") == 1
    assert result.items == 420
    assert result.stats["finish_reason"] == "finished"


BROKEN_EXPLANATIONS = {
    "explain what it sees": [
        "scrapy_leakwatch.crawl.explainer.Explainer.ask",
        "scrapy_leakwatch.crawl.explainer.explain_in_child",
        "scrapy_leakwatch.explain.asking.Asked.poll",
        "scrapy_leakwatch.explain.asking._understood",
    ],
    "judge what it sees": ["scrapy_leakwatch.judge.judge.verdict_on"],
    "log what it sees": ["scrapy_leakwatch.crawl.watch.block"],
    "keep its stats": ["scrapy_leakwatch.report.numbers.Tally.finding"],
    "write its recording": ["scrapy_leakwatch.recordings.writing.of_explanation"],
}


@pytest.mark.parametrize(("stage", "path"), each_path(BROKEN_EXPLANATIONS))
def test_an_explanation_that_throws_ends_its_stage_and_not_the_crawl(
    crawl, tmp_path, stage, path
) -> None:
    record = str(tmp_path / "record.jsonl")
    prelude = f"{PRELUDE.format(path=path)}\nspiders.Leaking.pages = 1500"
    # While a bill is made no full collection proves a leak, and the crawl is short.
    result = crawl(
        "Leaking", prelude=prelude, LEAKWATCH_RECORD=record, LEAKWATCH_BILL=False
    )
    (error,) = result.lines("ERROR")
    assert f"LeakWatch can't {stage} and does without for now" in error
    assert result.items >= 500
    assert result.left["children"] == result.left["frozen"] == 0
    if stage != "judge what it sees":
        assert result.stats["leakwatch/verdict"] == "leak"


CHILD = """
import os, signal, time
from scrapy_leakwatch.explain import asking
def investigate(*args, **kwargs):
    {work}
asking.investigate = investigate
spiders.Leaking.pages = 1500
"""


@pytest.mark.parametrize(
    ("work", "caveat"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "the child was killed by SIGKILL"),
        ("time.sleep(600)", "no answer within 0.5 seconds"),
        pytest.param(
            "raise RuntimeError('secret')",
            "RuntimeError at <string>:5",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_leak_is_told_without_a_holder_when_the_child_fails(
    crawl, work, caveat
) -> None:
    prelude = CHILD.format(work=work)
    timeout_s = 0.5 if "sleep" in work else 30
    # Where no child answers only a full collection proves the leak, and while a
    # bill is made none does.
    result = crawl(
        "Leaking",
        prelude=prelude,
        LEAKWATCH_EXPLAIN_TIMEOUT=timeout_s,
        LEAKWATCH_BILL=False,
    )
    assert "HtmlResponse is leaking: " in result.lines("WARNING")[0]
    assert f"\n  caveat    who holds them is not known: {caveat}" in result.log
    assert "secret" not in result.log
    assert result.items >= 500
    assert result.left["children"] == result.left["frozen"] == 0


def test_without_fork_the_live_requests_are_looked_at(crawl) -> None:
    prelude = """
import os
def fork():
    raise OSError(12, "Cannot allocate memory")
os.fork = fork
spiders.Leaking.pages = 1500
"""
    result = crawl("Leaking", prelude=prelude)
    assert "\n  held by   Request.meta['referer']  (" in result.log
    assert "requests looked at)" in result.log
    assert "no fork here, so only at what live requests carry" in result.log
    assert result.items >= 500


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_an_explanation_ends_the_crawl_in_order(
    shop, tmp_path, number
) -> None:
    mark = tmp_path / "child"
    work = f"open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    prelude = CHILD.format(work=work) + "spiders.Leaking.pages = 0\n"
    process = start_crawl(shop, tmp_path, "Leaking", prelude=prelude)
    # Not the first child seen: Python starts short ones of its own on the way.
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (mark.exists() and mark.read_text()):
        time.sleep(0.02)
    child = psutil.Process(int(mark.read_text()))
    os.kill(process.pid, number)
    _, log = process.communicate(timeout=120)
    assert process.returncode == 0, log
    assert "'finish_reason': 'shutdown'" in log
    assert "Traceback" not in log
    assert not child.is_running()


def test_a_callback_that_blocks_the_reactor_delays_a_sample_and_no_more(crawl) -> None:
    prelude = """
import time
def follow(self, response):
    if self.seen == 50:
        time.sleep(1)
    yield from spiders.ShopSpider.follow(self, response)
spiders.Backlog.follow = follow
"""
    result = crawl("Backlog", prelude=prelude)
    assert result.lines("ERROR") == result.lines("WARNING") == []
    assert result.stats["leakwatch/samples"] >= 3


def test_five_spiders_in_a_process_leave_nothing_behind(crawl) -> None:
    prelude = """
for each in (spiders.Backlog, spiders.Elsewhere, spiders.Hostile):
    each.pages = 300  # what they take together needs no name
"""
    result = crawl(
        *("Healthy", "Healthy", "Backlog", "Elsewhere", "Hostile"), prelude=prelude
    )
    assert result.lines("ERROR") == []
    assert result.left["gc"] == result.left["watches"] == result.left["samplers"] == 0
    assert result.left["rounds"] == 0
    *others, hostile = [result.stats, *result.others]
    verdicts = {stats["leakwatch/verdict"] for stats in others}
    # On a busy machine there are too few bills to know that the last one has it all.
    assert verdicts <= {"healthy", "backlog", "inconclusive"}
    # The last keeps two hostile objects for each page, and may be told so.
    told = [line for line in result.lines("WARNING") if "spider.kept" not in line]
    assert told == []
    assert hostile["leakwatch/samples"] >= 3


def test_a_crawl_that_is_closed_as_it_opens_is_let_go(crawl) -> None:
    prelude = """
from scrapy.exceptions import CloseSpider
from scrapy import signals
class Closing:
    @classmethod
    def from_crawler(cls, crawler):
        one = cls()
        one.crawler = crawler
        crawler.signals.connect(one.spider_opened, signals.spider_opened)
        return one
    def spider_opened(self):
        raise CloseSpider("at_once")
spiders.Closing = Closing
"""
    extensions = {"scrapy_leakwatch.LeakWatch": 500, "spiders.Closing": 100}
    result = crawl("Healthy", prelude=prelude, EXTENSIONS=extensions)
    assert result.lines("ERROR") == []
    assert result.left["gc"] == result.left["watches"] == 0


def test_a_profile_under_way_ends_with_the_crawl(crawl) -> None:
    prelude = """
import time
from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.explain.answers import guppy as heap
heap.missing = lambda: ""
heap.profile = lambda via: time.sleep(600)

def follow(self, response):
    if self.seen == 20:
        self.answer = self.crawler.get_extension(LeakWatch).heap()
    yield from spiders.ShopSpider.follow(self, response)
spiders.Backlog.follow = follow
"""
    result = crawl("Backlog", prelude=prelude)
    assert result.lines("ERROR") == []
    assert result.items >= 500
    assert result.left["children"] == result.left["frozen"] == 0
