"""The census of containers: what it finds, calls by name, leaves out and costs."""

from __future__ import annotations

import gc
import sys
import weakref
from collections import Counter, OrderedDict, UserDict, defaultdict, deque
from types import ModuleType, SimpleNamespace

import pytest
from scrapy import Spider
from scrapy.core.scheduler import Scheduler
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.dupefilters import RFPDupeFilter
from scrapy.http.cookies import CookieJar
from scrapy.pipelines.files import FilesPipeline
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.observe.census import containers, routes
from scrapy_leakwatch.observe.census.containers import Census
from scrapy_leakwatch.observe.census.shapes import Shapes

pytestmark = pytest.mark.usefixtures("walk_on_each_look")

MANY = 200
LOOKS = 60


@pytest.fixture
def project(monkeypatch):
    """Return a function that makes a module of the project from its source."""
    monkeypatch.setitem(sys.modules, "bazaar", ModuleType("bazaar"))

    def module(name: str, source: str = "") -> ModuleType:
        made = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, made)
        exec(source, vars(made))
        return made

    return module


def crawler_of(spider=None, *, pipelines=(), middlewares=(), extensions=(), df=None):
    """Return a crawler with these parts, whose engine never runs."""
    return SimpleNamespace(
        settings=Settings({"SPIDER_MODULES": ["bazaar.spiders"]}),
        spider=spider,
        extensions=managing(extensions),
        engine=SimpleNamespace(
            scraper=SimpleNamespace(itemproc=managing(pipelines)),
            downloader=SimpleNamespace(middleware=managing(middlewares)),
            _slot=SimpleNamespace(scheduler=SimpleNamespace(df=df)),
        ),
    )


def managing(components):
    return SimpleNamespace(middlewares=tuple(components))


def told(crawler, looks=LOOKS, least=100):
    """Return by name what a census tells after some looks."""
    census = Census(crawler, least)
    for _ in range(looks - 1):
        census.take()
    return {each.name: each for each in census.take()}


class Shop(Spider):
    name = "shop"


class Helper:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("seen",)


def shop(**attributes):
    spider = Shop()
    spider.__dict__.update(attributes)
    return spider


def many(kind=list):
    return kind(range(MANY))


@pytest.mark.parametrize(
    ("container", "kind"),
    [
        (many(), "list"),
        (many(set), "set"),
        (dict.fromkeys(range(MANY)), "dict"),
        (many(deque), "deque"),
        (defaultdict(list, dict.fromkeys(range(MANY))), "defaultdict"),
        (OrderedDict.fromkeys(range(MANY)), "OrderedDict"),
        (Counter(range(MANY)), "Counter"),
    ],
)
def test_the_length_of_each_kind_of_container_is_told(container, kind):
    found = told(crawler_of(shop(kept=container)))["spider.kept"]
    assert (found.type, found.len) == (kind, MANY)
    assert (found.owner, found.origin, found.bounded) == ("spider", "project", False)


@pytest.mark.parametrize(
    "value", [tuple(range(MANY)), frozenset(range(MANY)), "x" * MANY]
)
def test_what_can_not_grow_is_not_told(value):
    assert told(crawler_of(shop(kept=value))) == {}


def test_what_is_small_is_left_out_until_it_has_grown():
    spider = shop(seen=set(range(99)))
    census = Census(crawler_of(spider), 100)
    assert census.take() == census.take() == ()
    spider.seen.add(99)
    assert [each.len for each in census.take()] == [100]


def test_the_way_to_a_container_is_its_name():
    slotted = Slotted()
    slotted.seen = many()
    spider = shop(
        helper=Helper(seen=many(), inner=Helper(by_kind={"product": many()})),
        slotted=slotted,
        by_kind={"product": many(), 7: many(), b"raw": many(), None: many()},
        pair=(many(), many(set)),
        nested=[[many()]],
        wrapped=UserDict(dict.fromkeys(range(MANY))),
    )
    assert told(crawler_of(spider)).keys() == {
        "spider.helper.seen",
        "spider.helper.inner.by_kind['product']",
        "spider.slotted.seen",
        "spider.by_kind['product']",
        "spider.by_kind[7]",
        "spider.by_kind[b'raw']",
        "spider.by_kind[None]",
        "spider.pair[0]",
        "spider.pair[1]",
        "spider.nested[0][0]",
        "spider.wrapped.data",
    }


