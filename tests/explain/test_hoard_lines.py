"""The line that adds to a container, and those that take out of it."""

import importlib.util
import os
import sys
import textwrap
import threading
from collections import Counter, OrderedDict
from functools import partial
from types import SimpleNamespace

import pytest
from scrapy import Spider
from scrapy.dupefilters import RFPDupeFilter
from scrapy.settings import Settings
from scrapy.utils.datatypes import LocalCache
from test_hoards import MANY, Quiet, crawler_of, explain, kept

from scrapy_leakwatch.explain.code import expressions, source
from scrapy_leakwatch.foundation import lines
from scrapy_leakwatch.observe.census.containers import Census
from scrapy_leakwatch.records import PathStep

OLD = 1_000_000_000


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes and imports a module of a project."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        file = tmp_path / f"{name}.py"
        file.write_text(textwrap.dedent(text))
        os.utime(file, (OLD, OLD))
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        for cache in (source._project_files, lines.lines, lines.tree_of):
            cache.cache_clear()
        return module

    return write


ADDERS = """
    from functools import lru_cache
    from scrapy import Spider
    PRICES = {}
    HELPER = None

    class Store:
        def __init__(self):
            self.rows = list(range(200))

        def put(self, row):
            self.rows.append(row)  # rows

    class Base(Spider):
        CACHE = {}

    class Shop(Base):
        name = "shop"

        def __init__(self, urls=()):
            super().__init__()
            self.seen = set(urls)
            self.by_kind = {"product": [], "shop": []}
            self.by_url = {}
            self.texts = {}
            self.flags = {}
            self.kept = []
            self.twice = []
            self.store = Store()

        def parse(self, response):
            self.seen.add(response.url)  # seen
            self.by_kind["product"].append(response.url)  # product
            self.by_kind["shop"].append(response.url)  # shop
            self.by_url.setdefault(response.url, []).append(1)  # by_url
            self.texts[response.url] = response.text  # texts
            self.flags[response.url] = True  # flags
            self.kept = [*self.kept, response.url]  # kept
            self.twice.append(1)  # twice
            self.twice.append(2)
            self.CACHE[response.url] = 1  # CACHE
            PRICES[response.url] = 1  # PRICES

    class Dedup:
        def __init__(self):
            self.seen = set()

        def process_item(self, item):
            self.seen |= {item["url"]}  # Dedup
            return item
"""


def filled(kind):
    return {
        set: set(map(str, range(MANY))),
        list: list(range(MANY)),
        dict: dict.fromkeys(map(str, range(MANY)), 1),
    }[kind]


def line_of(mark):
    lines = textwrap.dedent(ADDERS).split("\n")
    number = next(n for n, line in enumerate(lines, 1) if line.endswith(f"# {mark}"))
    return f"adders.py:{number}"


@pytest.mark.parametrize(
    ("attribute", "kind", "mark"),
    [
        ("seen", set, "seen"),
        ("by_url", dict, "by_url"),
        ("texts", dict, "texts"),
        ("flags", dict, "flags"),
        ("kept", list, "kept"),
    ],
)
def test_the_line_that_adds_to_it_is_named(project, attribute, kind, mark):
    spider = project("adders", ADDERS).Shop()
    container = filled(kind)
    setattr(spider, attribute, container)
    found = explain(f"spider.{attribute}", (spider, container))
    assert (found.location, found.likely) == (line_of(mark), False)
    assert found.code.endswith(f"# {mark}")


def test_the_line_that_adds_at_the_key_is_named(project):
    spider = project("adders", ADDERS).Shop()
    for key in ("product", "shop"):
        spider.by_kind[key] = list(range(MANY))
        trail = (spider, spider.by_kind, spider.by_kind[key])
        found = explain(f"spider.by_kind['{key}']", trail)
        assert (found.location, found.likely) == (line_of(key), False)


def test_one_of_two_lines_is_only_likely(project):
    spider = project("adders", ADDERS).Shop()
    spider.twice = list(range(MANY))
    found = explain("spider.twice", (spider, spider.twice))
    assert (found.location, found.likely) == (line_of("twice"), True)


