"""Random graphs of objects of many kinds, and what the interpreter says of them."""

from __future__ import annotations

import gc
import weakref
from collections import OrderedDict, defaultdict, deque
from functools import partial
from types import MappingProxyType, MethodType, SimpleNamespace

from hypothesis import strategies as st

MOST = 14
"""Objects of a graph."""


class Plain:
    pass


class Slotted:
    __slots__ = ("__weakref__", "a", "b", "c", "d")


class Mixed(Slotted):
    """Has slots and a dict."""


class Table(dict):
    __slots__ = ()


class Row(list):
    pass


class Bag(set):
    pass


class Pair(tuple):
    __slots__ = ()


class Finalized:
    def __del__(self):
        pass


class Sized:
    """Says that it is of no size, and of another class."""

    def __sizeof__(self):
        raise SystemExit

    __class__ = int


FUNCTIONS = """
def closure(parts):
    def inner():
        return parts
    return inner

def generator(parts):
    held = [parts]
    yield held
    yield parts
"""
_made: dict = {"__builtins__": {}}
exec(FUNCTIONS, _made)  # with a room of their own, which does not lead everywhere


def _suspended(parts):
    found = _made["generator"](parts)
    next(found)
    return found


def _method(parts):
    owner = Plain()
    owner.a = parts
    return MethodType(_made["closure"], owner)


def _attributes(cls):
    def made(parts):
        found = cls()
        for name, part in zip("abcd", [parts, *parts], strict=False):
            object.__setattr__(found, name, part)
        return found

    return made


def _weak(parts):
    """Return a reference that keeps its callback alone."""
    target = Plain()
    parts.append(target)
    return weakref.ref(target, partial(print, parts))


def _numbered(cls):
    return lambda parts: cls(enumerate([*parts, parts]))


def _named(cls):
    return lambda parts: cls((f"key {id(each)}", each) for each in [*parts, parts])


MADE = {
    "list": lambda parts: parts,
    "row": lambda parts: Row([*parts, parts]),
    "tuple": lambda parts: (*parts, parts),
    "pair": lambda parts: Pair([*parts, parts]),
    "dict": _numbered(dict),
    "names": _named(dict),
    "table": _named(Table),
    "ordered": _numbered(OrderedDict),
    "default": lambda parts: defaultdict(list, enumerate([*parts, parts])),
    "deque": lambda parts: deque([*parts, parts], maxlen=40),
    "plain": _attributes(Plain),
    "slotted": _attributes(Slotted),
    "mixed": _attributes(Mixed),
    "finalized": _attributes(Finalized),
    "sized": _attributes(Sized),
    "namespace": lambda parts: SimpleNamespace(a=parts),
    "closure": _made["closure"],
    "generator": _suspended,
    "method": _method,
    "partial": lambda parts: partial(print, *parts, key=parts),
    "proxy": lambda parts: MappingProxyType({1: parts}),
    "weak": _weak,
    "iterator": iter,
    "zip": lambda parts: zip(parts, parts, strict=False),
    "frozen": lambda parts: frozenset([iter(parts)]),
    "bytes": lambda parts: bytearray(100 * len(parts)),
    "text": lambda parts: "é" * 100 * len(parts),
    "number": lambda parts: 10 ** (50 * len(parts)),
    "view": lambda parts: memoryview(bytearray(100)),
    "property": lambda parts: property(partial(print, *parts)),
    "slice": lambda parts: slice(parts, None, tuple(parts)),
    "bag": lambda parts: Bag([*map(id, parts), iter(parts)]),
}
"""By name: what is made of a list of what it is to refer to."""


@st.composite
def heaps(draw):
    """Return objects that refer to one another, each with what it was made of.

    Each is made of a list, its own or of others as well, that is filled when all are
    there: so there are cycles through each kind.
    """
    kinds = draw(st.lists(st.sampled_from(sorted(MADE)), min_size=2, max_size=MOST))
    count = len(kinds)
    nodes = st.integers(0, count - 1)
    edges = [draw(st.lists(nodes, max_size=4)) for _ in kinds]
    shared = [draw(st.booleans()) for _ in kinds]
    roots = draw(st.lists(nodes, min_size=1, max_size=3, unique=True))
    return tuple(kinds), tuple(map(tuple, edges)), tuple(shared), tuple(roots)


def build(plan):
    """Return all the objects of a plan."""
    kinds, edges, shared, _ = plan
    common, parts, made = [], [], []
    for number, kind in enumerate(kinds):
        begun = common if shared[number] else []
        begun += [made[target] for target in edges[number] if target < number]
        parts.append(begun)
        made.append(MADE[kind](begun))
    for number, each in enumerate(parts):
        each += [made[target] for target in edges[number] if target >= number]
    return made


def reached(roots, is_apart, stops=()):
    """Return what is reached from objects, by id, by asking the collector alone."""
    found = {id(root): root for root in roots}
    apart = {id(stop) for stop in stops}
    queue = deque(roots)
    while queue:
        obj = queue.popleft()
        for target in referents(obj):
            if id(target) in found or id(target) in apart or is_apart(target):
                continue
            found[id(target)] = target
            queue.append(target)
    return found


def referents(obj):
    """Return what an object refers to, with the keys that a dict does not show."""
    found = [each for each in gc.get_referents(obj) if each is not None]
    if issubclass(type(obj), dict) and dict.__len__(obj):
        found += [key for key in dict.keys(obj) if type(key) is str]
    return found
