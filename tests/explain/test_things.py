"""What helps follows from what is kept, not from the container that it is in."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import io
import logging
import re
import ssl
import subprocess
import sys
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from types import SimpleNamespace

import lxml.etree
import lxml.html
import pytest
from lxml.cssselect import CSSSelector
from scrapy import Request, Selector, Spider
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.dupefilters import RFPDupeFilter
from scrapy.http import HtmlResponse
from scrapy.loader import ItemLoader
from scrapy.pipelines.files import FilesPipeline, FSFilesStore
from scrapy.utils.misc import load_object
from twisted.internet.defer import Deferred, DeferredLock
from twisted.python.failure import Failure

from scrapy_leakwatch.explain import things
from scrapy_leakwatch.explain.accumulations import table, thing
from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.things import tables
from scrapy_leakwatch.internals.tables import TABLES

PAGE = "<html><head><title>one</title></head><body><p>two</p></body></html>"
ROOT = lxml.html.fromstring(PAGE)
MANY = 40


def helps(container, where="spider.kept"):
    """Return what helps against what is in a container."""
    entries = contents.pick(container)
    return things.remedy(entries, where, contents.form_of(container))


def class_at(path):
    """Return a class that says to be at a path."""
    module, _, name = path.rpartition(".")
    return type(name, (), {"__module__": module})


def ended(future):
    future.set_result(None)
    return future


def run_task(*, to_its_end):
    """Return a task of asyncio, which has ended or waits."""

    async def waits():
        await asyncio.Event().wait()

    async def ends():
        pass

    loop = asyncio.new_event_loop()
    task = loop.create_task(ends() if to_its_end else waits())
    loop.run_until_complete(asyncio.sleep(0, task))
    if not to_its_end:
        task.cancel()  # it is still pending until the loop runs
    loop.close()
    return task


def alive():
    task = run_task(to_its_end=False)
    task._log_destroy_pending = False
    return task


def fired():
    deferred = Deferred()
    deferred.callback(None)
    return deferred


def generator():
    yield


def waits():
    return lambda: 1


class Boss(Spider):
    name = "boss"


OF_WORK = [
    ({run_task(to_its_end=True)}, "`task.add_done_callback(spider.kept.discard)`"),
    ([run_task(to_its_end=True)], "make spider.kept a set: `task.add_done_callback("),
    ({"a": run_task(to_its_end=True)}, "lambda _: spider.kept.pop(key, None)"),
    ({alive()}, "most Tasks of spider.kept have not ended"),
    ({ended(Future())}, "`future.add_done_callback(spider.kept.discard)`"),
    ({Future()}, "faster than the threads do it"),
    ([fired()], "take each Deferred out of spider.kept when it has fired"),
    ([Deferred()], "none of those Deferreds of spider.kept has fired"),
    ([threading.Thread()], "ThreadPoolExecutor(max_workers=8)"),
    (
        [object.__new__(subprocess.Popen)],
        "take it out of spider.kept when it has ended",
    ),
    ([generator()], "run to its end, or close() it"),
]
OF_PAGES = [
    ([ROOT.xpath("//title/text()")[0]], "keep str(...) of each string in spider.kept"),
    ([(ROOT.xpath("//title/text()")[0], 1)], "smart_strings=False"),
    (CSSSelector("p")(ROOT), "keep lxml.html.tostring(element)"),
    ([lxml.etree.fromstring("<a><b/></a>")[0]], "keep lxml.etree.tostring(element)"),
    ([{"name": "a", "node": ROOT[1]}], "lxml.html.tostring(element)"),
    ([Selector(text=PAGE).css("p")[0]], "keep selector.get()"),
    ([Selector(text=PAGE).css("p")], "keep selector.getall()"),
    ({"a": HtmlResponse("http://a/")}, "keep response.url"),
    (deque([Request("http://a/")]), "yield each request"),
    ([re.search("p", PAGE)], "keep match.group(), or match.groups(), in spider.kept"),
    ({"a": memoryview(PAGE.encode())[:9]}, "keep bytes(view) in spider.kept"),
    ([ItemLoader()], "keep loader.load_item()"),
]
OF_OTHERS = [
    (
        [object.__new__(SharedMemory)],
        "close() and unlink() each SharedMemory when its work is done",
    ),
    ([io.BytesIO()], "write what is in each BytesIO to a file"),
    ([open(__file__)], "close() each TextIOWrapper when its work is done"),  # noqa: SIM115
    ([ValueError("no")], "keep str(error) in spider.kept, not the ValueError"),
    ([Failure(ValueError("no"))], "keep failure.getErrorMessage() in spider.kept"),
    ({"a": threading.Lock()}, "make spider.kept a weakref.WeakValueDictionary()"),
    ({"a": asyncio.Lock()}, "lets go of each Lock that nobody uses"),
    ({"a": asyncio.Semaphore()}, "weakref.WeakValueDictionary()"),
    ([DeferredLock()], "take each DeferredLock out of spider.kept"),
    ({weakref.ref(Boss)}, "make spider.kept a weakref.WeakSet()"),
    ({"a": weakref.ref(Boss)}, "make spider.kept a weakref.WeakValueDictionary()"),
    ([ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)], "make one SSLContext for the whole"),
    ([lxml.etree.XPath("//p")], "make one XPath for the whole crawl"),
    ({"a": re.compile("a")}, "leave it to re.search(pattern, text)"),
    ({"a": logging.getLogger("a")}, "use one for all"),
    ([logging.NullHandler()], "removeHandler()"),
    ([contextvars.ContextVar("a")], "make one ContextVar"),
    ([contextvars.copy_context()], "values of all variables"),
    ([type("Page", (), {})], "make the class once"),
    ({"a": waits()}, "write the function once"),
]
BY_PATH = [
    ("PIL.Image.Image", "such as its path, its size or a thumbnail"),
    ("numpy.ndarray", "such as its mean"),
    ("pandas.DataFrame", "such as Parquet"),
    ("pandas.core.frame.DataFrame", "such as Parquet"),
    ("polars.dataframe.frame.DataFrame", "such as Parquet"),
    ("pyarrow.lib.Table", "such as Parquet"),
    ("bs4.element.PageElement", "keep str(...) of each CLASS"),
    ("pymongo.operations.InsertOne", "bulk_write(spider.kept)"),
    ("pymongo.operations.UpdateOne", "every thousand"),
    ("django.db.models.base.Model", "bulk_create(spider.kept)"),
    ("playwright.async_api._generated.Page", "in the errback"),
    ("sqlalchemy.orm.session.Session", "end each when its page is done, by `close()`"),
    ("botocore.client.BaseClient", "make one CLASS for the whole crawl"),
]


@pytest.mark.parametrize(("container", "sentence"), OF_WORK + OF_PAGES + OF_OTHERS)
def test_what_is_kept_says_what_helps(container, sentence) -> None:
    said = helps(container)
    assert sentence in said
    assert "Bloom" not in said
    assert "{" not in said


@pytest.mark.parametrize(("path", "sentence"), BY_PATH)
@pytest.mark.parametrize("kind", [list, dict])
def test_things_of_libraries_are_known_by_their_paths(path, sentence, kind) -> None:
    own = type("Own", (class_at(path),), {})
    for cls in (class_at(path), own):
        many = [cls() for _ in range(MANY)]
        said = helps(many if kind is list else dict(enumerate(many)))
        assert sentence.replace("CLASS", cls.__name__) in said


@pytest.mark.parametrize(
    "container",
    [
        ["a", "b"],
        {"a": 1},
        {("a", 1)},
        [{"a": 1}],
        [("a", b"b")],
        [None],
        {"a": {"b": [1]}},
        [object()],
        [Boss],
        [len],
        [Boss(), "a", "b"],
        [{"lock": threading.Lock(), "task": fired()}],
        [],
    ],
)
def test_of_all_else_nothing_is_said(container) -> None:
    assert helps(container) == ""


@dataclass
class Row:
    name: str
    node: object


def test_a_part_of_a_row_that_is_heavy_is_told() -> None:
    rows = [Row("a", ROOT[1]) for _ in range(MANY)]
    assert "lxml.html.tostring(element)" in helps(rows)
    assert helps([Row("a", fired())] * MANY) == ""
    assert helps([*rows[:1], Row("a", None), Row("b", None)]) == ""


def test_a_cache_of_things_gets_a_small_bound() -> None:

    @functools.cache
    def parsed(text):
        return lxml.html.fromstring(text)

    parsed(PAGE)
    assert "@functools.lru_cache(maxsize=100)" in helps(parsed)


def way_to(owner, *names):
    way = [owner]
    for name in names:
        way.append(way[-1].__dict__)
        way.append(getattr(way[-2], name))
    return tuple(way)


def cookies():
    found = CookiesMiddleware()
    return way_to(found, "jars")


def cookies_of_one():
    jar = CookiesMiddleware().jars[None]
    middleware = CookiesMiddleware()
    middleware.jars[None] = jar
    return (*way_to(middleware, "jars"), jar, *way_to(jar.jar, "_cookies"))


def fingerprints():
    found = RFPDupeFilter()
    [name] = {"fingerprints", "_fingerprints"} & set(found.__dict__)
    return way_to(found, name)


def robots():
    found = RobotsTxtMiddleware.__new__(RobotsTxtMiddleware)
    found._parsers = {}
    return way_to(found, "_parsers")


def offsite():
    found = OffsiteMiddleware.__new__(OffsiteMiddleware)
    found.domains_seen = set()
    return way_to(found, "domains_seen")


def media():
    found = FilesPipeline.__new__(FilesPipeline)
    found.spiderinfo = FilesPipeline.SpiderInfo(Boss())
    return way_to(found, "spiderinfo", "downloaded")


def folders(tmp_path="/tmp"):
    return way_to(FSFilesStore(tmp_path), "created_directories")


def live_refs():
    from scrapy.utils import trackref

    return (trackref, trackref.__dict__, trackref.live_refs)


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        (cookies, "meta['cookiejar']"),
        (cookies_of_one, "the cookies of each domain stay"),
        (fingerprints, "DUPEFILTER_CLASS"),
        (robots, "ROBOTSTXT_OBEY = False"),
        (offsite, "allow_domains"),
        (media, "media_downloaded()"),
        (folders, "file_path()"),
        (live_refs, "update Scrapy"),
    ],
)
def test_a_table_of_scrapy_has_a_remedy_of_its_own(way, sentence) -> None:
    assert sentence in tables.remedy(way())


def test_cookies_of_somebody_else_are_not_those_of_scrapy() -> None:
    other = SimpleNamespace(_cookies={}, jars={}, downloaded={})
    for name in ("_cookies", "jars", "downloaded"):
        assert tables.remedy(way_to(other, name)) == ""


@pytest.mark.filterwarnings("ignore:The scrapy.spidermiddlewares.offsite module")
@pytest.mark.parametrize("each", TABLES, ids=lambda each: each.holder)
def test_each_table_has_words_and_what_is_installed_has_such_a_table(each) -> None:
    assert each.id in tables.REMEDIES
    package = each.holder.partition(".")[0]
    if package != "scrapy":
        pytest.importorskip(package)
    module = each.holder if each.id == "scrapy-live-refs" else ""
    try:
        found = sys.modules[module] if module else load_object(each.holder)
    except (ImportError, NameError):
        pytest.skip("not in this version")
    modules = [module] if module else [cls.__module__ for cls in found.__mro__[:-1]]
    source = "".join(inspect.getsource(sys.modules[name]) for name in modules)
    last = [names.rpartition(".")[2] for names in each.kept]
    assert not last or any(re.search(rf"\b{name}\b", source) for name in last)


def place(*way, path="Store.kept"):
    return SimpleNamespace(way=way, path=path, holder=way[-1], type="X")


def test_a_session_and_a_pipeline_are_told_to_send_what_they_have() -> None:
    session = class_at("sqlalchemy.orm.session.Session")()
    session._new = {1: 2}
    pipeline = type("Own", (class_at("redis.client.Pipeline"),), {})()
    pipeline.command_stack = [1]
    owner = SimpleNamespace(session=session, batch=pipeline)
    for way, sentence in (
        (way_to(owner, "session", "_new"), "commit() and expunge_all()"),
        (way_to(owner, "batch", "command_stack"), "execute() it every thousand"),
    ):
        assert table.KIND.is_one(place(*way))
        assert sentence in table.KIND.fix(place(*way), "", "project")


def test_labels_are_to_have_few_values() -> None:
    counter = class_at("prometheus_client.metrics.MetricWrapperBase")()
    counter._metrics = {("http://a/",): counter}
    assert "never by the URL" in tables.remedy(way_to(counter, "_metrics"))


def test_what_the_first_container_on_a_way_has_is_told_in_a_bill() -> None:
    elements = [lxml.html.fromstring(PAGE) for _ in range(MANY)]
    there = place(object(), elements, path="spider.kept")
    assert thing.KIND.is_one(there)
    assert "in spider.kept" in thing.KIND.fix(there, "spider", "project")
    inside = place(object(), elements, elements[0], path="spider.kept[*] › x")
    assert "in spider.kept:" in thing.KIND.fix(inside, "spider", "project")
    assert "not your code" in thing.KIND.fix(there, "the extension X", "library")


def test_attributes_are_no_crowd() -> None:
    owner = SimpleNamespace(first=io.BytesIO(), second=io.BytesIO())
    assert not thing.KIND.is_one(place(owner, owner.__dict__, owner.first))
