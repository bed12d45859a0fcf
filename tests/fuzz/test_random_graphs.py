"""Both walks over any objects, against what the collector says of them."""

from __future__ import annotations

import gc
import sys
import weakref
from types import ModuleType

from hypothesis import given

from scrapy_leakwatch.heap import twin
from scrapy_leakwatch.heap.sizes import rule
from tests.fuzz.effort import fuzzed
from tests.fuzz.heaps import build, heaps, reached, referents
from tests.heap.walkers import (
    IN_C,
    NEEDS_C,
    WALKERS,
    is_marked,
    nothing_collected,
    rows_of,
    unreached,
    walked,
)


def is_apart(obj):
    return issubclass(type(obj), (type, ModuleType))


def ids(found, begin=0, end=None):
    return [
        id(found.object(n)) for n in range(begin, len(found) if end is None else end)
    ]


@WALKERS
@fuzzed(few=60)
@given(plan=heaps())
def test_all_that_a_root_reaches_is_found_once(walker, plan) -> None:
    made = build(plan)
    roots = [made[number] for number in plan[3]]
    if len({*map(id, roots)}) < len(roots) or any(map(is_apart, roots)):
        return
    found, spans = walked(walker, *roots)
    numbers = ids(found)
    assert len(set(numbers)) == len(numbers)
    for root, (begin, end) in zip(roots, spans, strict=True):
        others = [each for each in roots if each is not root]
        assert set(ids(found, begin, end)) <= set(reached([root], is_apart, others))
    assert set(numbers) == set(reached(roots, is_apart))


@WALKERS
@fuzzed(few=60)
@given(plan=heaps())
def test_parents_are_a_real_and_shortest_way_from_a_root(walker, plan) -> None:
    made = build(plan)
    root = made[plan[3][0]]
    if is_apart(root):
        return
    found, _ = walked(walker, root)
    depth = {id(root): 0}
    queue = [root]
    for obj in queue:
        for target in referents(obj):
            if id(target) not in depth and not is_apart(target):
                depth[id(target)] = depth[id(obj)] + 1
                queue.append(target)
    for number in range(1, len(found)):
        parent = found.parent(number)
        assert 0 <= parent < number
        above, below = found.object(parent), found.object(number)
        assert any(each is below for each in referents(above))
        assert depth[id(below)] == depth[id(above)] + 1


@WALKERS
@fuzzed(few=60)
@given(plan=heaps())
def test_settled_sizes_are_the_sums_of_what_hangs_there(walker, plan) -> None:
    made = build(plan)
    roots = [made[number] for number in plan[3]]
    if len({*map(id, roots)}) < len(roots) or any(map(is_apart, roots)):
        return
    found, _ = walked(walker, *roots)
    own = [found.bytes(number) for number in range(len(found))]
    hanging = list(own)
    for number in range(len(found) - 1, -1, -1):
        if found.parent(number) >= 0:
            hanging[found.parent(number)] += hanging[number]
    found.settle()
    assert [found.bytes(number) for number in range(len(found))] == hanging
    assert sum(found.bytes(n) for n in range(len(roots))) == sum(own)


@WALKERS
@fuzzed(few=60)
@given(plan=heaps())
def test_what_is_shared_with_a_later_owner_is_marked(walker, plan) -> None:
    """The oracle takes each later root away: what hangs on it alone stays unmarked."""
    made = build(plan)
    roots = [made[number] for number in plan[3]]
    if len({*map(id, roots)}) < len(roots) or any(map(is_apart, roots)):
        return
    found, spans = walked(walker, *roots)
    found.spread()
    places = {address: number for number, address in enumerate(ids(found))}
    for place, root in enumerate(roots):
        alone = reached([root], is_apart, roots[:place] + roots[place + 1 :])
        others = [each for each in roots if each is not root]
        theirs = reached(others, is_apart, [root])
        for address in alone:
            number = places[address]
            mine = spans[place][0] <= number < spans[place][1]
            if mine and address not in theirs:
                assert not is_marked(found, number)


@NEEDS_C
@fuzzed(few=100)
@given(plan=heaps())
def test_both_walks_say_the_same_of_any_objects(plan) -> None:
    made = build(plan)
    roots = [made[number] for number in plan[3]]
    told = []
    for walker in (IN_C, twin.Graph):
        for passing in (False, True):
            found = walker(rule)
            entered = [found.enter(root) for root in roots]
            spans = [found.run([n], passing, sys.maxsize) for n in entered if n >= 0]
            found.spread()
            asides = [(id(obj), parent) for obj, parent in found.asides()]
            told.append((entered, spans, rows_of(found), asides, found.opaque()))
    assert told[:2] == told[2:]


def mortal(obj):
    """Return a weak reference to an object, None where it takes none."""
    try:
        return weakref.ref(obj)
    except TypeError:
        return None


@NEEDS_C
@fuzzed(few=3, share=0.1)
@given(plan=heaps())
def test_garbage_is_what_the_collector_frees(plan) -> None:
    """The twin takes the same objects: it would take seconds for each example."""
    with nothing_collected():
        made = build(plan)
        roots = [made[number] for number in plan[3]][:1]
        known = [(id(each), mortal(each)) for each in made]
        del made
        found, _ = walked(IN_C, *roots)
        begin, end = unreached(found)
        dead = {
            id(found.object(n)) for n in range(begin, end) if not is_marked(found, n)
        }
        living = [(address, ref) for address, ref in known if ref is not None and ref()]
        del found
        gc.collect()
        for address, ref in living:
            assert (ref() is None) == (address in dead)