def test_no_line_is_better_than_a_wrong_one(project):
    spider = project("adders", ADDERS).Shop()
    spider.other = list(range(MANY))
    found = explain("spider.other", (spider, spider.other))
    assert (found.location, found.code, found.likely) == (None, None, False)


def test_the_line_of_a_helper_a_class_a_module_and_a_component(project):
    module = project("adders", ADDERS)
    spider, pipeline = module.Shop(), module.Dedup()
    crawler = crawler_of(spider, pipeline)
    for container in (module.PRICES, module.Base.CACHE):
        container.update(filled(dict))
    pipeline.seen.update(map(str, range(MANY)))
    cases = {
        "rows": ("spider.store.rows", (spider, spider.store, spider.store.rows)),
        "CACHE": ("Base.CACHE", (module.Base, module.Base.CACHE)),
        "PRICES": ("adders.PRICES", (vars(module), module.PRICES)),
        "Dedup": ("Dedup.seen", (pipeline, pipeline.seen)),
    }
    for mark, (name, trail) in cases.items():
        found = explain(name, trail, crawler, owner="somebody")
        assert (found.location, found.likely) == (line_of(mark), False), name
        assert found.expression == name
        assert found.owner == "somebody"


def test_a_class_of_a_module_begins_the_path(project):
    module = project("adders", "class Cache:\n    rows = list(range(200))\n")
    trail = (vars(module), module.Cache, module.Cache.rows)
    found = explain("Cache.rows", trail, crawler_of(Quiet()), owner="class Cache")
    assert found.path == (PathStep("Cache", ".rows"), PathStep("list", ""))
    assert "shared by all its objects" in found.fix


def test_what_the_census_finds_is_what_the_child_explains(project):
    module = project("adders", ADDERS)
    spider, pipeline = module.Shop(), module.Dedup()
    pipeline.seen, spider.seen = filled(set), filled(set)
    spider.by_kind["product"] = filled(list)
    module.PRICES.update(filled(dict))
    module.Base.CACHE.update(filled(dict))
    crawler = crawler_of(spider, pipeline)
    crawler.settings = Settings()
    census = Census(crawler, 100)
    for _ in range(5):
        found = census.take()
    marks = {}
    for each in found:
        trail = census.container(each.name)
        fields = {"type": each.type, "owner": each.owner, "len": each.len}
        told = explain(each.name, trail, crawler, **fields)
        marks[told.expression] = (told.code or "").rpartition("# ")[2]
        assert told.owner == each.owner
        assert told.path[-1] == PathStep(each.type, "")
    assert marks == {
        "Dedup.seen": "Dedup",
        "spider.seen": "seen",
        "spider.by_kind['product']": "product",
        "spider.store.rows": "rows",
        "adders.PRICES": "PRICES",
        "Base.CACHE": "CACHE",
    }


def test_the_signature_is_that_of_the_cause(project):
    module = project("adders", ADDERS)
    first, second = module.Shop(), module.Shop()
    signatures = set()
    for spider, key in ((first, "product"), (second, "shop")):
        spider.by_kind[key] = list(range(MANY))
        trail = (spider, spider.by_kind, spider.by_kind[key])
        signatures.add(explain(f"spider.by_kind['{key}']", trail).signature)
    assert len(signatures) == 1
    first.seen = filled(set)
    assert explain("spider.seen", (first, first.seen)).signature not in signatures


def test_what_a_library_keeps_has_no_line_and_its_own_remedy(project):
    module = project("prints", "def forget(df):\n    df.fingerprints.update()\n")
    spider = type("Prints", (Spider,), {"name": "p", "__module__": module.__name__})()
    seen = RFPDupeFilter()
    fingerprints = {number.to_bytes(20, "big") for number in range(MANY)}
    name = "_fingerprints" if hasattr(seen, "_fingerprints") else "fingerprints"
    setattr(seen, name, fingerprints)
    crawler = crawler_of(spider)
    crawler.engine._slot = SimpleNamespace(scheduler=SimpleNamespace(df=seen))
    found = explain(
        "RFPDupeFilter.fingerprints",
        (seen, fingerprints),
        crawler,
        owner="duplicate filter RFPDupeFilter",
        origin="library",
    )
    assert found.path[0] == PathStep("RFPDupeFilter", ".fingerprints")
    assert (found.location, found.contents) == (None, "bytes")
    assert "DUPEFILTER_CLASS" in found.fix


