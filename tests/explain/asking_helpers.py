"""What the tests of the explain package share: waiting, and a crawler's skeleton."""

import gc
import logging
import os
import time
from types import SimpleNamespace

import pytest
from scrapy import Spider
from scrapy.core.scheduler import Scheduler
from scrapy.utils.log import LogCounterHandler
from scrapy.utils.test import get_crawler
from scrapy.utils.trackref import live_refs

from scrapy_leakwatch.explain import Question, explain_in_child

PATIENCE_S = 60


class Quiet(Spider):
    name = "quiet"

    def parse_product(self, response):
        pass


def result_of(asked):
    """Poll until there is a result; fail when there never is one."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = asked.poll()
        if found is not None:
            return found
        time.sleep(0.01)
    raise AssertionError("the child never answered")


def assert_reaped(pid):
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def crawler_with_scheduler():
    """Return a crawler whose scheduler is real and whose engine never runs."""
    # What earlier tests leaked must not be in the sample. Some Scrapys keep a crawler
    # in a handler of the log until its engine stops.
    for handler in logging.root.handlers[:]:
        if isinstance(handler, LogCounterHandler):
            logging.root.removeHandler(handler)
    gc.collect()
    crawler = get_crawler(
        Quiet, {"SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue"}
    )
    crawler.spider = Quiet.from_crawler(crawler)
    scheduler = Scheduler.from_crawler(crawler)
    slot = SimpleNamespace(scheduler=scheduler)
    crawler.engine = SimpleNamespace(_slot=slot)
    scheduler.open(crawler.spider)
    return crawler, scheduler


def explain(cls, crawler, timeout_s=PATIENCE_S, **known):
    """Return the explanation of all live instances of ``cls``."""
    table = live_refs[cls]
    question = Question(cls.__name__, cls.__qualname__, "quiet", len(table), **known)
    return result_of(explain_in_child(question, (cls,), crawler, timeout_s))
