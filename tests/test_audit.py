"""What is left of a crawl, without a crawl: looked for again before it is told."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config
from scrapy_leakwatch.crawl import audit as audits
from scrapy_leakwatch.crawl.audit import Audit
from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.records import Survivors
from tests.test_unreleased_told import taken

LOOKS = (0.0, 0.0, 0.0)


class Search:
    """Finds what the test says, look by look; the last for ever."""

    def __init__(self, *found):
        self.found = list(found)
        self.looks = 0
        self.ended = False

    def left(self):
        self.looks += 1
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(found, Exception):
            raise found
        return found

    def end(self):
        self.ended = True


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    async def at_once():
        return None

    monkeypatch.setattr(audits, "pause", lambda seconds: at_once())
    monkeypatch.setattr(audits, "maybe_deferred_to_future", lambda waiting: waiting)
    monkeypatch.setattr(audits.runs, "survivors", lambda few: None)
    monkeypatch.setattr(audits.runs, "end", lambda *seen, pinned: None)


def verdicts(search):
    config = Config.from_settings(Settings())
    crawler = SimpleNamespace(spider=None)
    guard = Guard("see what is left", None)
    audit = Audit(crawler, config, guard, lambda *seen: search, LOOKS)
    return asyncio.run(audit.verdicts("shop"))


def test_what_stays_through_all_looks_is_told() -> None:
    search = Search((taken(),))
    ((verdict, _),) = verdicts(search)
    assert verdict.kind == "unreleased"
    assert (search.looks, search.ended) == (len(LOOKS), True)


def test_what_is_gone_after_a_few_turns_is_not() -> None:
    search = Search((taken(),), (taken(),), ())
    assert verdicts(search) == []
    assert search.looks == 3


def test_where_nothing_is_left_one_look_is_enough() -> None:
    search = Search(())
    assert verdicts(search) == []
    assert search.looks == 1


def test_who_holds_the_crawlers_is_not_asked_beside_another_question(
    monkeypatch,
) -> None:
    monkeypatch.setattr(audits.Inquiry, "under_way", lambda: "another")
    monkeypatch.setattr(audits, "WAIT_S", 0.0)
    monkeypatch.setattr(audits, "explain_in_child", None)
    config = Config.from_settings(Settings())
    guard = Guard("see what is left", None)
    audit = Audit(SimpleNamespace(spider=None), config, guard)
    found = asyncio.run(audit._holders(Survivors(9, 9, (1, 5, 9)), set(), "shop"))
    assert found.reason == "another look into the process was under way all the time"
    assert not guard.off


def test_a_search_that_fails_is_logged_and_nobody_is_accused(caplog) -> None:
    search = Search((taken(),), RuntimeError("a strange socket"))
    with caplog.at_level(logging.ERROR, "scrapy_leakwatch"):
        assert verdicts(search) == []
    assert len(caplog.records) == 1
    assert search.ended