def test_keys_of_other_classes_are_counted():
    spider = shop(by_kind={("a", 1): [], Helper: many(), ("b", 2): many()})
    assert told(crawler_of(spider)).keys() == {
        "spider.by_kind[type #1]",
        "spider.by_kind[tuple #2]",
    }


def test_a_large_container_is_counted_and_not_looked_into():
    spider = shop(pages={number: many() for number in range(MANY)})
    assert told(crawler_of(spider)).keys() == {"spider.pages"}


def test_a_key_shows_no_secret_no_line_end_and_is_cut():
    long, url = "x" * 150, "http://me:hush@shop/?token=hush\x1b\n"
    found = told(crawler_of(shop(by={long: many(), url: many(), "a" * 300: many()})))
    names = "".join(found)
    assert len(found) == 3
    assert "hush" not in names
    assert names.isprintable()
    assert max(map(len, found)) < 90


def test_a_number_too_long_to_write_out_is_counted_as_a_key():
    spider = shop(by={1 << 20_000: many(), -(1 << 20_000): many(), 1 << 600: many()})
    short, *long = sorted(told(crawler_of(spider)))
    assert short.startswith("spider.by[4149515568")
    assert long == ["spider.by[int #0]", "spider.by[int #1]"]


def test_two_keys_that_are_cut_to_the_same_text_have_two_names():
    spider = shop(by={"x" * 100 + "1": many(), "x" * 100 + "2": many(set)})
    assert len(told(crawler_of(spider))) == 2


def test_an_object_with_two_ways_to_it_is_told_once():
    seen = many(set)
    pipeline = Helper(seen=seen)
    spider = shop(seen=seen, same=seen, pipeline=pipeline)
    pipeline.spider = spider
    assert len(told(crawler_of(spider, pipelines=(pipeline,)))) == 1


def test_classes_and_their_bases_have_their_attributes(project):
    module = project(
        "bazaar.spiders",
        """
from functools import lru_cache
from scrapy import Spider
MANY = list(range(200))

class Base(Spider):
    CACHE = dict.fromkeys(MANY)

class Books(Base):
    name = "books"
    seen = set(MANY)

    @staticmethod
    @lru_cache(maxsize=None)
    def price(text):
        return text
""",
    )
    for number in range(MANY):
        module.Books.price(number)
    found = told(crawler_of(module.Books()))
    assert {name: each.owner for name, each in found.items()} == {
        "Books.seen": "class Books",
        "Books.price": "class Books",
        "Base.CACHE": "class Base",
        "bazaar.spiders.MANY": "module bazaar.spiders",
    }
    assert found["Books.price"].type == "lru_cache"
    assert {each.origin for each in found.values()} == {"project"}


def test_modules_of_the_project_have_their_globals(project):
    importing = project("bazaar.importing")
    source = """
from bazaar.cache import CACHE, Cache, price
class Cache2: rows = list(range(200))
class Store:
    def __init__(self): self.rows = list(range(200))
STORE = Store()
"""
    module = project(
        "bazaar.cache",
        """
from functools import lru_cache
CACHE = dict.fromkeys(range(200))
class Cache: rows = list(range(200))
@lru_cache(maxsize=300)
def price(text): return text
""",
    )
    vars(importing).update(Cache=module.Cache, price=module.price)
    project("bazaar.other", source)
    project("elsewhere.cache", source)
    for number in range(MANY):
        module.price(number)
    found = told(crawler_of(shop()))
    assert found.keys() == {
        "bazaar.cache.CACHE",
        "bazaar.cache.price",
        "bazaar.other.STORE.rows",
        "Cache.rows",
        "Cache2.rows",
    }
    assert found["bazaar.cache.price"].bounded
    assert found["bazaar.other.STORE.rows"].owner == "module bazaar.other"
    assert found["Cache.rows"].owner == "class Cache"


def test_what_a_library_s_class_has_is_not_the_project_s():
    names = {"__module__": "scrapy.spiders.other", "rows": many()}
    base = type("Base", (Spider,), names)
    assert told(crawler_of(type("Books", (base,), {"name": "books"})())) == {}


def test_a_maxlen_is_a_bound():
    spider = shop(last=deque(range(MANY), maxlen=MANY), all=deque(range(MANY)))
    found = told(crawler_of(spider))
    assert {name: each.bounded for name, each in found.items()} == {
        "spider.last": True,
        "spider.all": False,
    }


