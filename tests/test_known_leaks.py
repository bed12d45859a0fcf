"""The catalogue of leaks that are known upstream: its form, and what it fits."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import sys
from collections import defaultdict
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from packaging.version import Version
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.dupefilters import RFPDupeFilter
from scrapy.http import Request
from scrapy.pipelines.files import FilesPipeline
from scrapy.utils.test import get_crawler
from twisted.python.failure import Failure

from scrapy_leakwatch.explain import known
from scrapy_leakwatch.explain.known import known_leak
from scrapy_leakwatch.internals.known_leaks import KNOWN_LEAKS, PYTHON, KnownLeak
from scrapy_leakwatch.judge.bills import verdict_on
from scrapy_leakwatch.recordings import parsing, writing
from scrapy_leakwatch.report.block import block, explanation
from scrapy_leakwatch.report.cards import _of_explanation as facts_of
from scrapy_leakwatch.report.known import WORDS, said, versions
from scrapy_leakwatch.report.opening import remedy
from tests.hostile import FILE, Lying, Text, WithMeta
from tests.judging import sample
from tests.test_bills_judged import MB, case
from tests.test_block import FOUND, VERDICT

BY_ID = {leak.id: leak for leak in KNOWN_LEAKS}
PAGE = Path(__file__).parents[1] / "docs" / "known.rst"


def made(path: str, **attributes):
    """Return an object of a class that says it is at a path, with attributes."""
    module, _, name = path.rpartition(".")
    cls = type(name, (), {"__module__": module, "__qualname__": name})
    one = cls()
    vars(one).update(attributes)
    return one


def class_at(path: str, **attributes) -> type:
    module, _, name = path.rpartition(".")
    return type(name, (), {"__module__": module, "__qualname__": name, **attributes})


def way_of(holder, *names: str) -> tuple:
    """Return the objects from a holder on, with the ``__dict__`` of each."""
    way = [holder]
    for name in names:
        way += [vars(way[-1]), vars(way[-1])[name]]
    return tuple(way)


class Images(FilesPipeline):
    """A pipeline of the project: its class is none of Scrapy's."""

    def __init__(self):
        self.spiderinfo = FilesPipeline.SpiderInfo(None)


def failed() -> Failure:
    try:
        int("no number")
    except ValueError:
        return Failure()


def media(then=()) -> tuple:
    return (*way_of(Images(), "spiderinfo", "downloaded"), *then)


def of_failure(failure: Failure, *more) -> tuple:
    return media((failure, vars(failure), *more))


def awaited(number: int = 3) -> tuple:
    """Return a future and the tasks that wait for it; the set stands for its own."""

    async def wait() -> tuple:
        loop = asyncio.get_running_loop()
        tasks = {loop.create_task(asyncio.sleep(0)) for _ in range(number)}
        await asyncio.gather(*tasks)
        return loop.create_future(), tasks

    return asyncio.run(wait())


def module_called(name: str, **content) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(content)
    return module


def jar(**attributes):
    return made("aiohttp.cookiejar.CookieJar", **attributes)


def session():
    emitter = made("botocore.hooks.HierarchicalEmitter", _handlers=made("x.Trie"))
    return made(
        "botocore.session.Session",
        _events=made("botocore.hooks.EventAliaser", _emitter=emitter),
        _components={},
    )


def dictionary(name: str) -> tuple:
    path = "dateparser.languages.dictionary.Dictionary"
    cls = class_at(path, **{name: {}})
    return (cls, vars(cls)[name])


def settings_class(name: str) -> tuple:
    cls = class_at("dateparser.conf.Settings", **{name: {}})
    return (cls, vars(cls)[name])


def cookies(name: str = "jars") -> tuple:
    middleware = CookiesMiddleware()
    vars(middleware)["other"] = {}
    return way_of(middleware, name)


def filter_of(name: str) -> tuple:
    one = RFPDupeFilter.from_crawler(get_crawler())
    vars(one)["other"] = set()
    return way_of(one, name if name in vars(one) else f"_{name}")


def globals_of(name: str) -> tuple:
    """Return the way from a loaded module's globals, where a walk may begin."""
    module = module_called("shop_warned", __warningregistry__={}, texts={})
    sys.modules["shop_warned"] = module
    return (vars(module), vars(module)[name])


def scope(name: str) -> tuple:
    module = module_called("sentry_sdk.scope", global_event_processors=[], others=[])
    return way_of(module, name)


