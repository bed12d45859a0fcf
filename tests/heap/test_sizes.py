"""How classes are treated: whom a size is asked of, and what is looked into."""

from __future__ import annotations

import io
import mmap
import sqlite3
import sys
import types
from array import array
from collections import deque

import pytest
from lxml import etree, html

from scrapy_leakwatch.heap import graph, sizes, twin
from tests.heap.walkers import WALKERS, walked


class Lies(dict):
    def __sizeof__(self):
        return 1


@pytest.mark.parametrize("cls", [dict, list, str, deque, bytearray, array, Lies])
def test_the_nearest_size_that_is_told_in_c_is_taken(cls) -> None:
    _mode, measure = sizes.rule(cls)
    assert type(measure) is types.MethodDescriptorType
    assert measure is next(
        vars(base)["__sizeof__"]
        for base in cls.__mro__
        if base is not Lies and "__sizeof__" in vars(base)
    )


def test_a_library_is_not_trusted_with_a_size() -> None:
    class Theirs(dict):
        __sizeof__ = vars(list)["__sizeof__"]

    assert sizes.rule(Theirs)[1] is vars(dict)["__sizeof__"]


@pytest.mark.parametrize(
    ("cls", "mode"),
    [
        (object, sizes.PLAIN),
        (types.GeneratorType, sizes.SET_ASIDE),
        (types.CoroutineType, sizes.SET_ASIDE),
        (types.AsyncGeneratorType, sizes.SET_ASIDE),
        (types.FrameType, sizes.PLAIN),
        (mmap.mmap, sizes.OPAQUE),
        (io.StringIO, sizes.OPAQUE),
        (io.BytesIO, sizes.PLAIN),
        (sqlite3.Connection, sizes.OPAQUE),
        (type("Own", (sqlite3.Connection,), {}), sizes.OPAQUE),
        (etree._Element, sizes.TREE),
        (html.HtmlElement, sizes.TREE),
        (etree._ElementTree, sizes.PLAIN),
    ],
)
def test_each_class_has_its_mode(cls, mode) -> None:
    assert sizes.rule(cls)[0] == mode


@WALKERS
@pytest.mark.parametrize(
    "buffer",
    [
        bytes(1_000_000),
        bytearray(1_000_000),
        array("b", bytes(1_000_000)),
        io.BytesIO(bytes(1_000_000)),
        "text" * 250_000,
        1 << 7_500_000,
    ],
    ids=lambda buffer: type(buffer).__name__,
)
def test_buffers_are_as_large_as_they_are(walker, buffer) -> None:
    found, _spans = walked(walker, buffer)
    found.settle()
    assert found.bytes(0) == pytest.approx(1_000_000, rel=0.1)


@WALKERS
def test_what_a_view_of_memory_is_of_is_seen(walker) -> None:
    page = bytes(1_000_000)
    found, (span,) = walked(walker, [memoryview(page)])
    assert found.find(page) > 0
    assert found.totals(*span)[0] >= 1_000_000


def test_the_walk_in_c_is_taken_where_there_is_one() -> None:
    made = graph.make(sizes.rule)
    expected = twin.Graph if graph._graph is None else graph._graph.Graph
    assert type(made) is expected
    assert len(made) == 0
    assert sys.implementation.name == "cpython"