SENDER = """
    from scrapy import Spider

    class Shop(Spider):
        name = "shop"

        def parse(self, response):
            self.rows.append({"url": response.url})

        def closed(self, reason):
            self.table.insert_many(self.rows)
"""


def test_the_call_that_sends_all_at_the_end_is_told(project):
    spider = project("sender", SENDER).Shop()
    spider.rows = [{"url": str(number)} for number in range(MANY)]
    found = explain("spider.rows", (spider, spider.rows), crawler_of(spider))
    assert found.fix.startswith("call `self.table.insert_many(self.rows)` every")


def test_a_pipeline_is_not_told_to_yield_its_rows(project):
    pipeline = project("storing", ADDERS).Store()
    pipeline.rows = [{"number": number} for number in range(MANY)]
    crawler = crawler_of(Quiet(), pipeline)
    found = explain("Store.rows", (pipeline, pipeline.rows), crawler)
    assert found.fix.startswith("write each dict out as it comes")


def test_things_in_a_container_are_told_to_go_by_themselves(project):
    spider = Quiet()
    locks = {str(number): threading.Lock() for number in range(MANY)}
    spider.kept = locks
    found = explain("spider.kept", (spider, locks))
    assert found.fix.startswith("make spider.kept a weakref.WeakValueDictionary()")


def test_an_assignment_that_starts_anew_adds_nothing():
    import ast

    text = "self.seen = set(load())\nself.seen = self.seen | {1}\nself.seen[1] = None"
    found = expressions.grown(ast.parse(text), "seen", is_global=False)
    assert sorted(one.line for one in found) == [2, 3]


TAKERS = """
    import asyncio
    import queue
    from scrapy import Spider

    class Shop(Spider):
        name = "shop"

        def __init__(self):
            super().__init__()
            self.waiting, self.work = asyncio.Queue(), queue.Queue()
            self.stuck, self.pages = queue.Queue(), {}

        def parse(self, response):
            self.stuck.put(response.url)
            self.pages[response.url] = self.pages.get("home")
            self.waiting.put_nowait(self.work.get())

        async def run(self):
            await self.waiting.get()
"""


def test_a_queue_is_emptied_where_something_is_got_from_it(project):
    spider = project("takers", TAKERS).Shop()
    tables = {
        "waiting": spider.waiting._queue,
        "work": spider.work.queue,
        "stuck": spider.stuck.queue,
    }
    emptied = {}
    for name, table in tables.items():
        table.extend(range(MANY))
        found = explain(f"spider.{name}", (spider, getattr(spider, name), table))
        emptied[name] = "emptied" in found.traits
    assert emptied == {"waiting": True, "work": True, "stuck": False}


def test_to_get_from_a_dict_takes_nothing_out(project):
    spider = project("takers", TAKERS).Shop()
    spider.pages = filled(dict)
    found = explain("spider.pages", (spider, spider.pages))
    assert "emptied" not in found.traits


class Newest(OrderedDict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        if len(self) > 1000:
            self.popitem(last=False)


class Latest(dict):
    def remember(self, key, value):
        self[key] = value
        if len(self) > 1000:
            del self[next(iter(self))]


class Titled(dict):
    def __init__(self, *rows, **options):
        self.title = options.pop("title", "")
        super().__init__(*rows)

    def pop(self, key, default=None):
        return super().pop(key, default)


@pytest.mark.parametrize(
    ("kind", "emptied"),
    [
        (Newest, True),
        (Latest, True),
        (type("Newer", (Newest,), {}), True),
        (partial(LocalCache, 1000), True),
        (Titled, False),
        (OrderedDict, False),
        (Counter, False),
        (dict, False),
    ],
)
def test_a_class_that_evicts_its_own_entries_empties_itself(kind, emptied):
    container = kind()
    container.update(filled(dict))
    assert ("emptied" in kept(container).traits) == emptied