SAMPLES = {
    "aiohttp-cookie-jar": lambda: way_of(jar(_cookies=defaultdict(dict)), "_cookies"),
    "boto3-session-handlers": lambda: (
        *way_of(session(), "_events", "_emitter", "_handlers"),
        {},
        [],
    ),
    "dateparser-dictionaries": lambda: dictionary("_split_relative_regex_cache"),
    "dateparser-settings": lambda: settings_class("__registry_dict"),
    "python-await-graph": awaited,
    "python-warning-registry": lambda: globals_of("__warningregistry__"),
    "scrapy-cookie-jars": cookies,
    "scrapy-fingerprints": lambda: filter_of("fingerprints"),
    "scrapy-media-failures": lambda: of_failure(failed(), Request("http://a/1")),
    "scrapy-media-results": media,
    "sentry-propagator": lambda: scope("global_event_processors"),
}
NEAR = {
    "aiohttp-cookie-jar": lambda: way_of(jar(_expirations={}), "_expirations"),
    "boto3-session-handlers": lambda: way_of(session(), "_components"),
    "dateparser-dictionaries": lambda: dictionary("_more"),
    "dateparser-settings": lambda: settings_class("_mod_settings"),
    "python-await-graph": lambda: (awaited()[0], {"page": 1}),
    "python-warning-registry": lambda: globals_of("texts"),
    "scrapy-cookie-jars": lambda: cookies("other"),
    "scrapy-fingerprints": lambda: filter_of("other"),
    "scrapy-media-failures": lambda: media((failed(),)),
    "scrapy-media-results": lambda: way_of(Images(), "spiderinfo", "waiting"),
    "sentry-propagator": lambda: scope("others"),
}
"""Other ways in the same library: none of them is that leak."""


@pytest.fixture
def installed(monkeypatch):
    """Return what sets the version that each package has."""

    def of(version: str | None):
        found = None if version is None else Version(version)
        monkeypatch.setattr(known, "_version", lambda _: found)

    return of


def before(version: str) -> str:
    """Return a version just before another, such as ``1.2.9999`` before ``1.3.0``."""
    *first, last = map(int, version.split("."))
    while not last:
        *first, last = first
    return ".".join(map(str, [*first, last - 1, 9999]))


@pytest.mark.parametrize("leak", KNOWN_LEAKS, ids=lambda leak: leak.id)
def test_an_entry_is_well_formed(leak) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", leak.issue)
    assert re.fullmatch(r"[a-z0-9-]+", leak.id)
    assert leak.mended is None or Version(leak.since) < Version(leak.mended)
    assert leak.kept or leak.then
    for words in WORDS[leak.id]:
        assert words[0].islower()
        assert not words.endswith(".")


def test_the_entries_have_words_samples_and_an_order() -> None:
    ids = [leak.id for leak in KNOWN_LEAKS]
    assert ids == sorted(set(ids))
    assert set(ids) == set(WORDS) == set(SAMPLES) == set(NEAR)


@pytest.mark.parametrize("name", SAMPLES)
def test_an_entry_fits_its_sample_in_its_versions_alone(name, installed) -> None:
    leak, way = BY_ID[name], SAMPLES[name]()
    installed(leak.since)
    assert known_leak(way) == name
    installed(before(leak.since))
    assert known_leak(way) != name
    installed(leak.mended and before(leak.mended))
    assert known_leak(way) == (name if leak.mended else "")
    if leak.mended:
        installed(leak.mended)
        assert known_leak(way) == ""


@pytest.mark.parametrize("name", NEAR)
def test_an_entry_does_not_fit_another_way_of_the_library(name, installed) -> None:
    installed(BY_ID[name].since)
    assert known_leak(NEAR[name]()) == ""


def test_what_is_inside_a_jar_is_not_told_as_too_many_jars(installed) -> None:
    installed("2.19.0")
    assert known_leak((*cookies(), made("scrapy.http.cookies.CookieJar"))) == ""


def test_tasks_are_found_in_the_set_at_which_a_bill_ends(installed) -> None:
    installed("3.14.0")
    future, tasks = awaited()
    assert known_leak((future, tasks)) == "python-await-graph"
    assert known_leak((future, tasks, next(iter(tasks)))) == "python-await-graph"
    assert known_leak((future, {"a", "b"})) == ""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="Python 3.14 has the graph")
def test_the_graph_of_who_waits_is_a_set_of_tasks_at_the_future(installed) -> None:
    """What `asyncio.wait` forgot to take back, in the Pythons that did not."""
    installed("3.14.0")

    async def wait() -> set[str]:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        tasks = [loop.create_task(asyncio.sleep(0)) for _ in range(3)]
        await asyncio.gather(*tasks)
        for task in tasks:
            asyncio.future_add_to_awaited_by(future, task)
        return {
            known_leak((future, each, task))
            for each in gc.get_referents(future)
            for task in tasks
            if type(each) is set
        }

    assert asyncio.run(wait()) == {"python-await-graph"}


LEAK = KnownLeak("x", "some-package", "a/b#1", "1.0", "2.0", "shop.Holder", ("kept",))


def here() -> tuple:
    return way_of(made("shop.Holder", kept=[]), "kept")


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("1.0", True),
        ("1.9.9", True),
        ("1.5+debian1", True),
        ("0.9", False),
        ("2.0", False),
        ("1.5.dev3", False),
        ("1.5rc1", False),
        ("not a version", False),
        ("", False),
        (None, False),
        (Text("1.5"), False),
        (WithMeta(), False),
    ],
)
def test_a_version_that_is_not_known_for_sure_says_nothing(
    version, fits, monkeypatch
) -> None:
    known._version.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda _: version)
    assert known_leak(here(), [LEAK]) == ("x" if fits else "")
    known._version.cache_clear()


