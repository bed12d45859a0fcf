"""What a forked child says of a container that grows."""

import asyncio
import gc
import socket
from collections import Counter, OrderedDict, UserDict, defaultdict, deque
from functools import lru_cache
from types import SimpleNamespace

import pytest
from asking_helpers import PATIENCE_S, result_of
from scrapy import Field, Item, Spider
from scrapy.http import HtmlResponse, Request
from test_hostile import hostile_class

from scrapy_leakwatch.explain import HoardQuestion, Unexplained, explain_hoard_in_child
from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.records import PathStep

MANY = 200


class Quiet(Spider):
    name = "quiet"


class Product(Item):
    name = Field()


class Row:
    def __init__(self, number):
        self.number = number


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
        # The walk's table has 20 to 26 bytes for each, and some 30 MB are those of a
        # process with tests behind it. Reading the entries would copy their pages,
        # 28 bytes and more for each.
        assert found.effort.child_memory_bytes < 50 * len(container)


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


class Connection:
    def __init__(self):
        self.socket = socket.socket()


@pytest.mark.parametrize("make", [socket.socket, Connection], ids=["bare", "wrapped"])
def test_the_count_that_has_what_is_kept_is_named(make):
    made = {str(number): make() for number in range(MANY)}
    try:
        assert kept(made).takes == ("sockets",)
    finally:
        for each in made.values():
            getattr(each, "socket", each).close()


def test_the_count_of_tasks_is_named():
    async def crawl():
        tasks = {asyncio.create_task(asyncio.sleep(60)) for _ in range(MANY)}
        await asyncio.sleep(0)
        takes.append(kept(tasks).takes)
        for task in tasks:
            task.cancel()

    takes = []
    asyncio.run(crawl())
    assert takes == [("tasks", "timers")]  # each sleeps


def test_what_nobody_counts_has_no_name():
    assert kept([Row(number) for number in range(MANY)]).takes == ()
