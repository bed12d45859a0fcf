"""Both walks, as a parameter of the tests that hold for either."""

from __future__ import annotations

import gc
import math
import sys
from contextlib import contextmanager

import pytest

from scrapy_leakwatch.heap import graph, twin
from scrapy_leakwatch.heap.sizes import rule

FOREVER = math.inf
IN_C = None if graph._graph is None else graph._graph.Graph
NEEDS_C = pytest.mark.skipif(IN_C is None, reason="the part in C was not built")


def _walkers(*of_twin: pytest.MarkDecorator) -> pytest.MarkDecorator:
    walkers = [
        pytest.param(IN_C, id="c", marks=NEEDS_C),
        pytest.param(twin.Graph, id="twin", marks=of_twin),
    ]
    return pytest.mark.parametrize("walker", walkers)


WALKERS = _walkers()
WALKERS_OF_ALL = _walkers(pytest.mark.slow)
"""For a test that walks all that pytest has."""


def walked(walker, *roots, passing=False):
    """Return a graph of what each root reaches, and the range of each."""
    found = walker(rule)
    entered = [found.enter(root) for root in roots]
    return found, [found.run([index], passing, FOREVER) for index in entered]


def objects_in(found, span):
    return [found.object(index) for index in range(*span)]


def has(found, span, obj):
    return span[0] <= found.find(obj) < span[1]


def is_marked(found, index):
    return found.totals(index, index + 1)[3] == 1


def rows_of(found):
    """Return what a graph says of each object, to be compared with another's."""
    return [
        (
            id(found.object(index)),
            found.parent(index),
            found.bytes(index),
            is_marked(found, index),
        )
        for index in range(len(found))
    ]


@contextmanager
def nothing_collected():
    """Let dead cycles be."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def unreached(found):
    """Return what is left, with all objects in the collector's oldest list."""
    gc.freeze()
    gc.unfreeze()
    return found.unreached(sys.modules, FOREVER)