def test_components_are_called_by_their_class():
    crawler = crawler_of(
        shop(), pipelines=(Helper(seen=many()),), extensions=(Slotted(), None)
    )
    found = told(crawler)["Helper.seen"]
    assert found.owner == "item pipeline Helper"


def test_components_of_one_class_have_names_of_their_own():
    components = tuple(Helper(seen=many()) for _ in range(3))
    other = type("Helper", (), {"__module__": "bazaar"})()
    other.seen = many()
    crawler = crawler_of(shop(), pipelines=components, middlewares=(other,))
    assert told(crawler).keys() == {
        "Helper.seen",
        "tests.test_containers.Helper.seen",
        "tests.test_containers.Helper (2).seen",
        "bazaar.Helper.seen",
    }


class OwnFilter(RFPDupeFilter):
    def __init__(self):
        super().__init__()
        self.own = many()


def fill(container):
    container.update(dict.fromkeys(map(str, range(MANY))))


@pytest.mark.parametrize("cls", [RFPDupeFilter, OwnFilter])
def test_what_scrapy_remembers_of_requests_is_the_library_s(cls):
    seen = cls()
    fill(getattr(seen, "_fingerprints", None) or vars(seen).get("fingerprints", set()))
    for name in ("_fingerprints", "fingerprints"):
        if name in vars(seen):
            fill(vars(seen)[name])
    found = told(crawler_of(shop(), df=seen))
    fingerprints = found.pop(f"{cls.__name__}.fingerprints")
    assert fingerprints.owner == f"duplicate filter {cls.__name__}"
    assert fingerprints.origin == "library"
    assert {name: each.origin for name, each in found.items()} == (
        {"OwnFilter.own": "project"} if cls is OwnFilter else {}
    )


def test_caches_of_scrapy_are_the_library_s():
    crawler = get_crawler()
    cookies = CookiesMiddleware()
    cookies.jars[None] = jar = CookieJar()
    fill(jar.jar._cookies)
    robots = RobotsTxtMiddleware.__new__(RobotsTxtMiddleware)
    robots._parsers = dict.fromkeys(range(MANY))
    files = FilesPipeline.__new__(FilesPipeline)
    files.spiderinfo = FilesPipeline.SpiderInfo(shop())
    fill(files.spiderinfo.downloaded)
    files.crawler = crawler
    found = told(crawler_of(shop(), pipelines=(files,), middlewares=(cookies, robots)))
    assert {name: each.origin for name, each in found.items()} == dict.fromkeys(
        [
            "CookiesMiddleware.jars[None].jar._cookies",
            "RobotsTxtMiddleware._parsers",
            "FilesPipeline.spiderinfo.downloaded",
        ],
        "library",
    )


def test_what_the_ledger_counts_and_leakwatch_itself_are_left_out():
    crawler = get_crawler()
    scheduler = type("Own", (Scheduler,), {})(None)
    scheduler.mqs = many()
    extension = LeakWatch(crawler, None)
    extension.kept = many()
    stats = type("OwnStats", (type(crawler.stats),), {})(crawler)
    stats._stats = dict.fromkeys(range(MANY))
    keeper = Helper(scheduler=scheduler, stats=stats, watch=extension, crawler=crawler)
    assert told(crawler_of(shop(keeper=keeper), extensions=(extension,))) == {}


def test_growing_containers_are_told_before_larger_ones():
    fixed = {f"fixed_{number}": [0] * 1000 for number in range(300)}
    spider = shop(**fixed, seen=[])
    census = Census(crawler_of(spider), 100)
    for _ in range(3 * LOOKS):
        found = census.take()
        spider.seen.extend(range(3))
    assert len(found) == 50
    assert "spider.seen" in {each.name for each in found}


def test_a_container_that_is_gone_is_told_no_more():
    spider = shop(seen=many(), by={"a": many()})
    census = Census(crawler_of(spider), 100)
    assert len(census.take()) == 2
    del spider.seen
    spider.by["a"] = []
    assert census.take() == ()
    spider.seen = many(set)
    assert told_once(census, LOOKS)["spider.seen"].type == "set"


