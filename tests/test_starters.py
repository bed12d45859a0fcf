"""Who started the child processes of a crawl, found while it runs."""

from __future__ import annotations

import gc
import inspect
from types import SimpleNamespace

import pytest

from scrapy_leakwatch.observe.children import ChildrenGauge
from scrapy_leakwatch.observe.resources import Owner, Search, before
from tests import starters

KEPT_BY = {
    "ByPopen": "process",
    "ByPopenOfMany": "processes",
    "ByProcess": "process",
    "ByExecutor": "pool",
    "BySpawningExecutor": "pool",
    "ByServedExecutor": "pool",
    "ByPool": "workers",
    "ByServedPool": "workers",
    "ByManager": "manager",
    "ByAsyncio": "process",
    "ByDriver": "browser",
}

# What is tested forks, and pytest or another test may have left a thread.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


@pytest.fixture
def started(request):
    """Return a component that has started a process, and the search for it."""
    gc.collect()  # the crawlers of other tests are none of the process's
    crawler = SimpleNamespace(spider=None)
    earlier = before()
    component = getattr(starters, request.param)()
    component.start()
    search = Search(crawler, (Owner("extension", component),), earlier)
    yield component, search
    search.end()
    component.end()


def line_of(component) -> str:
    for cls in type(component).__mro__:
        lines, begin = inspect.getsourcelines(cls)
        for number, line in enumerate(lines, begin):
            if line.endswith("# started\n"):
                return f"tests/starters.py:{number}"
    raise LookupError


@pytest.mark.parametrize("started", KEPT_BY, indirect=True)
def test_a_process_is_of_the_component_that_keeps_it(started) -> None:
    component, search = started
    found = search.starter({component.pid})
    assert found.owner == f"extension {type(component).__name__}"
    assert found.attribute == KEPT_BY[type(component).__name__]
    nameless = type(component) is starters.ByDriver  # its class is an attribute
    assert found.location == (None if nameless else line_of(component))


@pytest.mark.parametrize("started", ["ByTwisted"], indirect=True)
def test_a_process_of_twisted_is_of_the_component_whose_protocol_it_has(
    started,
) -> None:
    component, search = started
    found = search.starter({component.pid})
    assert found.owner == "extension ByTwisted"
    assert found.location == line_of(component)


@pytest.mark.parametrize("started", ["ByPopen"], indirect=True)
def test_nobody_started_what_is_not_there(started) -> None:
    _, search = started
    assert search.starter(frozenset()) is None


@pytest.mark.parametrize("started", ["ByServedExecutor"], indirect=True)
def test_a_worker_below_a_server_leads_to_who_has_its_pool(started) -> None:
    component, search = started
    gauge = ChildrenGauge()
    for _ in range(100):
        gauge.read()
    assert component.pid in gauge.lineage("")
    (program,) = {each.name for each in gauge.read().programs}
    found = search.starter(gauge.lineage(program))
    assert found.attribute == "pool"


def test_what_was_there_before_the_crawl_is_not_its_own() -> None:
    other = starters.ByPopen()
    other.start()
    search = Search(SimpleNamespace(spider=None), (), before())
    assert search.starter({other.pid}) is None
    other.end()
