"""The remedy for a container that grows is one that can be typed."""

import sys
from dataclasses import dataclass, replace

import pytest
from scrapy import Item, Spider

from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.containers.remedies import Hoard, remedy, yields


@dataclass
class Data:
    name: int


BASE = {"name": "spider.kept", "owner": "spider", "origin": "project"}


@pytest.mark.parametrize(
    ("kind", "keys", "values", "sentence"),
    [
        (
            "set",
            "",
            "str",
            "leave it to Scrapy's duplicate filter if spider.kept is there to skip "
            "requests; else keep spider.kept in sqlite3 or a Bloom filter, "
            "or hash() of each str only",
        ),
        (
            "set",
            "",
            "int",
            "keep spider.kept in sqlite3 or a Bloom filter, which take a fraction of "
            "the memory",
        ),
        (
            "dict",
            "str",
            "bool",
            "leave it to Scrapy's duplicate filter if spider.kept is there to skip "
            "requests; else keep spider.kept in sqlite3 or a Bloom filter, "
            "or hash() of each str only",
        ),
        (
            "dict",
            "str",
            "str",
            "give spider.kept a bound: functools.lru_cache(maxsize=10_000) on what "
            "computes it, or spider.kept.pop(next(iter(spider.kept))) past so many; "
            "or keep it in sqlite3",
        ),
        (
            "dict",
            "str",
            "list of 3 items",
            "pop() each list of spider.kept when its work is done and yield it as an "
            "item or write it out, or keep them in sqlite3",
        ),
        (
            "counter",
            "str",
            "int",
            "keep only the largest, spider.kept.most_common(10_000), or count in a "
            "database such as sqlite3",
        ),
        (
            "list",
            "",
            "str or None",
            "write spider.kept out and clear() it every thousand, or let "
            "collections.deque(maxlen=1_000) keep the last ones",
        ),
        (
            "list",
            "",
            "dict of 4 keys",
            "yield each dict as an item, for a feed or a pipeline to write, and do not "
            "collect them in spider.kept; or write them out and clear() it every "
            "thousand",
        ),
        (
            "cache",
            "str",
            "dict of 1 key",
            "give spider.kept a bound: @functools.lru_cache(maxsize=10_000)",
        ),
    ],
)
def test_the_remedy_fits_what_is_in_it(kind, keys, values, sentence):
    assert remedy(Hoard(**BASE, kind=kind, keys=keys, values=values)) == sentence


@pytest.mark.parametrize(
    ("owner_kind", "end"),
    [
        ("class", "; an attribute of the class, it is shared by all its objects"),
        ("global", "; a global, it stays as long as the process"),
    ],
)
def test_an_owner_that_outlives_the_crawl_is_told(owner_kind, end):
    hoard = Hoard(**BASE, kind="list", values="str", owner_kind=owner_kind)
    assert end in remedy(hoard)


def test_of_a_library_the_table_is_told_or_else_whose_it_is():
    hoard = Hoard("Other.rows", "dict", "the extension Other", "library", "str")
    assert remedy(hoard).startswith("the extension Other is not your code")
    assert remedy(replace(hoard, table="split the crawl")) == "split the crawl"
    assert remedy(replace(hoard, thing="close() it")) == remedy(hoard)


def test_what_is_known_of_the_things_in_it_is_told_first():
    hoard = Hoard(**BASE, kind="set", values="Task", thing="take them out")
    assert remedy(hoard) == "take them out"
    assert remedy(replace(hoard, table="execute() it")) == "execute() it"


def test_what_is_sent_at_the_end_is_to_be_sent_meanwhile():
    sent = "self.table.insert_many(self.rows)"
    hoard = Hoard(**BASE, kind="list", values="dict of 4 keys", sent=sent)
    assert remedy(hoard).startswith(f"call `{sent}` every thousand as well, and ")
    assert "spider.kept.clear()" in remedy(hoard)
    assert remedy(replace(hoard, thing="close() them")) == "close() them"


@pytest.mark.parametrize("kind", ["set", "dict", "list"])
def test_of_things_that_are_not_known_little_is_said(kind):
    keys = "str" if kind == "dict" else ""
    hoard = Hoard(**BASE, kind=kind, keys=keys, values="Gadget", rows=False)
    assert remedy(hoard) == (
        "take each Gadget out of spider.kept when its work is done, or keep there only "
        "what is needed of it"
    )


@pytest.mark.parametrize("values", ["datetime", "Decimal", "UUID", "tuple[str, int]"])
def test_dates_and_numbers_are_plain(values):
    hoard = Hoard(**BASE, kind="list", values=values, rows=False)
    assert "collections.deque(maxlen=1_000)" in remedy(hoard)
    assert "duplicate filter" in remedy(replace(hoard, kind="set"))


@pytest.mark.parametrize("kind", ["dict", "list"])
def test_a_pipeline_is_not_told_to_yield_what_was_yielded_to_it(kind):
    hoard = Hoard(**BASE, kind=kind, keys="str", values="dict of 4 keys", yields=False)
    assert "yield" not in remedy(hoard)
    assert "write" in remedy(hoard)
    assert "yield" in remedy(replace(hoard, yields=True))


def test_spiders_and_modules_may_yield_items_and_components_may_not():
    assert yields(Spider("shop"))
    assert yields(sys.modules[__name__])
    assert yields(Hoard)
    assert not yields(replace(Hoard(**BASE, kind="set", values="str")))


def test_what_is_made_at_run_time_is_what_no_module_has():
    class Local:
        pass

    def local():
        pass

    for made in (type("Page", (), {}), Local, type("Hoard", (), {})):
        assert contents.is_made_class(made)
    assert not any(map(contents.is_made_class, (Hoard, int, pytest.Item, "a")))
    assert contents.is_made_function(local)
    assert not any(map(contents.is_made_function, (remedy, len, Local)))


@pytest.mark.parametrize("row", [{}, [1], Item(), Data(1)])
def test_rows_are_what_a_feed_can_write(row):
    assert contents.are_rows([("a", row)])
    assert not contents.are_rows([("a", row), ("b", object())])


@pytest.mark.parametrize(
    ("each", "often"), [(2_000, "thousand"), (200_000, "hundred"), (5_000_000, "ten")]
)
def test_large_entries_are_written_sooner(each, often) -> None:
    hoard = Hoard(**BASE, kind="list", values="str", each=each)
    assert f"clear() it every {often}, or let" in remedy(hoard)
