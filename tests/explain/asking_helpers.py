"""What the tests of the explain package share: waiting, and a crawler's skeleton."""

import gc
import importlib.util
import logging
import os
import sys
import textwrap
import time
from types import SimpleNamespace

import pytest
from scrapy import Spider
from scrapy.core.scheduler import Scheduler
from scrapy.utils.log import LogCounterHandler
from scrapy.utils.test import get_crawler
from scrapy.utils.trackref import live_refs

from scrapy_leakwatch.explain import Question, explain_in_child
from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.foundation import lines

PATIENCE_S = 60
OLD = 1_000_000_000
"""When a file of source was written, in seconds of the epoch: before the process."""


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


def project_of(text, tmp_path, monkeypatch):
    """Write and import ``shop``, the one module of a project in this folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "shop.py"
    file.write_text(textwrap.dedent(text))
    os.utime(file, (OLD, OLD))
    spec = importlib.util.spec_from_file_location("shop", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "shop", module)
    spec.loader.exec_module(module)
    for cache in (source._project_files, lines.lines, lines.tree_of):
        cache.cache_clear()
    return module