@pytest.mark.parametrize(
    "error", [metadata.PackageNotFoundError, KeyError, OSError, UnicodeDecodeError]
)
def test_metadata_that_can_not_be_read_says_nothing(error, monkeypatch) -> None:
    def fail(_):
        raise error("utf-8", b"", 0, 1, "") if error is UnicodeDecodeError else error

    known._version.cache_clear()
    monkeypatch.setattr(metadata, "version", fail)
    assert known_leak(here(), [LEAK]) == ""
    known._version.cache_clear()


def test_metadata_is_read_once_and_only_where_an_entry_fits(monkeypatch) -> None:
    asked = []
    known._version.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda name: asked.append(name) or "1.0")
    assert known_leak(way_of(made("shop.Other", kept=[]), "kept"), [LEAK]) == ""
    assert asked == []
    assert known_leak(here(), [LEAK]) == known_leak(here(), [LEAK]) == "x"
    assert asked == ["some-package"]
    known._version.cache_clear()


def test_python_is_known_by_its_own_version() -> None:
    known._version.cache_clear()
    assert str(known._version(PYTHON)) == ".".join(map(str, sys.version_info[:3]))


def test_objects_on_the_way_are_asked_nothing(installed, monkeypatch, tmp_path) -> None:
    installed("2.19.0")
    noted = tmp_path / "noted"
    monkeypatch.setenv(FILE, str(noted))
    assert known_leak((WithMeta(), Lying(), [Lying()], WithMeta)) == ""
    assert known_leak((*media(), Lying())) == ""
    assert known_leak((awaited()[0], [WithMeta, Text()])) == ""
    assert not noted.exists()


def test_the_block_and_the_page_say_what_is_known() -> None:
    found = replace(FOUND, known="scrapy-media-failures")
    line = f"  known     {said('scrapy-media-failures')}"
    assert line in block(VERDICT, found).splitlines()
    assert line in explanation(found).splitlines()
    assert dict(facts_of(found))["Known"] == said("scrapy-media-failures")
    assert "known" not in block(VERDICT, FOUND)
    assert "Known" not in dict(facts_of(FOUND))


def test_what_helps_against_a_known_leak_is_what_a_report_advises() -> None:
    found = replace(FOUND, known="scrapy-cookie-jars")
    told = SimpleNamespace(found=found, verdict=VERDICT)
    assert remedy(told).startswith("Use a few keys in turn, or COOKIES_ENABLED")
    told.found = FOUND
    assert remedy(told).startswith("Pass what parse_product needs")


def test_an_entry_is_said_in_one_line() -> None:
    assert said("sentry-propagator") == (
        "getsentry/sentry-python#6267, sentry-sdk 1.40.0 to 2.61.0, which mends it:"
        " each request that SentryPropagator adds its headers to leaves one more event"
        " processor; before 2.61.0: update sentry-sdk, or take SentryPropagator out of"
        " set_global_textmap()"
    )
    assert said("scrapy-media-results").startswith(
        "scrapy/scrapy#939, Scrapy 2.12.0 and later: the result of each file is kept to"
        " download it once; until it is mended: "
    )
    assert said("of another version") == ""


def test_a_recording_keeps_the_id_and_an_older_one_has_none() -> None:
    found = replace(FOUND, known="scrapy-media-results")
    line = json.loads(json.dumps(writing.of_explanation(found, 1, 2.0)))
    assert line["known"] == "scrapy-media-results"
    assert parsing.explanation(line).known == "scrapy-media-results"
    del line["known"]
    assert parsing.explanation(line).known == ""


def test_a_verdict_of_bills_tells_of_what_the_path_is_known_for() -> None:
    growing = case(MB, 20 * MB, 60 * MB, 120 * MB, known="scrapy-cookie-jars")
    (grown, *_) = growing.grown()
    _, found = verdict_on(grown, "shop", sample(3))
    assert found.known == "scrapy-cookie-jars"


def page() -> str:
    """Return the part of the page that lists the entries."""
    rows = []
    for leak in KNOWN_LEAKS:
        repository, _, number = leak.issue.partition("#")
        url = f"https://github.com/{repository}/issues/{number}"
        words = WORDS[leak.id]
        mended = "" if leak.mended else " (not mended)"
        rows += [
            f"``{leak.id}``",
            f"    `{leak.issue} <{url}>`_, {versions(leak)}{mended}: {words.keeps}.",
            f"    What helps: {words.help}.",
            "",
        ]
    return "\n".join(rows)


BEGIN = (
    ".. The entries, of the catalogue: MAKE_GOLDEN=1 pytest tests/test_known_leaks.py\n"
)


def test_the_page_lists_the_entries() -> None:
    head, _, _ = PAGE.read_text().partition(BEGIN)
    if os.environ.get("MAKE_GOLDEN"):
        PAGE.write_text(f"{head}{BEGIN}\n{page()}")
    assert PAGE.read_text() == f"{head}{BEGIN}\n{page()}"
