"""Nothing of a crawl's objects is run by LeakWatch, in the crawl or in its child."""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from abc import ABC
from types import MethodType, SimpleNamespace

import pytest
from pydispatch import dispatcher
from scrapy import Request, Spider
from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.config import _shown as shown
from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.explain import asking
from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.heap.opaque import open_up
from scrapy_leakwatch.heap.roots import Outside, process
from scrapy_leakwatch.heap.sizes import rule
from scrapy_leakwatch.internals import queues
from scrapy_leakwatch.internals.crawlers import open_crawlers
from scrapy_leakwatch.internals.versions import local_stats
from scrapy_leakwatch.observe import browsers, live_refs, origin
from scrapy_leakwatch.observe.census.shapes import Shapes
from scrapy_leakwatch.observe.resources import naming
from scrapy_leakwatch.observe.resources.closing import _receivers
from scrapy_leakwatch.observe.resources.kinds import (
    delayed_call,
    logging_handler,
    temporary_directory,
    thread,
)
from scrapy_leakwatch.observe.resources.owners import Owner
from scrapy_leakwatch.observe.resources.reach import Reach
from tests import hostile
from tests.heap.walkers import FOREVER, WALKERS

PRELUDE = """
import hostile_spiders
spiders.Asking = hostile_spiders.Asking
"""


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """Return the file of what was asked."""
    path = tmp_path / "notes"
    path.touch()
    monkeypatch.setenv(hostile.FILE, str(path))
    return path


def noted(notes):
    return sorted(set(notes.read_text().splitlines()))


ASKS = compile("ask(it)", hostile.PACKAGE + "asking.py", "exec")


@pytest.mark.parametrize(
    ("it", "ask", "name"),
    [
        (hostile.List(), len, "__len__"),
        (hostile.Plain(), hash, "__hash__"),
        (hostile.Plain(), lambda it: isinstance(it, int), "__class__"),
        (hostile.Plain(), lambda it: getattr(it, "any", None), "__getattribute__"),
        (hostile.List([1]), list, "__iter__"),
        (hostile.Text("a"), str.upper, None),
        (hostile.Lying(), vars, "__dict__"),
        (hostile.WithMeta, hash, "class.__hash__"),
        (hostile.WithMeta, lambda it: it.__name__, "class.__name__"),
    ],
)
def test_who_asks_of_leakwatch_is_noted_and_others_are_not(notes, it, ask, name):
    ask(it)
    assert noted(notes) == []
    exec(ASKS, {"ask": ask, "it": it})
    told = [line.split(" in the crawl by ") for line in noted(notes)]
    if name is None:
        assert told == []
    else:
        assert [name, "asking.py:1"] in told


@pytest.mark.parametrize("bill", [False, True])
def test_a_crawl_full_of_hostile_objects_is_told_right_and_none_is_asked(
    crawl, notes, bill
) -> None:
    result = crawl(
        "Asking",
        prelude=PRELUDE,
        EXTENSIONS={"scrapy_leakwatch.LeakWatch": 500, "hostile_spiders.Extension": 1},
        ITEM_PIPELINES={"hostile_spiders.Pipeline": 1},
        LEAKWATCH_BILL=bill,
    )
    assert noted(notes) == []
    assert result.lines("ERROR") == []
    # With bills a slow crawl tells of the same by its weight first.
    if not bill or "spider.kept grows without bound: " not in result.log:
        assert "HtmlResponse is leaking: " in result.lines("WARNING")[0]
        assert "\n  held by   spider.kept[*].page  (" in result.log
    assert "unreleased: DelayedCall Extension.wait in " in result.log
    assert result.left["children"] == result.left["frozen"] == 0


@pytest.mark.parametrize("cls", hostile.CLASSES, ids=lambda cls: str(type(cls)))
def test_a_hostile_class_is_read_and_not_asked(notes, cls) -> None:
    it = cls()
    read = [anatomy.name(cls), anatomy.qualname(cls), class_path(cls)]
    assert all(type(text) is str for text in read)
    assert anatomy.defined(cls, "a_property") is anatomy.namespace(cls).get(
        "a_property"
    )
    list(anatomy.attributes(it))
    shape = Shapes().of(it)
    shape.table_of(it)
    assert open_up(it) == (0, [])
    assert type(rule(cls)) is tuple
    assert naming.name_of(it)
    assert shown(it).startswith("an object of ")
    assert shown(cls)
    assert noted(notes) == []


