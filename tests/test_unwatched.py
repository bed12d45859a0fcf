"""Faults that pass do not blind the watch, and a blind one is not called healthy."""

from __future__ import annotations

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.judge.sufficiency import too_little
from tests.conftest import ASYNCIO, SELECT

FAILING = """
import errno
from scrapy_leakwatch.{module} import {owner} as owner
works, failed = owner.{name}, []
def fail(*args, **kwargs):
    failed.append(1)
    if len(failed) <= {times}:
        raise OSError(errno.EMFILE, "Too many open files")
    return works(*args, **kwargs)
owner.{name} = fail
"""


def failing(path: str, times: int) -> str:
    module, owner, name = path.rsplit(".", 2)
    return FAILING.format(module=module, owner=owner, name=name, times=times)


@pytest.mark.parametrize(
    "path",
    [
        "observe.sampler.Sampler.sample",
        "observe.sampler.Sampler.__init__",
        "judge.judge.Judge.hear",
    ],
)
def test_a_leak_is_found_after_a_fault_that_passes(crawl, path) -> None:
    result = crawl("Leaking", prelude=failing(path, 1), LEAKWATCH_BILL=False)
    assert result.stats["leakwatch/verdict"] == "leak"
    assert result.stats["leakwatch/failed_looks"] > 0
    (error,) = result.lines("ERROR")
    assert "does without for now" in error
    assert any("again" in line for line in result.lines("INFO"))
    assert set(result.left.values()) == {0}


@pytest.mark.parametrize("mode", [SELECT, ASYNCIO], ids=["select", "asyncio"])
def test_a_crawl_that_can_not_be_watched_is_not_healthy(crawl, tmp_path, mode) -> None:
    path = tmp_path / "record.jsonl"
    result = crawl(
        "Healthy",
        prelude=failing("observe.sampler.Sampler.sample", 1_000),
        LEAKWATCH_RECORD=str(path),
        **mode,
    )
    assert result.items == 420
    assert result.stats["leakwatch/verdict"] == "unwatched"
    looks = result.stats["leakwatch/failed_looks"]
    why = f"{looks} of {looks} looks at it failed (OSError: Too many open files)"
    assert result.stats["leakwatch/unwatched"] == why
    (warning,) = result.lines("WARNING")
    assert warning.endswith(f"Unwatched: {why}")
    seen = too_little(recordings.read(path))
    assert seen is not None
    assert seen.lack == "looks"
    assert len(result.lines("ERROR")) == 1


def test_a_watch_that_can_not_begin_is_not_healthy(crawl) -> None:
    prelude = failing("crawl.watch.Watch.__init__", 1)
    result = crawl("Healthy", prelude=prelude)
    assert result.stats["leakwatch/verdict"] == "unwatched"
    assert result.stats["leakwatch/unwatched"] == "OSError: Too many open files"
    assert "LeakWatch can't watch the crawl" in result.log


def test_stats_that_are_refused_once_are_kept_later(crawl) -> None:
    prelude = failing("report.numbers.Tally.sample", 1)
    result = crawl("Leaking", prelude=prelude)
    assert result.stats["leakwatch/verdict"] == "leak"
    assert result.stats["leakwatch/samples"] > 1


FEW = """
import errno, os
from scrapy_leakwatch.judge.history import History

def refuse():
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

def keep(self, response):
    self.kept = [*getattr(self, "kept", []), response]
    return follow(self, response)

History.floors = lambda self, subject: ()  # nothing is proved then
os.fork = refuse
follow, spiders.Healthy.follow = spiders.Healthy.follow, keep
"""


def test_few_that_nobody_could_look_at_are_told_with_the_reason(crawl) -> None:
    result = crawl("Healthy", prelude=FEW, LEAKWATCH_BILL=False)
    assert result.stats["leakwatch/verdict"] == "inconclusive"
    reason = "who holds them is not known: fork refused: Resource temporarily unavail"
    assert reason in result.log
    assert result.lines("WARNING") == []


HANDLER = """
import logging
class Broken(logging.Handler):
    def emit(self, record):
        raise KeyError("the project's own")
logging.getLogger("scrapy_leakwatch").addHandler(Broken())
"""


def test_a_log_handler_that_raises_leaves_the_watch_alone(crawl) -> None:
    fault = failing("observe.sampler.Sampler.sample", 1)
    result = crawl("Leaking", "Healthy", prelude=HANDLER + fault)
    assert result.stats["leakwatch/verdict"] == "leak"
    (other,) = result.others
    assert other["item_scraped_count"] == 420
    assert other["leakwatch/verdict"] == "healthy"
    assert set(result.left.values()) == {0}
