"""What LeakWatch reads of others is as it was; a test that fails says what is lost."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scrapy_leakwatch
from scrapy_leakwatch.explain.containers.clients import CLIENTS
from tests import canaries
from tests.canaries import ALL, IN_CRAWL, KERNEL, START, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(scrapy_leakwatch.__file__).parent
DOCUMENTED = frozenset(
    ["_asdict", "_make", "_exit", "_fields_", "_debugmallocstats", "_current_frames"]
    + ["_getframe"]
)
"""Names of Python's that its documentation promises."""

NAMES_OF_MODULES = frozenset(["_asyncio", "_io", "_socket", "_thread"])
"""That are compared with where a class says it is from; most have no other name."""

OF_SOME_VERSIONS = frozenset(
    [
        "builtins.weakref",
        "scrapy.crawler.CrawlerRunnerBase",
        "scrapy.core.downloader.handlers._httpx.HttpxDownloadHandler",
        "scrapy.extensions.remote_control.RemoteControl",
        "scrapy.spidermiddlewares.offsite.OffsiteMiddleware",
        "scrapy.spidermiddlewares.start.StartSpiderMiddleware",
        "scrapy.utils.asyncio.AsyncioLoopingCall",
    ]
)
ALIASES = frozenset(
    ["queue.SimpleQueue", "scrapy.Spider", "pymongo.mongo_client.MongoClient"]
    + ["pandas.DataFrame", "pandas.core.frame.DataFrame"]
    + ["pandas.Series", "pandas.core.series.Series", "scrapy_leakwatch.LeakWatch"]
)
"""What a person writes, or another version says."""

LOOKED_AT_ELSEWHERE = frozenset(
    ["builtins.ImagingCore", "functools._lru_list_elem", "lxml.etree._ParserContext"]
    + ["lxml.etree._ParserDictionaryContext"]
    + ["asyncio.unix_events._Unix"]  # how some begin
    + ["builtins.module"]
)
OF_PAST_VERSIONS = "internals/known_leaks.py"
"""Tells of versions that are not installed here; its own tests have their samples."""
CLASS = re.compile(r"[a-z_]\w*(?:\.\w+)*\.[A-Z_]\w*|builtins\.\w+")
LIBRARIES = {"scrapy_leakwatch"}


def each(parts: list[Part]) -> list:
    return [pytest.param(part, id=part.of) for part in parts]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("part", each(ALL))
def test_what_is_read_of_a_library_is_there(part) -> None:
    assert part.gone() == []


@pytest.mark.skipif(sys.platform != "linux", reason="it is read on Linux alone")
@pytest.mark.parametrize("part", each(KERNEL))
def test_what_is_read_of_the_kernel_is_there(part) -> None:
    assert part.gone() == []


PRELUDE = """
from scrapy import signals
from scrapy_leakwatch.internals import paths


class Follow:
    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        self.crawler = crawler
        crawler.signals.connect(self.received, signals.response_received)
        return self

    def received(self):
        for way in {ways!r}:
            found = paths.follow(self.crawler, tuple(way.split(".")[1:]))
            names = dir(found) if found is not None else []
            self.crawler.stats.set_value("names/" + way, names)


spiders.Follow = Follow
"""


def test_what_is_read_of_a_crawl_is_there(crawl) -> None:
    ways = sorted({part.of for part in IN_CRAWL})
    extensions = {"spiders.Follow": 1}
    stats = crawl(
        "Healthy", prelude=PRELUDE.format(ways=ways), EXTENSIONS=extensions
    ).stats
    gone = [
        part._replace(of=f"scrapy: {part.of}").said(f"{part.of}.{name}", "is gone")
        for part in IN_CRAWL
        for name in part.names.split()
        if not set(name.split("|")) & set(stats[f"names/{part.of}"])
    ]
    assert gone == []


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text())


@cache
def constants() -> dict[str, list[str]]:
    """Return the files in which each text is a constant."""
    found: dict[str, list[str]] = {}
    for file, tree in sources():
        for text in texts(tree):
            found.setdefault(text, []).append(file)
    return found


def texts(tree: ast.Module) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def private_names(tree: ast.Module) -> set[str]:
    """Return the names with a ``_`` before them that are looked for in others."""
    found = {text for text in texts(tree) if re.fullmatch(r"_[A-Za-z]\w*", text)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and "scrapy_leakwatch" not in (
            node.module or ""
        ):
            found |= {each.name for each in node.names if each.name.startswith("_")}
    return found - DOCUMENTED - NAMES_OF_MODULES - own_names(tree)


def own_names(tree: ast.Module) -> set[str]:
    """Return the private names that a module gives to its own."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in (
            "self",
            "cls",
        ):
            found.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


def listed() -> set[tuple[str, str]]:
    return {
        (name, reader)
        for part in (*ALL, *IN_CRAWL, *START.values())
        for names in part.names.split()
        for name in names.split("|")
        for reader in part.readers.split()
    }


def test_no_private_part_is_read_that_has_no_canary() -> None:
    unknown = [
        f"{file} reads {name}"
        for file, tree in sources()
        if file != OF_PAST_VERSIONS
        for name in sorted(private_names(tree))
        if (name, file) not in listed() | spoken_of()
    ]
    assert unknown == []


def spoken_of() -> set[tuple[str, str]]:
    """Return the private names in what a canary is of."""
    return {
        (name, reader)
        for part in ALL
        for name in re.findall(r"_[A-Za-z]\w*", part.of)
        for reader in part.readers.split()
    }


def test_each_canary_names_files_that_read_it() -> None:
    for part in (*ALL, *KERNEL, *IN_CRAWL):
        readers = [PACKAGE / reader for reader in part.readers.split()]
        assert [each for each in readers if not each.is_file()] == [], part.of
        known = "".join(each.read_text() for each in readers)
        for names in part.names.split():
            assert any(name in known for name in names.split("|")), (part.of, names)


def classes() -> list[str]:
    found = set(constants())
    known = {text for text in found if CLASS.fullmatch(text)} | {
        client.path for client in CLIENTS
    }
    return sorted(known - LIBRARIES - LOOKED_AT_ELSEWHERE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", classes())
def test_a_class_is_where_it_is_looked_for(path) -> None:
    parts = path.split(".")
    found = None
    for end in range(len(parts) - 1, 0, -1):
        home = ".".join(parts[:end])
        try:
            found = importlib.import_module(home)
        except ImportError:
            continue
        for name in parts[end:]:
            found = getattr(found, name, None)
        break
    if found is None and (path in OF_SOME_VERSIONS or not installed(parts[0])):
        pytest.skip("not in this version, or not installed")
    readers = constants().get(path, [])
    message = f"{canaries.release(path)}: {path} is gone or calls itself otherwise;"
    message += f" {' and '.join(readers)} would not know its instances"
    assert isinstance(found, type), message
    if path not in ALIASES:
        assert f"{found.__module__}.{found.__qualname__}" == path, message


def installed(library: str) -> bool:
    try:
        importlib.import_module(library)
    except ImportError:
        return False
    return True


def test_a_part_that_is_gone_is_told_by_its_reader_and_what_is_lost() -> None:
    part = Part("scrapy.Slot", "there gone|lost", "a.py b.py", "it is lost", Holed)
    (said,) = part.gone()
    assert re.fullmatch(
        r"scrapy [\d.]+: scrapy\.Slot\.gone\|lost is gone; a\.py and b\.py reads it:"
        r" it is lost",
        said,
    )


class Holed:
    there = 1
