"""What grows by weight, told with literals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.judge.bills import (
    BillCase,
    is_filling,
    is_in_flight,
    verdict_on,
)
from scrapy_leakwatch.judge.kinds.inconclusive import has_risen, is_urgent
from scrapy_leakwatch.records import (
    Bill,
    BillLayers,
    BillOwner,
    BillPath,
    Layers,
    Memory,
    NoBill,
    ResourceCounts,
)
from tests.judging import judge_of, sample

MB = 1_000_000
LAYERS = BillLayers(MB, MB, 20 * MB, 28 * MB, None)


def bill(number: int, rss: int, *owners: BillOwner) -> Bill:
    """Return the bill ``number`` of a crawl, with 1,000 responses between two."""
    return Bill(
        time=60.0 * number,
        received=1000 * number,
        rss=rss,
        rss_named_share=0.9,
        owners=owners,
        layers=LAYERS,
        since=0.0 if number == 0 else 1e-9,
        since_rss=100 * MB if number else 0,
        since_layers=LAYERS if number else None,
    )


def owner(size: int, kind="component", name="item pipeline Up", **path) -> BillOwner:
    path = {"path": "Up.buffer", "type": "BytesIO", "count": 1, "bytes": size, **path}
    return BillOwner(
        name=name,
        kind=kind,
        origin=path.get("origin", "project"),
        bytes=size,
        grown_bytes=size,
        paths=(BillPath(**path),),
    )


def case(*sizes: int, rss=None, **more) -> BillCase:
    """Return a case whose owner weighs ``sizes`` in bill after bill."""
    found = BillCase("shop")
    for number, size in enumerate(sizes):
        total = rss[number] if rss else 100 * MB + size
        found.add(bill(number, total, owner(size, **more)))
    return found


def names(found: BillCase, *, closing: bool = False) -> list[str]:
    return [grown.path.path for grown in found.grown(closing=closing)]


def test_what_rises_in_two_bills_after_the_first_and_is_heavy_is_told() -> None:
    assert names(case(0, 20 * MB, 40 * MB)) == ["Up.buffer"]


def test_two_bills_are_too_few_while_the_crawl_goes_on() -> None:
    assert names(case(0, 80 * MB)) == []


def test_at_close_two_bills_are_enough_for_most_of_much_growth() -> None:
    assert names(case(0, 80 * MB), closing=True) == ["Up.buffer"]
    assert names(case(0, 12 * MB), closing=True) == []


def test_a_little_growth_takes_more_rises() -> None:
    assert names(case(0, 4 * MB, 8 * MB)) == []
    assert names(case(0, 3 * MB, 6 * MB, 9 * MB)) == ["Up.buffer"]


def test_six_hundred_small_entries_are_no_weight() -> None:
    assert names(case(0, 8_000, 16_000, 24_000, 32_000, 40_000)) == []


def test_a_batch_that_is_emptied_meanwhile_is_not_told() -> None:
    assert names(case(0, 30 * MB, 5 * MB, 40 * MB)) == []


def test_what_stands_still_is_not_told() -> None:
    assert names(case(0, 40 * MB, 80 * MB, 80 * MB)) == []


def test_a_small_part_of_the_growth_is_not_told() -> None:
    rss = [100 * MB, 300 * MB, 600 * MB]
    assert names(case(0, 20 * MB, 40 * MB, rss=rss)) == []


def test_a_frameworks_own_must_be_most_of_the_growth() -> None:
    rss = [100 * MB, 150 * MB, 200 * MB]
    library = {"origin": "library", "name": "duplicate filter RFPDupeFilter"}
    assert names(case(0, 20 * MB, 40 * MB, rss=rss, **library)) == []
    assert names(case(0, 30 * MB, 60 * MB, rss=rss, **library)) == ["Up.buffer"]


@pytest.mark.parametrize(
    "kind", ["downloader", "scraper", "engine", "garbage", "unknown"]
)
def test_what_passes_and_what_nobody_holds_is_no_hoard(kind) -> None:
    assert names(case(0, 40 * MB, 80 * MB, kind=kind)) == []


def queued(*sizes: int, **path) -> BillCase:
    """Return a case in which requests wait, and half of all growth is not theirs."""
    rss = [100 * MB + 2 * size for size in sizes]
    waiting = {"name": "scheduler memory queue", "origin": "library", **path}
    return case(*sizes, rss=rss, kind="scheduler", **waiting)


def test_requests_that_wait_are_no_hoard() -> None:
    assert names(queued(0, 40 * MB, 80 * MB, type="Request", tracked=True)) == []


def test_what_requests_carry_is_a_hoard_where_it_is_most_of_the_growth() -> None:
    carried = {"path": "scheduler memory queue[*].meta['trail']", "type": "str"}
    assert names(queued(0, 40 * MB, 80 * MB, **carried)) == [carried["path"]]
    rss = [100 * MB, 200 * MB, 300 * MB]
    small = case(0, 40 * MB, 80 * MB, rss=rss, kind="scheduler", **carried)
    assert names(small) == []


def cached(*counts: int, bound: int = 1000, available: int | None = None) -> BillCase:
    """Return a case with a cache of so many entries at most, which is so full."""
    found = BillCase("shop")
    for number, count in enumerate(counts):
        size = 40 * MB * number
        cache = owner(size, count=count, length=count, bound=bound)
        billed = bill(number, 100 * MB + size, cache)
        found.add(replace(billed, available=available))
    return found


def unbounded(found: BillCase, limit: int | None = None) -> list[str]:
    """Return what a case has grown but caches that fill up, below a limit."""
    seen = resident(3, found.bills[-1].rss, limit=limit)
    return [each.path.path for each in found.grown() if not is_filling(each, seen)]


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((300, 600, 900), False),
        ((400, 700, 1000), False),
        ((1000, 1000, 1000), True),
        ((900, 1000, 1001), True),
    ],
)
def test_a_cache_is_left_alone_while_it_fills_up_and_told_when_it_grows_on(
    counts, told
) -> None:
    assert unbounded(cached(*counts)) == ["Up.buffer"] * told


FILLING = (300, 600, 900)
FULL = 990 * MB
"""What the crawl takes with 10,000 entries: 80 MB are 900 of them."""


@pytest.mark.parametrize(
    ("limit", "available", "told"),
    [
        (FULL + MB, None, False),
        (FULL - 100 * MB, None, True),
        (None, 900 * MB, False),
        (None, 700 * MB, True),
        (FULL + MB, 700 * MB, True),
    ],
)
def test_a_cache_that_memory_is_full_before_is_told(limit, available, told) -> None:
    found = cached(*FILLING, bound=10_000, available=available)
    assert unbounded(found, limit) == ["Up.buffer"] * told


def test_a_bound_that_may_be_one_of_bytes_is_not_taken_for_one_of_entries() -> None:
    assert unbounded(cached(*FILLING, bound=100 * MB, available=MB)) == []


def test_memory_that_a_cache_fills_is_not_said_to_be_nobodys() -> None:
    def heard(bound: int | None):
        judge = judge_of()
        for number in range(12):
            size = 40 * MB * number
            judge.hear(resident(number, 100 * MB + size))
            kept = owner(size, length=100 * number, bound=bound, grown_bytes=size)
            judge.hear_bill(bill(number, 100 * MB + size, kept))
        return judge.rising(closing=True), judge.verdicts

    assert heard(10_000) == (None, ())
    rising, told = heard(1)
    assert rising is None
    assert [each.kind for each in told] == ["hoard"]


@pytest.mark.parametrize(
    ("grown", "large", "named"),
    [
        (0, 10 * MB, True),
        (50 * MB, 10 * MB, True),  # what has come since then is not the bill's
        (0, 60 * MB, False),
        (0, None, False),
    ],
)
def test_a_bill_may_have_an_owner_for_most_that_is_outside_python(
    grown, large, named
) -> None:
    bills = BillCase("shop", bills=[bill(0, 128 * MB)])  # of which nobody has 20 MB
    rss = 128 * MB + grown
    layers = Layers(
        rss, files=28 * MB, arenas=20 * MB, malloc_used=10 * MB, python_large=large
    )
    assert bills.names_outside(layers) is named


def test_without_a_bill_nobody_is_named_for_what_is_outside_python() -> None:
    layers = Layers(100 * MB, arenas=20 * MB, python_large=10 * MB)
    assert not BillCase("shop").names_outside(layers)


def test_a_modules_list_that_grows_from_crawl_to_crawl_is_told_at_close() -> None:
    sizes = [10 * MB, 20 * MB, 30 * MB]
    ended = tuple(
        bill(
            number, 100 * MB + size, owner(size, kind="module", path="service.RESULTS")
        )
        for number, size in enumerate(sizes)
    )
    last = bill(4, 140 * MB, owner(40 * MB, kind="module", path="service.RESULTS"))
    found = BillCase("shop", ended, [last])
    assert names(found) == []
    assert names(found, closing=True) == ["service.RESULTS"]


def test_a_verdict_says_bytes_share_and_who() -> None:
    [grown] = case(0, 20 * MB, 40 * MB, location="up.py:9", fix="write it").grown()
    verdict, found = verdict_on(grown, "shop", sample(3, limit=1000 * MB))
    assert (verdict.kind, verdict.subject) == ("hoard", "Up.buffer")
    assert verdict.bytes == 40 * MB
    assert verdict.share_of_growth == 1.0
    assert verdict.growth.per_1000_responses == 20 * MB
    assert verdict.limit_in_s == pytest.approx(60 * 900 / 20)
    assert (found.location, found.fix) == ("up.py:9", "write it")
    assert found.owner == verdict.owner == "item pipeline Up"


@pytest.mark.parametrize(
    ("kind", "count", "in_flight", "waits"),
    [
        ("Deferred", 200, 220, True),
        ("Future", 200, 80, True),
        ("_WorkItem", 200, 190, True),
        ("Future", 200, 16, False),
        ("str", 200, 220, False),
    ],
)
def test_what_waits_for_a_lock_while_scrapy_waits_is_in_flight(
    kind, count, in_flight, waits
) -> None:
    [grown] = case(0, 20 * MB, 40 * MB, type=kind, count=count).grown()
    seen = sample(3)
    seen = replace(seen, responses=replace(seen.responses, in_flight=in_flight))
    assert is_in_flight(grown, seen) == waits


def test_work_for_threads_that_weighs_too_much_is_told_all_the_same() -> None:
    seen = sample(3)
    seen = replace(seen, responses=replace(seen.responses, in_flight=190))
    [grown] = case(0, 50 * MB, 90 * MB, type="_WorkItem", count=200).grown()
    assert not is_in_flight(grown, seen)
    [grown] = case(0, 50 * MB, 90 * MB, type="Deferred", count=200).grown()
    assert is_in_flight(grown, seen)


def test_memory_that_rises_with_what_waits_is_told_with_what_they_wait_for() -> None:
    book = judge_of()
    for number in range(5):
        book.hear(resident(number, 100 * MB))
    for number, size in enumerate((100, 140, 180, 220, 260), 5):
        seen = resident(number, size * MB)
        book.hear(replace(seen, responses=replace(seen.responses, in_flight=190)))
        waiting = owner((size - 100) * MB, type="Future", count=200)
        assert book.hear_bill(bill(number, size * MB, waiting)) == []
    verdict = book.rising()
    assert verdict is not None
    assert verdict.kind == "inconclusive"
    assert "faster than what its pages wait for: Up.buffer, 200" in verdict.message
    assert "SCRAPER_SLOT_MAX_ACTIVE_SIZE" in verdict.remedy


def test_pages_that_callbacks_work_on_are_no_hoard() -> None:
    sizes = (0, 20 * MB, 40 * MB, 60 * MB)
    assert names(case(*sizes, path="parse › response › _body", worked_on=True)) == []
    assert names(case(*sizes, path="parse › rows")) == ["parse › rows"]


def test_scrapys_own_objects_are_a_leak() -> None:
    [grown] = case(0, 20 * MB, 40 * MB, type="HtmlResponse", tracked=True).grown()
    assert verdict_on(grown, "shop", sample(3))[0].kind == "leak"


def resident(number: int, rss: int, limit: int | None = None):
    return replace(
        sample(number, limit=limit),
        memory=Memory(rss=rss, rss_peak=rss, python_blocks=1),
    )


def heard(*sizes: int, **path):
    """Return a docket that heard samples and bills of growing memory, and the last."""
    book = judge_of()
    told = []
    for number, size in enumerate(sizes):
        for sub in range(4):
            book.hear(resident(4 * number + sub, 100 * MB + size))
        told = book.hear_bill(bill(number, 100 * MB + size, owner(size, **path)))
    return book, told


def test_a_bill_is_told_once_until_it_has_doubled() -> None:
    book, told = heard(0, 20 * MB, 40 * MB)
    assert [verdict.kind for verdict, _ in told] == ["hoard"]
    assert book.hear_bill(bill(3, 160 * MB, owner(60 * MB))) == []
    [(again, _)] = book.hear_bill(bill(4, 180 * MB, owner(80 * MB)))
    assert again.id == told[0][0].id == 1


def test_what_is_counted_has_the_first_say_until_the_next_bill() -> None:
    counted = {"type": "HtmlResponse", "tracked": True}
    book, told = heard(0, 50 * MB, 100 * MB, **counted)
    assert told == []
    assert book.rising() is None
    [(verdict, _)] = book.hear_bill(bill(3, 250 * MB, owner(150 * MB, **counted)))
    assert verdict.kind == "leak"


def test_what_is_counted_is_told_at_once_where_the_crawl_closes() -> None:
    counted = {"type": "HtmlResponse", "tracked": True}
    book, _ = heard(0, 50 * MB, **counted)
    last = bill(2, 200 * MB, owner(100 * MB, **counted))
    [(verdict, _)] = book.hear_bill(last, closing=True)
    assert verdict.kind == "leak"


def test_what_a_bill_no_longer_shows_is_withdrawn_but_not_by_closing() -> None:
    book, _ = heard(0, 20 * MB, 40 * MB)
    assert book.hear_bill(bill(3, 110 * MB, owner(10 * MB)), closing=True) == []
    [(verdict, _)] = book.hear_bill(bill(4, 110 * MB, owner(10 * MB)))
    assert verdict.kind == "recovered"


def test_rising_memory_that_nobody_is_named_for_is_told_and_withdrawn_when_named() -> (
    None
):
    book = judge_of()
    for number in range(5):
        book.hear(resident(number, 100 * MB))
    book.hear(resident(9, 180 * MB))
    assert book.rising() is None  # too early, without bills
    verdict = book.rising(closing=True)
    assert verdict is not None
    assert (verdict.kind, verdict.unaccounted) == ("inconclusive", 80 * MB)
    assert book.rising(closing=True) is None
    for number, size in enumerate((0, 40 * MB, 80 * MB)):
        told = book.hear_bill(bill(number, 100 * MB + size, owner(size)))
    kinds = [each.kind for each, _ in told]
    assert kinds == ["hoard", "recovered"]
    assert told[1][0].cause == told[0][0].id
    assert told[1][0].withdraws == verdict.id


def test_rising_memory_that_is_dead_is_told_as_such() -> None:
    book = judge_of()
    for number in range(5):
        book.hear(resident(number, 100 * MB))
    book.hear(resident(9, 180 * MB))
    for number, size in enumerate((0, 40 * MB, 80 * MB)):
        dead = owner(size, kind="garbage", name="garbage", path="garbage › bytes")
        assert book.hear_bill(bill(number, 100 * MB + size, dead)) == []
    verdict = book.rising()
    assert verdict is not None
    assert "most of it is dead and waits for Python's collector" in verdict.message


def test_where_no_bill_can_be_had_rising_memory_is_told_with_the_reason() -> None:
    book = judge_of()
    for number in range(5):
        book.hear(resident(number, 100 * MB))
    book.hear(resident(9, 300 * MB))
    assert book.hear_bill(NoBill(1.0, 1, 300 * MB, "fork refused: no memory")) == []
    verdict = book.rising()
    assert verdict is not None
    assert verdict.caveat == "fork refused: no memory"
    assert is_urgent(verdict)


def test_growth_by_less_than_a_quarter_or_64_mb_is_healthy() -> None:
    assert not has_risen(resident(1, 1000 * MB), resident(2, 1200 * MB))
    assert not has_risen(resident(1, 100 * MB), resident(2, 160 * MB))
    assert has_risen(resident(1, 100 * MB), resident(2, 165 * MB))


def test_growth_that_nobody_is_named_for_is_urgent_when_the_limit_is_near() -> None:
    book = judge_of()
    for number in range(5):
        book.hear(resident(number, 1000 * MB, limit=1400 * MB))
    book.hear(resident(60, 1300 * MB, limit=1400 * MB))
    verdict = book.rising(closing=True)
    assert verdict is not None
    assert is_urgent(verdict)
    assert not is_urgent(replace(verdict, limit_in_s=7200.0))


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_a_constant_weight_never_grows(sizes) -> None:
    found = BillCase("shop")
    for number, rss in enumerate(sizes):
        found.add(bill(number, rss, owner(50 * MB)))
    assert names(found) == names(found, closing=True) == []


@given(
    st.lists(st.integers(0, 10**9), min_size=3, max_size=8),
    st.integers(0, 10**9),
)
def test_shifting_time_changes_nothing(sizes, shift) -> None:
    found = case(*sizes)
    moved = BillCase("shop")
    for each in found.bills:
        moved.add(replace(each, time=each.time + shift))
    assert names(moved) == names(found)


def of_tasks(number: int):
    return replace(
        resident(number, (100 + 20 * number) * MB),
        resources=ResourceCounts(tasks=5 + 300 * number),
    )


def billed_tasks(judge, number: int, kind: str = "Task", count: int = 300) -> list:
    """Return what a judge says of a bill in which tasks weigh most."""
    path = {"path": "spider.tasks", "type": kind, "count": count * number}
    heavy = owner(20 * MB * number, name="spider shop", **path)
    return judge.hear_bill(bill(number, (100 + 20 * number) * MB, heavy))


def test_tasks_that_do_not_end_are_part_of_their_weight() -> None:
    judge, told = judge_of(), []
    for number in range(12):
        suspicion = judge.hear(of_tasks(number))
        told += [judge.conclude(suspicion, None)] if suspicion else []
        told += [each for each, _ in billed_tasks(judge, number)]
    hoard, *others = told
    assert (hoard.kind, hoard.subject) == ("hoard", "spider.tasks")
    unreleased = [each for each in others if each.kind == "unreleased"]
    assert unreleased
    assert {each.cause for each in unreleased} == {hoard.id}


@pytest.mark.parametrize(
    ("kind", "count", "is_news"),
    [("Task", 300, False), ("Task", 1, True), ("Row", 300, True)],
)
def test_the_weight_of_tasks_that_were_told_is_no_news(kind, count, is_news) -> None:
    judge, told = judge_of(), []
    for number in range(12):
        suspicion = judge.hear(of_tasks(number))
        verdict = judge.conclude(suspicion, None) if suspicion else None
        told += [verdict.kind] if verdict else []
    assert "unreleased" in told
    bills = [billed_tasks(judge, number, kind, count) for number in range(8, 12)]
    assert any(bills) == is_news
