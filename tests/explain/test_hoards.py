"""What a forked child says of a container that grows."""

import gc
import importlib.util
import os
import sys
import textwrap
from collections import Counter, OrderedDict, UserDict, defaultdict, deque
from functools import lru_cache, partial
from types import SimpleNamespace

import pytest
from asking_helpers import PATIENCE_S, result_of
from scrapy import Field, Item, Spider
from scrapy.dupefilters import RFPDupeFilter
from scrapy.http import HtmlResponse, Request
from scrapy.settings import Settings
from scrapy.utils.datatypes import LocalCache
from test_hostile import hostile_class

from scrapy_leakwatch.explain import HoardQuestion, Unexplained, explain_hoard_in_child
from scrapy_leakwatch.explain.code import expressions, source
from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.foundation import lines
from scrapy_leakwatch.observe.census.containers import Census
from scrapy_leakwatch.records import PathStep

MANY = 200
OLD = 1_000_000_000


class Quiet(Spider):
    name = "quiet"


class Product(Item):
    name = Field()


class Row:
    def __init__(self, number):
        self.number = number


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


def crawler_of(spider, *pipelines):
    scraper = SimpleNamespace(itemproc=SimpleNamespace(middlewares=pipelines))
    return SimpleNamespace(spider=spider, engine=SimpleNamespace(scraper=scraper))


KEPT = ("spider.kept", "spider.kept", "list", "spider", "project", "quiet", 100, 100)


def explain(name, trail, crawler=None, **fields):
    """Return what the child says of the container at the end of ``trail``."""
    known = {"type": type(trail[-1]).__name__, "owner": "spider", "origin": "project"}
    known |= {"spider": "quiet", "len": MANY, "total": MANY, **fields}
    question = HoardQuestion(name=name, member=name, **known)
    crawler = crawler or crawler_of(trail[0])
    return result_of(explain_hoard_in_child(question, trail, crawler, PATIENCE_S))


def kept(container):
    """Return what the child says of ``spider.kept``."""
    spider = Quiet()
    spider.kept = container
    return explain("spider.kept", (spider, container))


def test_a_container_is_its_own_holder():
    found = kept(dict.fromkeys(map(str, range(MANY))))
    assert found.subject == found.holder == found.expression == "spider.kept"
    assert found.class_path == "builtins.dict"
    assert (found.owner, found.origin) == ("spider", "project")
    assert found.counts.held == found.counts.examined
    assert found.path == (PathStep("spider", ".kept"), PathStep("dict", ""))
    assert 30 <= found.counts.examined <= 35
    assert found.effort.stall_ms > 0
    assert found.effort.child_memory_bytes > 0


def test_the_path_has_what_leads_to_it():
    spider, row = Quiet(), Row(1)
    spider.row, row.by_kind = row, {"product": list(range(MANY))}
    trail = (spider, row, row.by_kind, row.by_kind["product"])
    found = explain("spider.row.by_kind['product']", trail)
    assert found.path == (
        PathStep("spider", ".row"),
        PathStep("Row", ".by_kind['product']"),
        PathStep("list", ""),
    )


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({f"url {number}" for number in range(MANY)}, "str"),
        (set(range(MANY)), "int"),
        ([{"a": 1, "b": number} for number in range(MANY)], "dict of 2 keys"),
        ([{str(key): 1 for key in range(n % 7)} for n in range(MANY)], "dict"),
        ([(str(number), number) for number in range(MANY)], "tuple[str, int]"),
        ([(1,) * 9] * MANY, "tuple of 9 items"),
        ([[]] * MANY, "list of 0 items"),
        ([1] * 150 + [None] * 50, "int or None"),
        ([1, 1.0, "a", b"b", None] * MANY, "int or float or str or others"),
        (dict.fromkeys(range(MANY), "text"), "int → str"),
        (OrderedDict.fromkeys(map(str, range(MANY)), {1}), "str → set of 1 item"),
        (defaultdict(list, {str(n): [n] for n in range(MANY)}), "str → list of 1 item"),
        (Counter(map(str, range(MANY))), "str → int"),
        (deque(Row(number) for number in range(MANY)), "Row"),
        (UserDict(dict.fromkeys(range(MANY))).data, "int → None"),
    ],
)
def test_the_contents_are_told_in_words(container, words):
    assert kept(container).contents == words


@pytest.mark.parametrize("maxsize", [None, 500])
def test_a_cache_of_functools_is_looked_into(maxsize):
    @lru_cache(maxsize=maxsize)
    def price(text):
        return [text]

    for number in range(MANY):
        price(f"{number} euros")
    found = kept(price)
    assert found.contents == "str → list of 1 item"
    assert found.counts.examined > 25
    assert ("bounded" in found.traits) == (maxsize is not None)
    assert "lru_cache(maxsize=" in found.fix
    assert found.code == "def price(text):"
    assert found.price.retained_bytes_each > 100


