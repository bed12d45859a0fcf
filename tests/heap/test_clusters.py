"""Instances sorted by how they are held: in C and in Python alike."""

from __future__ import annotations

from itertools import pairwise

import pytest

from scrapy_leakwatch.heap.sizes import rule
from tests.heap.walkers import FOREVER, WALKERS, nothing_collected, unreached


class Page:
    def __init__(self, body=b"", inner=None):
        self.body = body
        self.inner = inner


class Stop:
    def __init__(self, meta):
        self.meta = meta


class Nobody:
    pass


def sorted_out(walker, *roots, most=4, stop=Stop, chosen=None):
    """Return the clusters of pages that roots reach, the largest first."""
    found = walker(rule, {}, (), (Page,))
    entered = [found.enter(root) for root in roots]
    for index in entered:
        found.run([index], False, FOREVER)
    found.settle()
    wanted = None if chosen is None else [found.find(page) for page in chosen]
    rows, garbage, unknown = found.clusters(stop, most, wanted)
    assert (garbage, unknown) == (0, 0)
    return found, sorted(rows, reverse=True)


def counts(rows):
    return [row[0] for row in rows]


@WALKERS
def test_what_one_list_holds_is_one_cluster(walker) -> None:
    kept = [Page(bytes(1000)) for _ in range(100)]
    found, [(count, nested, size, examples)] = sorted_out(walker, kept)
    assert (count, nested) == (100, 0)
    assert 100_000 < size < 130_000
    assert len(examples) == 4
    places = sorted(kept.index(found.object(index)) for index in examples)
    gaps = {after - before for before, after in pairwise(places)}
    assert gaps == {25}


@WALKERS
def test_two_kinds_of_holder_are_two_clusters(walker) -> None:
    kept = [[Page() for _ in range(30)], tuple(Page() for _ in range(20))]
    assert counts(sorted_out(walker, kept)[1]) == [30, 20]


@WALKERS
def test_the_keys_of_a_small_dict_tell_holders_apart(walker) -> None:
    kept = [{"page": Page()} for _ in range(30)] + [{"old": Page()} for _ in range(20)]
    assert counts(sorted_out(walker, kept)[1]) == [30, 20]
    large = {number: Page() for number in range(500)}
    assert counts(sorted_out(walker, large)[1]) == [500]


@WALKERS
def test_what_a_function_keeps_is_told_by_its_code(walker) -> None:
    def one(page):
        return lambda: page

    def other(page):
        return lambda: page

    kept = [one(Page()) for _ in range(9)] + [other(Page()) for _ in range(5)]
    assert counts(sorted_out(walker, kept)[1]) == [9, 5]


@WALKERS
def test_the_way_ends_at_a_stop_wherever_that_hangs(walker) -> None:
    holders = [Stop({"page": Page()}) for _ in range(40)]
    roots = [holders[:10], tuple(holders[10:20]), {"deep": [[holders[20:]]]}]
    assert counts(sorted_out(walker, *roots)[1]) == [40]


@WALKERS
def test_pages_in_a_row_are_nested_and_weighed_once(walker) -> None:
    first = None
    for _ in range(300):
        first = Page(bytes(1000), first)
    _, rows = sorted_out(walker, [first])
    assert sum(counts(rows)) == 300
    assert sum(row[1] for row in rows) == 299
    assert len(rows) == 2
    assert 300_000 < sum(row[2] for row in rows) < 390_000


@WALKERS
def test_a_long_way_ends_in_one_cluster_however_long_it_is(walker) -> None:
    last = None
    for _ in range(2_000):
        last = [last, Page()]
    rows = sorted_out(walker, [last])[1]
    assert sum(counts(rows)) == 2_000
    assert len(rows) < 100
    assert rows[0][0] > 1_900


@WALKERS
def test_chosen_ones_alone_are_sorted(walker) -> None:
    kept = [Page() for _ in range(10)]
    assert counts(sorted_out(walker, kept, chosen=kept[:3])[1]) == [3]


@WALKERS
def test_a_root_itself_is_a_cluster(walker) -> None:
    page = Page(inner=Page())
    assert counts(sorted_out(walker, page)[1]) == [1, 1]


@WALKERS
def test_what_no_root_reaches_is_only_counted(walker) -> None:
    with nothing_collected():
        dead = Page()
        dead.inner = dead
        del dead
        kept = [Page()]
        found = walker(rule, {}, (), (Page,))
        found.run([found.enter([])], False, FOREVER)
        assert found.noted == 0
        unreached(found)
        rows, garbage, unknown = found.clusters(Stop, 4, None)
    assert rows == []
    assert (garbage, unknown) == (1, len(kept))


@WALKERS
def test_a_number_of_nothing_is_refused(walker) -> None:
    found = walker(rule, {}, (), (Page,))
    with pytest.raises(IndexError):
        found.clusters(Stop, 4, [7])


@WALKERS
def test_large_objects_are_added_up(walker) -> None:
    found = walker(rule)
    kept = [bytes(10_000), bytes(100), bytes(2_000)]
    found.run([found.enter(kept)], False, FOREVER)
    assert 12_000 < found.larger(512) < 12_200


@WALKERS
def test_the_top_of_an_object_is_the_root_that_leads_to_it(walker) -> None:
    inner = Page()
    found, outer = walker(rule), [[[inner]]]
    root = found.enter(outer)
    found.run([root], False, FOREVER)
    assert found.top(found.find(inner)) == root
