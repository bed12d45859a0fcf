"""What a walk over objects finds: owners, parents, sizes, and what nobody reaches."""

from __future__ import annotations

import sys
from collections import OrderedDict, deque

from hypothesis import given, settings

from scrapy_leakwatch.heap import twin
from tests.heap.walkers import (
    IN_C,
    NEEDS_C,
    WALKERS,
    WALKERS_OF_ALL,
    is_marked,
    nothing_collected,
    rows_of,
    unreached,
    walked,
)
from tests.heap.worlds import Slotted, build, plans

EXACT = (list, tuple, dict, OrderedDict, set, deque, str, float, int, Slotted)


def rounded(obj):
    return (sys.getsizeof(obj) + 15) // 16 * 16


def by_id(found):
    return {id(found.object(index)): index for index in range(len(found))}


@WALKERS
@settings(max_examples=80, deadline=None)
@given(plan=plans())
def test_an_object_belongs_to_the_first_root_that_reaches_it(walker, plan) -> None:
    roots, _held, ids = build(plan)
    found, spans = walked(walker, *roots)
    places = by_id(found)
    owners = plan.owners()
    for node, owner in owners.items():
        index = places[ids[node]]
        if node in plan.roots:
            assert index == plan.roots.index(node)
        else:
            begin, end = spans[plan.roots.index(owner)]
            assert begin <= index < end
    reached = {ids[node] for node in owners}
    assert not set(places) & (set(ids.values()) - reached)


@WALKERS
@settings(max_examples=80, deadline=None)
@given(plan=plans())
def test_the_parent_of_an_object_refers_to_it(walker, plan) -> None:
    roots, _held, ids = build(plan)
    found, _spans = walked(walker, *roots)
    nodes = {address: node for node, address in ids.items()}
    for index in range(len(found)):
        node = nodes.get(id(found.object(index)))
        if node is None or node in plan.roots:
            continue
        above = found.parent(index)
        while id(found.object(above)) not in nodes:  # the __dict__ of an object
            above = found.parent(above)
        assert above < index
        assert node in plan.edges[nodes[id(found.object(above))]]


@WALKERS
@settings(max_examples=80, deadline=None)
@given(plan=plans())
def test_what_two_owners_refer_to_is_marked_with_all_that_hangs_on_it(
    walker, plan
) -> None:
    roots, _held, ids = build(plan)
    found, _spans = walked(walker, *roots)
    places = by_id(found)
    marked = {node for node in plan.owners() if is_marked(found, places[ids[node]])}
    assert marked == plan.shared()
    found.spread()
    for index in range(len(found)):
        above = found.parent(index)
        if above >= 0 and is_marked(found, above):
            assert is_marked(found, index)


@WALKERS
@settings(max_examples=100, deadline=None)
@given(plan=plans())
def test_sizes_are_those_of_the_interpreter_in_units_of_16(walker, plan) -> None:
    roots, _held, _ids = build(plan)
    found, spans = walked(walker, *roots)
    for index in range(len(found)):
        obj = found.object(index)
        if type(obj) in EXACT:
            assert found.bytes(index) == rounded(obj)
        else:
            assert found.bytes(index) >= rounded(obj)
    for begin, end in spans:
        told = sum(found.bytes(index) for index in range(begin, end))
        assert found.totals(begin, end)[0] == told
        assert found.totals(begin, end)[2] == end - begin


@NEEDS_C
@settings(max_examples=80, deadline=None)
@given(plan=plans())
def test_both_walks_meet_the_same_objects_in_the_same_order(plan) -> None:
    roots, _held, _ids = build(plan)
    tables = []
    for walker in (IN_C, twin.Graph):
        found, spans = walked(walker, *roots)
        found.spread()
        tables.append((spans, rows_of(found), [id(obj) for obj, _ in found.asides()]))
    assert tables[0] == tables[1]


@WALKERS_OF_ALL
@settings(max_examples=3, deadline=None)
@given(plan=plans())
def test_what_no_root_reaches_is_garbage_unless_something_holds_it(
    walker, plan
) -> None:
    with nothing_collected():
        roots, held, ids = build(plan)
        found, _spans = walked(walker, *roots)
        begin, end = unreached(found)
        places = {id(found.object(index)): index for index in range(begin, end)}
        alive = plan.garbage() | plan.unknown()
        assert {node for node in ids if ids[node] in places} >= alive
        dead = {node for node in alive if not is_marked(found, places[ids[node]])}
        assert dead == plan.garbage()
        assert len(held) == len(plan.held)
