"""The remedy for a container that grows is one that can be typed."""

import pytest

from scrapy_leakwatch.explain.containers import contents
from scrapy_leakwatch.explain.containers.remedies import Hoard, remedy

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


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("RFPDupeFilter.fingerprints", "DUPEFILTER_CLASS"),
        ("CookiesMiddleware.jars", "meta['cookiejar']"),
        ("CookiesMiddleware.jars[None].jar._cookies", "COOKIES_ENABLED = False"),
        ("RobotsTxtMiddleware._parsers", "ROBOTSTXT_OBEY = False"),
        ("OffsiteMiddleware.domains_seen", "allow_domains"),
        ("FilesPipeline.spiderinfo.downloaded", "crawl of their own"),
        ("Other.rows", "the extension Other is not your code: switch it off"),
    ],
)
def test_a_cache_of_a_framework_has_a_remedy_of_its_own(name, setting):
    hoard = Hoard(name, "dict", "the extension Other", "library", "str")
    assert setting in remedy(hoard)


@pytest.mark.parametrize("made", ["class", "function"])
def test_what_is_made_for_each_page_is_to_be_made_once(made):
    said = remedy(Hoard(**BASE, kind="dict", values="ItemMeta", made=made))
    assert said.startswith(("make the class once", "write the function once"))
    assert "spider.kept keeps each one" in said


def test_what_is_made_at_run_time_is_what_no_module_has():
    class Local:
        pass

    def local():
        pass

    made = [(type("Page", (), {}),), (Local,), (type("Hoard", (), {}),)]
    assert contents.made_in(made) == "class"
    assert contents.made_in([("http://a/", cls) for (cls,) in made]) == "class"
    assert contents.made_in([(Hoard,), (int,), (pytest.Item,)]) == ""
    assert contents.made_in([(local,), (lambda: 1,)]) == "function"
    assert contents.made_in([(remedy,), (len,)]) == ""
    assert contents.made_in([*made[:1], ("a",), ("b",)]) == ""
    assert contents.made_in([]) == ""