@pytest.mark.parametrize(("maxlen", "bounded"), [(None, False), (MANY, True)])
def test_a_maxlen_is_a_bound(maxlen, bounded):
    traits = kept(deque(range(MANY), maxlen=maxlen)).traits
    assert ("bounded" in traits) == bounded


def test_the_price_is_that_of_an_entry_and_its_place():
    found = kept({f"{number:1000}" for number in range(MANY)})
    assert found.price.retained_bytes_total == pytest.approx(
        MANY * found.price.retained_bytes_each, rel=0.02
    )
    assert 1_049 < found.price.retained_bytes_each < 1_200


def test_what_the_entries_share_is_not_in_the_price():
    shared = Row("x" * 100_000)
    found = kept([{"number": number, "shared": shared} for number in range(MANY)])
    assert 184 < found.price.retained_bytes_each < 400


def test_what_trackref_counts_is_named():
    pages = [HtmlResponse(f"http://shop/{number}") for number in range(MANY)]
    assert kept(pages).victims == ("HtmlResponse",)
    by_number = {number: (page, number) for number, page in enumerate(pages)}
    assert kept(by_number).victims == ("HtmlResponse",)


def test_a_few_tracked_objects_are_no_victims():
    requests = [Request("http://shop/")] * 10
    assert kept([*requests, *map(str, range(MANY))]).victims == ()


def test_items_are_named_by_their_own_class():
    assert kept([Product(name=str(number)) for number in range(MANY)]).victims == (
        "Product",
    )


def test_an_example_is_a_url_without_its_secrets():
    found = kept(
        {f"http://me:hush@shop/{number}?token=hush": 1 for number in range(99)}
    )
    assert found.example_url.startswith("http://me:***@shop/")
    assert "hush" not in found.example_url


def test_millions_of_entries_are_not_read_one_by_one():
    numbers = range(3_000_000)
    for container in (set(numbers), dict.fromkeys(numbers), deque(numbers)):
        found = kept(container)
        assert found.counts.examined <= 35
        # That of the walk's table, 20 to 26 bytes for each.
        assert found.effort.child_memory_bytes < 40 * len(container)


def test_an_empty_container_is_not_explained():
    spider = Quiet()
    question = HoardQuestion(*KEPT)
    for trail in (None, (spider, [])):
        asked = explain_hoard_in_child(question, trail, crawler_of(spider), PATIENCE_S)
        found = result_of(asked)
        assert isinstance(found, Unexplained)
        assert (found.subject, found.reason) == ("spider.kept", "it is empty by now")


def test_a_child_that_fails_says_why():
    spider = Quiet()
    question = HoardQuestion(*KEPT)
    asked = explain_hoard_in_child(question, (), crawler_of(spider), PATIENCE_S)
    assert asked.stop().reason == "stopped"


def test_nothing_of_the_container_stays_in_the_parent():
    class Mine(Row):
        pass

    spider = Quiet()
    spider.kept = [Mine(number) for number in range(MANY)]
    question = HoardQuestion(*KEPT)
    crawler, trail = crawler_of(spider), (spider, spider.kept)
    asked = explain_hoard_in_child(question, trail, crawler, PATIENCE_S)
    assert result_of(asked).counts.examined == 32
    del spider, crawler, trail
    gc.collect()
    assert not any(type(one) is Mine for one in gc.get_objects())


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


@pytest.mark.parametrize("kind", [list, set, deque, dict])
def test_hostile_entries_and_containers_are_never_asked(kind):
    cls = hostile_class()
    hostile = [cls() for _ in range(MANY)]
    container = hostile_class(kind)()
    if kind is dict:
        dict.update(container, {one: one for one in hostile})
    elif kind is set:
        set.update(container, hostile)
    else:
        kind.extend(container, hostile)
    found = kept(container)
    assert getattr(found, "reason", "") == ""
    assert found.contents == ("Hostile → Hostile" if kind is dict else "Hostile")
    assert found.holder == "spider.kept"


def test_entries_of_a_dict_come_from_all_of_it():
    table = dict.fromkeys(range(10_000))
    for key in range(5_000):
        del table[key]
    keys = [key for key, _ in contents.pick(table)]
    assert 30 <= len(keys) <= 35
    assert (min(keys), max(keys)) == (5_000, 9_999)
    assert len([key for key in keys if key < 7_500]) > 5


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