@WALKERS
@pytest.mark.parametrize("name", hostile.PROXIES)
def test_what_a_proxy_stands_for_is_neither_asked_nor_made(notes, name, walker) -> None:
    proxy = hostile.PROXIES[name]()
    list(anatomy.attributes(proxy))
    Shapes().of(proxy).table_of(proxy)
    list(Reach((Owner("spider", SimpleNamespace(proxy=proxy)),)).things())
    found = walker(rule)
    found.run([found.enter([proxy])], False, FOREVER)
    assert open_up(proxy) == (0, [])
    assert shown(proxy).startswith("an object of ")
    assert noted(notes) == []


class OfAnybody(ABC):  # noqa: B024
    @classmethod
    def __subclasshook__(cls, other):
        hostile.note("__subclasshook__")
        return True


def function():
    pass


function.__name__ = function.__qualname__ = hostile.Text("function")


Tracked = hostile.of_class("Tracked", object_ref, metaclass=hostile.Meta)


class NamedByCode(threading.Thread):
    name = ident = property(lambda _: hostile.note("name") or "told")


def look_at_text():
    redact.text(hostile.Text("text"))


def look_at_spiders():
    known = open_crawlers()
    kept = Tracked(), Spider("spider"), Spider("spider")
    kept[1].crawler, kept[2].crawler = hostile.Plain(), hostile.WithMeta()
    assert open_crawlers() == known


def look_at_callbacks():
    request = Request("http://shop.example/")
    request.callback = MethodType(function, hostile.Plain())
    assert origin.share_of(None, Request, 0) is None


def look_at_pages():
    request = Request("http://shop.example/", meta={browsers.PAGE: hostile.Plain()})
    request.callback = hostile.Plain()
    watched = browsers.Browsers(SimpleNamespace(spider=hostile.Plain()))
    watched._left(request)
    watched._reached(request)


def look_at_stats_and_scheduler():
    assert not local_stats(hostile.WithMeta())
    assert queues.length(hostile.WithMeta(), "mqs") is None
    assert queues._counted(hostile.WithMeta(), "memory") is None


def look_at_ignored_classes():
    request = Request("http://shop.example/")
    records = live_refs.as_records(live_refs.alive(), (OfAnybody,))
    assert request.callback is None
    assert not any(record.ignored for record in records)


def look_at_receivers():
    receiver, sender, signal = hostile.Plain(), SimpleNamespace(), object()
    by_signal = dispatcher.connections.setdefault(id(sender), {})
    by_signal[signal] = [receiver, MethodType(function, receiver)]
    try:
        assert _receivers(sender, signal)[0] is receiver
    finally:
        del dispatcher.connections[id(sender)]


def look_at_log_handlers():
    logger = logging.getLogger("tests.hostile")
    before, logger.handlers = logger.handlers, hostile.List()
    try:
        list(logging_handler.KIND.find(Reach()))
    finally:
        logger.handlers = before


def look_at_directories():
    with tempfile.TemporaryDirectory() as path:
        directory = tempfile.TemporaryDirectory.__new__(tempfile.TemporaryDirectory)
        vars(directory).update(name=path, _finalizer=hostile.Plain())
        reach = Reach((Owner("spider", SimpleNamespace(kept=directory)),))
        assert list(temporary_directory.KIND.find(reach)) == []


def look_at_threads():
    over = threading.Event()
    started = NamedByCode(target=function, args=(hostile.Plain(), over))
    started.run = over.wait
    started.start()
    try:
        assert any(live.thing is started for live in thread.KIND.find(Reach()))
        asking._outside(sys._getframe())
    finally:
        over.set()
        started.join()


def look_at_timers():
    given = (hostile.List(), hostile.Dict(), None)
    delayed_call.waiting(delayed_call.KIND, hostile.Plain(), function, given, 1.0)


def look_at_signal_handlers():
    handlers = (hostile.Plain(), hostile.List())
    (found, _) = process.roots(None, Outside(handlers=handlers))
    assert len(found.starts) == len(handlers)


@pytest.mark.parametrize(
    "look",
    [
        look_at_text,
        look_at_spiders,
        look_at_callbacks,
        look_at_pages,
        look_at_stats_and_scheduler,
        look_at_ignored_classes,
        look_at_receivers,
        look_at_log_handlers,
        look_at_directories,
        look_at_threads,
        look_at_timers,
        look_at_signal_handlers,
    ],
)
def test_nothing_is_asked_at_the_borders(notes, look) -> None:
    look()
    assert noted(notes) == []
