"""The walk by examples: what is seen, what is set aside, and how it is summed up."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial
from types import GeneratorType

import pytest

from scrapy_leakwatch.heap import sizes
from scrapy_leakwatch.heap.sizes import rule
from tests.heap.walkers import (
    FOREVER,
    WALKERS,
    has,
    is_marked,
    nothing_collected,
    objects_in,
    unreached,
    walked,
)


class Thing:
    pass


def waiting(held):
    yield held


class Table(dict):
    pass


class Counted(Counter):
    pass


@WALKERS
@pytest.mark.parametrize(
    "kind", [dict, OrderedDict, partial(defaultdict, int), Table, Counted]
)
def test_the_keys_of_a_dict_of_strings_are_seen(walker, kind) -> None:
    keys = [f"https://example.com/{number}" for number in range(50)]
    table = kind()
    table.update(dict.fromkeys(keys, 1))
    found, (span,) = walked(walker, table)
    assert all(has(found, span, key) for key in keys)


@WALKERS
def test_the_keys_of_a_dict_of_anything_are_seen_once(walker) -> None:
    text, number = "a key".upper(), 10**30
    found, (span,) = walked(walker, {text: 1, number: 2})
    assert has(found, span, text)
    assert has(found, span, number)


@WALKERS
def test_entries_that_were_removed_are_not_seen(walker) -> None:
    keys = [f"key {number}" for number in range(50)]
    table = dict.fromkeys(keys, 1)
    for key in keys[1:]:
        del table[key]
    found, (span,) = walked(walker, table)
    assert [key for key in keys if has(found, span, key)] == keys[:1]


@WALKERS
def test_attributes_are_seen_whether_there_is_a_dict_or_not(walker) -> None:
    things = [Thing() for _ in range(100)]
    for thing in things:
        thing.page = bytearray(10)
    asked = vars(things[0])
    found, (span,) = walked(walker, things)
    assert all(has(found, span, thing.page) for thing in things)
    assert has(found, span, asked)


@WALKERS
def test_attributes_in_a_block_of_their_own_are_counted(walker) -> None:
    class Wide:
        def __init__(self):
            for number in range(12):
                setattr(self, f"attribute{number}", None)

    for _ in range(40):
        Wide()
    wide = Wide()
    found, _spans = walked(walker, wide)
    # An object with 12 attributes has room for them, here or there.
    size = found.bytes(0) + sum(
        found.bytes(index)
        for index in range(1, len(found))
        if type(found.object(index)) is dict
    )
    assert 12 * 8 + 32 <= size <= 12 * 8 + 300


@WALKERS
def test_a_root_is_a_barrier_for_the_others(walker) -> None:
    inner = ["inner", bytearray(3)]
    outer = [inner]
    found, (first, second) = walked(walker, outer, inner)
    assert first[0] == first[1]
    assert has(found, second, inner[1])
    assert not is_marked(found, found.find(inner))


@WALKERS
def test_what_the_same_owner_refers_to_again_is_not_shared(walker) -> None:
    page = bytearray(3)
    first, second, other = [page], [page], [page]
    found = walker(rule)
    entered = [found.enter(obj) for obj in (first, second, other)]
    begin, end = found.run(entered[:1], False, FOREVER)
    assert end - begin == 1
    found.run(entered[1:2], False, FOREVER, begin)
    assert not is_marked(found, found.find(page))
    found.run(entered[2:], False, FOREVER)
    assert is_marked(found, found.find(page))


@WALKERS
def test_marks_spread_to_all_that_hangs_on_what_is_shared(walker) -> None:
    leaf = bytearray(3)
    shared = [[leaf]]
    found, _spans = walked(walker, [shared], [shared])
    assert not is_marked(found, found.find(leaf))
    found.spread()
    assert is_marked(found, found.find(leaf))


@WALKERS
def test_types_and_modules_are_set_aside_once(walker) -> None:
    begun = [Thing, Thing(), math]
    found, (span,) = walked(walker, begun)
    told = {id(obj): parent for obj, parent in found.asides()}
    assert told[id(Thing)] == told[id(math)] == 0
    assert found.find(Thing) == -1
    assert found.asides() == []
    entered = found.enter(Thing)
    assert entered == span[1]
    begin, end = found.run([entered], False, FOREVER)
    assert any(obj is Thing.__mro__ for obj in objects_in(found, (begin, end)))
    assert found.asides()


@WALKERS
def test_who_only_passes_a_suspended_function_on_sets_it_aside(walker) -> None:
    page = bytearray(3)
    suspended = waiting(page)
    next(suspended)
    found, (span,) = walked(walker, [suspended], passing=True)
    assert not has(found, span, suspended)
    assert [(type(obj), parent) for obj, parent in found.asides()] == [
        (GeneratorType, 0)
    ]
    found, (span,) = walked(walker, [suspended])
    assert has(found, span, page)


@WALKERS
def test_who_stays_gets_what_was_set_aside_before(walker) -> None:
    suspended = waiting(bytearray(3))
    passes, keeps = [suspended], [suspended]
    found = walker(rule)
    entered = [found.enter(passes), found.enter(keeps)]
    found.run(entered[:1], True, FOREVER)
    span = found.run(entered[1:], False, FOREVER)
    assert has(found, span, suspended)
    assert not any(obj is suspended for obj, _ in found.asides())


@WALKERS
def test_a_size_counts_for_all_above(walker) -> None:
    pages = [bytearray(100_000), bytearray(50_000)]
    table = {"pages": pages}
    begun = [table, bytearray(7)]
    found, (span,) = walked(walker, begun)
    total = found.bytes(0) + found.totals(*span)[0]
    found.settle()
    assert found.bytes(0) == total
    assert found.bytes(found.find(pages)) >= 150_000
    assert set(map(id, map(found.object, found.heavy(*span, 100_000)))) == {
        id(each) for each in (table, pages, pages[0])
    }


@WALKERS
def test_children_are_what_was_first_met_there(walker) -> None:
    begun = [[bytearray(1), bytearray(2)], [], [bytearray(3)]]
    found, (span,) = walked(walker, begun)
    for parent in (begun, *begun):
        first, last = found.children(found.find(parent), *span)
        told = sorted(map(id, objects_in(found, (first, last))))
        assert told == sorted(map(id, parent))


@WALKERS
def test_types_are_summed_up_over_a_range(walker) -> None:
    pages = [bytearray(1000) for _ in range(5)]
    found, (span,) = walked(walker, [*pages, "text", 1.5])
    rows = {cls: (count, size) for cls, count, size in found.types(*span)}
    assert rows[bytearray] == (5, 5 * found.bytes(found.find(pages[0])))
    assert rows[float][0] == 1
    assert found.types(*span, 1) == []
    assert len(found.types(*span, 0)) == len(rows)


@WALKERS
def test_what_was_opened_by_hand_hangs_on_its_object(walker) -> None:
    inner, begun = bytearray(100_000), [[], []]
    found, _span = walked(walker, begun)
    parent = found.find(begun[0])
    seed = found.enter(inner, parent)
    assert found.parent(seed) == parent
    assert found.enter(inner, parent) == -1
    found.grow(parent, 17)
    before = found.bytes(parent)
    found.settle()
    assert found.bytes(parent) == before + found.bytes(seed)
    assert before - found.bytes(found.find(begun[1])) >= 32


@WALKERS
def test_opaque_objects_are_told_once(walker) -> None:
    def opaque_lists(cls):
        return (sizes.OPAQUE if cls is list else sizes.PLAIN), None

    found = walker(opaque_lists)
    begun = [[], {}]
    found.run([found.enter(begun)], False, FOREVER)
    assert found.opaque() == [0, found.find(begun[0])]
    assert found.opaque() == []


@WALKERS
def test_a_walk_ends_when_its_time_is_over(walker) -> None:
    begun = [(number,) for number in range(20_000)]
    found = walker(rule)
    found.run([found.enter(begun)], False, 0.0)
    assert found.partial
    whole, _spans = walked(walker, begun)
    assert not whole.partial
    assert len(whole) > 20_000


@WALKERS
def test_a_number_that_no_object_has_is_an_error(walker) -> None:
    found, _spans = walked(walker, [])
    for wrong in (found.object, found.parent, found.bytes):
        with pytest.raises(IndexError):
            wrong(1)
    for wrong in (found.totals, found.types):
        with pytest.raises(IndexError):
            wrong(0, 2)
    with pytest.raises(IndexError):
        found.run([1], False, FOREVER)
    with pytest.raises(IndexError):
        found.children(0, 0, 2)


@WALKERS
def test_an_error_of_the_rule_is_told(walker) -> None:
    def fails(cls):
        raise LookupError(cls)

    found = walker(fails)
    with pytest.raises(LookupError):
        found.run([found.enter(found)], False, FOREVER)


@WALKERS
def test_a_dead_cycle_is_garbage_with_all_that_hangs_on_it(walker) -> None:
    with nothing_collected():
        found = walker(rule)
        cycle = [bytes(1_000_000)]
        cycle.append(cycle)
        where = [id(cycle), id(cycle[0])]
        del cycle
        begin, end = unreached(found)
        dead = [
            index
            for index in range(begin, end)
            if id(found.object(index)) in where
            and not found.totals(index, index + 1)[3]
        ]
        assert len(dead) == 2
        rows = {cls: size for cls, _, size in found.types(begin, end, 0)}
        assert rows[bytes] >= 1_000_000


@WALKERS
def test_what_an_unseen_reference_holds_is_no_garbage(walker) -> None:
    ctypes = pytest.importorskip("ctypes")
    with nothing_collected():
        found = walker(rule)
        cycle = [bytes(1_000_000)]
        cycle.append(cycle)
        where = id(cycle)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(cycle))
        del cycle
        begin, end = unreached(found)
        places = {id(found.object(index)): index for index in range(begin, end)}
        held = found.object(places[where])
        assert is_marked(found, places[where])
        assert is_marked(found, found.find(held[0]))
        ctypes.pythonapi.Py_DecRef(ctypes.py_object(held))


@WALKERS
def test_what_is_reached_is_not_among_the_unreached(walker) -> None:
    with nothing_collected():
        kept = [[number] for number in range(100)]
        found, _spans = walked(walker, kept)
        begin, end = unreached(found)
        rest = {id(found.object(index)) for index in range(begin, end)}
        assert not rest & {id(kept), *map(id, kept)}
        assert id(deque) not in rest or found.find(deque) >= begin


@WALKERS
def test_only_what_the_collector_lists_leads_to_the_unreached(walker) -> None:
    with pytest.raises(ValueError, match="list"):
        walker(rule).unreached(1, FOREVER)