@pytest.mark.parametrize("outer", [[], {}, deque()])
def test_what_a_container_has_is_told_until_it_is_large_itself(outer):
    spider = shop(outer=outer)
    add = outer.__setitem__ if type(outer) is dict else outer.insert
    add(0, many())
    census = Census(crawler_of(spider), 100)
    assert [each.name for each in census.take()] == ["spider.outer[0]"]
    for number in range(1, 40):
        add(number, [])
    assert census.take() == ()


def test_a_class_in_the_place_of_another_in_memory_is_not_taken_for_it():
    shapes = Shapes()
    kinds = [type("Rows", (list,), {}), type("Row", (), {})]
    first, second = (kind() for kind in kinds)
    shapes._known[id(kinds[1])] = shapes.of(first)
    assert (shapes.of(first).name, shapes.of(second).name) == ("Rows", "Row")


def told_once(census, looks):
    for _ in range(looks - 1):
        census.take()
    return {each.name: each for each in census.take()}


def test_a_container_is_found_by_its_name_with_what_leads_to_it():
    spider = shop(helper=Helper(by={"a": many()}))
    census = Census(crawler_of(spider), 100)
    told_once(census, 3)
    trail = census.container("spider.helper.by['a']")
    assert trail == (spider, spider.helper, spider.helper.by, spider.helper.by["a"])
    assert census.container("spider.other") is None
    del spider.helper
    assert census.container("spider.helper.by['a']") is None


def test_nothing_of_the_crawl_is_kept_from_look_to_look():
    class Rows(list):
        pass

    spider = shop(helper=Helper(rows=Rows(range(MANY)), by={"a": Helper(x=Rows())}))
    crawler = crawler_of(spider, pipelines=(Helper(rows=Rows(range(MANY))),))
    kept = [spider, spider.helper, spider.helper.rows, spider.helper.by["a"], Rows]
    kept.append(crawler.engine.scraper.itemproc.middlewares[0])
    dead = list(map(weakref.ref, kept))
    census = Census(crawler, 100)
    assert len(told_once(census, 5)) == 2
    del kept, spider, Rows
    crawler.spider = crawler.engine = None
    gc.collect()
    assert [reference() for reference in dead] == [None] * 6
    assert told_once(census, 5) == {}


@pytest.mark.parametrize("number", [300, 100_000])
def test_a_look_takes_few_steps_however_large_the_project_is(number):
    lists = {f"list_{each}": many() for each in range(1000)}
    helpers = {f"helper_{each}": Helper(x=Helper(y=[])) for each in range(number)}
    census = Census(crawler_of(shop(seen=many(), **lists, **helpers)), 100)
    left = []
    for _ in range(100):
        census.take()
        left += [census._near.budget.left, census._far.budget.left]
    assert len(census._known) <= containers.MOST_KNOWN + containers.MOST_YOUNG
    assert max(left) <= containers.FIRST_STEPS
    assert min(left) > -5_000


def test_the_walk_goes_on_where_it_stopped(project):
    for number in range(100):
        values = {f"value_{each}": each for each in range(1000)}
        module = project(f"bazaar.part_{number}")
        vars(module).update(values, CACHE=dict.fromkeys(range(MANY)))
    crawler = crawler_of(shop())
    assert len(told(crawler, 5)) < 50
    census = Census(crawler, 100)
    names = set()
    for _ in range(600):
        names |= {each.name for each in census.take()}
        names |= census._known.keys()
    assert len([name for name in names if name.startswith("bazaar")]) == 100
    assert len(census._known) <= containers.MOST_KNOWN + containers.MOST_YOUNG


def test_a_container_of_the_spider_is_found_soon_in_a_large_project(project):
    for number in range(100):
        module = project(f"bazaar.part_{number}")
        vars(module).update({f"value_{each}": [] for each in range(1000)})
    spider = shop()
    census = Census(crawler_of(spider), 100)
    told_once(census, 5)
    spider.seen = many()
    assert "spider.seen" in told_once(census, 3)


def test_a_container_that_another_thread_changes_is_left_for_later(monkeypatch):
    spider = shop(seen=many(), helper=Helper(seen=many()))
    census = Census(crawler_of(spider), 100)
    read = routes._READ["instance"]

    def changed(shapes, obj):
        if type(obj) is Helper:
            raise RuntimeError("dictionary changed size during iteration")
        return read(shapes, obj)

    monkeypatch.setitem(routes._READ, "instance", changed)
    assert told_once(census, LOOKS).keys() == {"spider.seen"}
    monkeypatch.undo()
    assert len(told_once(census, LOOKS)) == 2
