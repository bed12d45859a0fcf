"""The memory bill: its table, its line, and who asks for it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Spider
from scrapy.utils.test import get_crawler
from twisted.internet.defer import Deferred

from scrapy_leakwatch.crawl.guard import Guard
from scrapy_leakwatch.extension import CLOSED, LeakWatch
from scrapy_leakwatch.recordings import parsing, writing
from scrapy_leakwatch.records import (
    OWNER_KINDS,
    Bill,
    BillLayers,
    BillOwner,
    BillPath,
    NoBill,
)
from scrapy_leakwatch.remote import on_demand
from scrapy_leakwatch.remote.console import Console
from scrapy_leakwatch.remote.on_demand import FAILED, OnDemand
from scrapy_leakwatch.report.bill import table
from tests.billing import BILL, BODIES, FIRST, MB, NO_BILL, OWNERS, PAGES, ROWS
from tests.synthetic import START

GOLDEN = Path(__file__).parent / "golden"
DAY = 86_400


pytestmark = pytest.mark.usefixtures("in_utc")


@pytest.mark.parametrize(
    ("name", "bill"),
    [
        ("a_bill", BILL),
        ("a_bill_alone", replace(BILL, since_layers=None)),
        ("a_first_bill", FIRST),
        ("a_bill_in_part", replace(BILL, partial=True, since_layers=None)),
        ("no_bill", NO_BILL),
    ],
)
def test_the_table_is_the_golden_one(name, bill) -> None:
    path = GOLDEN / f"{name}.txt"
    shown = table(bill) + "\n"
    if os.environ.get("MAKE_GOLDEN"):  # MAKE_GOLDEN=1 pytest tests/test_bill.py
        path.write_text(shown)
    assert shown == path.read_text()


def lines(*owners: BillOwner, **more: object) -> list[str]:
    """Return the lines of a bill below its heading."""
    bill = replace(BILL, **({"owners": owners, "layers": BillLayers()} | more))
    return table(bill).splitlines()[1:]


def test_the_columns_are_below_each_other() -> None:
    ends = {line.index(" MB") for line in table(BILL).splitlines()[1:]}
    assert len(ends) == 1


def test_a_long_name_moves_its_own_line_alone() -> None:
    long = replace(OWNERS[0], name="x" * 200)
    shifted, kept = lines(long, OWNERS[2])
    assert shifted.startswith(f"  {long.name}  612 MB")
    assert kept.index(" MB") < 50


def test_a_path_that_does_not_matter_has_no_line() -> None:
    small = replace(BODIES, bytes=90 * MB, grown_bytes=4 * MB)
    owner = replace(OWNERS[1], paths=(small, PAGES))
    assert len(lines(owner)) == 1
    main, further = lines(owner, since_rss=BILL.rss - 40 * MB)
    assert "PagePipeline.pages" in main
    assert further.split()[:4] == ["of", "it", "90", "MB"]
    assert len(lines(owner, rss=900 * MB, since=0.0)) == 2


def test_what_shrinks_has_a_minus_and_what_stays_a_zero() -> None:
    fallen = {"since_rss": BILL.rss + 5 * MB}
    assert "1,020 MB, -5 MB since" in table(replace(BILL, **fallen))
    (line,) = lines(replace(OWNERS[0], grown_bytes=-400_000, paths=()))
    assert line.endswith("612 MB  0 MB")


def test_a_little_owner_that_grows_has_its_line() -> None:
    (line,) = lines(replace(OWNERS[0], bytes=900_000, grown_bytes=800_000, paths=()))
    assert line == "  spider pagination  1 MB  +1 MB"
    (line,) = lines(replace(OWNERS[0], bytes=900_000, grown_bytes=100_000))
    assert line == "  1 other  1 MB  0 MB"


def test_a_path_with_a_part_of_its_owner_is_told_with_its_own_bytes() -> None:
    (line,) = lines(replace(OWNERS[0], paths=(replace(ROWS, bytes=90 * MB),)))
    assert line.endswith("parse › rows  (499,600 dict, 90 MB)   pagination.py:14")


def test_what_an_allocator_does_not_tell_is_left_out() -> None:
    layers = BillLayers(malloc_free=7 * MB, files=9 * MB)
    free, files = lines(layers=layers, since_layers=None)
    assert free == "  free in the allocators  7 MB"
    assert files == "  mapped files            9 MB"


def test_a_bill_since_another_day_says_which() -> None:
    then = table(replace(BILL, time=START + DAY))
    assert "since 2025-06-15 15:07; 98 % of it named" in then


def test_code_that_holds_much_is_told_with_its_place() -> None:
    much = BillPath("logging.root.manager.loggerDict", "Logger", 90_000, 300 * MB)
    held, place = lines(replace(OWNERS[3], paths=(much,), bytes=310 * MB))
    assert held.split()[:3] == ["code", "and", "modules"]
    assert place.endswith("logging.root.manager.loggerDict  (90,000 Logger)")


def asked(bill, free=lambda: None) -> OnDemand:
    """Return what answers, where a bill is taken in this way."""
    explainer = SimpleNamespace(free=free)
    return OnDemand(explainer, Spider("shop"), Guard("answer", None), bill)


def answer(deferred) -> object:
    """Return what a Deferred has, which must be there by now."""
    found: list[object] = []
    deferred.addCallback(found.append)
    return found[0] if found else "none yet"


def test_who_asks_gets_the_table_once_it_is_there() -> None:
    told: list = []
    shown = asked(told.append).bill()
    assert answer(shown) == "none yet"
    told[0](BILL)
    shown = asked(lambda tell: tell(BILL)).bill()
    assert repr(answer(shown)) == table(BILL)
    assert answer(asked(lambda tell: tell(NO_BILL)).bill()) == table(NO_BILL)
    assert answer(asked(lambda tell: tell(BILL)).bill_record()) is BILL


def test_who_asks_while_another_question_is_under_way_waits() -> None:
    under_way = [Deferred()]
    told: list = []
    shown = asked(told.append, lambda: under_way[0] if under_way else None).bill()
    assert not told
    under_way.pop().callback(None)
    told[0](BILL)
    assert answer(shown) == table(BILL)


def test_a_profile_waits_for_another_question_too(monkeypatch) -> None:
    profiles: list = []
    monkeypatch.setattr(on_demand, "guppy_missing", str)
    monkeypatch.setattr(on_demand, "profile_in_child", lambda *of: profiles.append(of))
    under_way = [Deferred()]
    demand = asked(None, lambda: under_way[0] if under_way else None)
    shown = demand.heap()
    assert not profiles
    under_way.pop().callback(None)
    assert len(profiles) == 1
    assert answer(shown) == FAILED  # for there is no child


@pytest.mark.parametrize("question", ["why", "heap"])
def test_an_error_of_ours_is_an_answer_for_who_asks(monkeypatch, question) -> None:
    monkeypatch.setattr(on_demand, "guppy_missing", str)
    monkeypatch.setattr(on_demand, "profile_in_child", None)
    monkeypatch.setattr(on_demand, "_class_named", lambda name: (Spider, 1))
    demand = asked(None)
    demand._explainer.ask = None
    assert answer(getattr(demand, question)("Spider")) == FAILED


def test_after_an_error_or_the_crawl_there_is_no_bill() -> None:
    assert answer(asked(lambda tell: tell(None)).bill()) == FAILED
    closed = asked(lambda tell: tell(BILL))
    closed.close()
    assert answer(closed.bill()) == FAILED
    assert answer(closed.bill_record()) is None
    assert str(answer(asked(None).bill())).startswith("No bill: ")


def test_the_console_shows_the_bill() -> None:
    on_demand = asked(lambda tell: tell(BILL))
    console = Console(SimpleNamespace(ask_bill=on_demand.bill))
    assert "leakwatch.bill() " in repr(console)
    assert answer(console.bill()) == table(BILL)


def test_without_an_open_spider_nobody_is_billed() -> None:
    leakwatch = LeakWatch.from_crawler(get_crawler())
    assert answer(leakwatch.ask_bill()) == CLOSED
    assert answer(leakwatch.bill_record()) is None


OWNER = {"name", "kind", "origin", "bytes", "shared_bytes", "objects", "grown_bytes",
         "paths"}  # fmt: skip
PATH = {"path", "type", "count", "bytes", "grown_bytes", "location", "code"}


def test_the_line_of_a_bill_has_what_is_promised() -> None:
    line = json.loads(json.dumps(writing.of_bill(BILL), allow_nan=False))
    assert line["type"] == "bill"
    assert line.keys() >= {
        "time", "rss", "rss_named_share", "stall_ms", "analysis_ms",
        "child_memory_bytes", "received", "since", "since_rss", "partial",
    }  # fmt: skip
    assert line["layers"] == {
        "python_free": 40 * MB, "malloc_free": 21 * MB, "native_unnamed": 21 * MB,
        "files": None, "children": 0,
    }  # fmt: skip
    assert all(owner.keys() == OWNER for owner in line["owners"])
    paths = [path for owner in line["owners"] for path in owner["paths"]]
    assert paths
    assert all(path.keys() > PATH for path in paths)


def test_the_line_of_no_bill_says_why() -> None:
    assert writing.of_bill(NO_BILL) == {
        "type": "bill", "time": NO_BILL.time, "received": 2_000, "rss": 1_100 * MB,
        "failed": "no answer within 30 s", "stall_ms": 14.0,
    }  # fmt: skip


TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), max_size=20)
COUNT = st.integers(0, 10**15)
GROWN = st.integers(-(10**15), 10**15)
SECONDS = st.floats(0, 1e11)
MS = st.floats(0, 1e9)
FROM = st.sampled_from(["project", "library"])
PATHS = st.builds(
    BillPath, TEXT, TEXT, COUNT, COUNT, GROWN, st.none() | TEXT, st.none() | TEXT,
    st.booleans(), st.none() | COUNT, st.none() | COUNT, FROM, TEXT, st.booleans(),
)  # fmt: skip
HAVE = st.builds(
    BillOwner, TEXT, st.sampled_from(OWNER_KINDS), FROM, COUNT, COUNT, COUNT, GROWN,
    st.lists(PATHS, max_size=3).map(tuple),
)  # fmt: skip
LAYERS = st.builds(BillLayers, *[st.none() | COUNT] * 5)
BILLS = st.builds(
    Bill, SECONDS, COUNT, COUNT, st.floats(0, 1), st.lists(HAVE, max_size=4).map(tuple),
    LAYERS, SECONDS, COUNT, COUNT, st.none() | LAYERS, st.booleans(), MS, MS, COUNT,
) | st.builds(NoBill, SECONDS, COUNT, COUNT, TEXT, MS)  # fmt: skip


@given(BILLS)
def test_a_bill_is_read_as_it_was_written(bill) -> None:
    line = json.loads(json.dumps(writing.of_bill(bill), allow_nan=False))
    assert parsing.bill(line) == bill


@given(BILLS)
def test_any_bill_can_be_shown(bill) -> None:
    shown = table(bill).splitlines()
    if isinstance(bill, NoBill):
        assert len(shown) == 1
        return
    own = [each for each in bill.owners if each.kind not in {"code", "garbage"}]
    assert len(shown) - 1 <= 2 * sum(1 + len(each.paths) for each in bill.owners) + 5
    for owner in own:
        if owner.bytes >= MB:
            assert any(line.startswith(f"  {owner.name}") for line in shown)
