"""Ways to objects, remembered by name: what a report shows and a look follows.

A builtin container takes no weak reference, so nothing but the route to it can be
kept from one sample to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, Literal

from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scrapy_leakwatch.observe.census.shapes import Shape, Shapes
    from scrapy_leakwatch.records import Origin

StepKind = Literal["root", "attribute", "class", "global", "key", "entry", "index"]
View = Literal["instance", "class", "module", "items"]
"""As what an object is looked into."""

SMALL = 32
"""A container with more entries is counted, but not looked into."""

CHUNK = 256
MOST_MET = 24
"""So many references are read at once, and so many of them looked at."""

FARTHEST = 20_000
"""What an object refers to beyond is not read: to get there takes too long."""

LONGEST_KEY = 200
MOST_BITS = 640
"""A longer key is not compared; Python refuses to write out a far longer number."""


@dataclass(slots=True, eq=False)
class Route:
    """How to get to an object: a step from the one ``above``, or a root.

    ``key`` is the attribute's or global's name, the key, or the position;
    ``text`` the whole route as source text.
    """

    kind: StepKind
    key: Any
    text: str
    owner: str
    origin: Origin
    view: View
    above: Route | None = None
    depth: int = 0

    def is_same(self, other: Route | None) -> bool:
        """Tell whether the other route takes the same steps."""
        route: Route | None = self
        while route is not None and other is not None:
            if (route.kind, route.key) != (other.kind, other.key):
                return False
            route, other = route.above, other.above
        return route is other


@dataclass(slots=True, eq=False)
class Child:
    """What an object refers to; lives no longer than one look."""

    kind: StepKind
    key: Any
    value: Any
    shape: Shape


def follow(shapes: Shapes, holder: Any, route: Route) -> Any:
    """Return what the last step of ``route`` leads to, None where nothing is."""
    try:
        found = _FOLLOW[route.kind](shapes, holder, route.key)
    except (RuntimeError, IndexError, TypeError):  # it is not what it was
        return None
    return unwrapped(found)


def children(
    shapes: Shapes, obj: Any, view: View, start: int
) -> tuple[list[Child], int | None]:
    """Return what ``obj`` refers to, from the position ``start`` on.

    With it the position to go on from, None at the end.
    """
    try:
        chunk = list(islice(_READ[view](shapes, obj), start, start + CHUNK))
    except (RuntimeError, TypeError):  # another thread changes it meanwhile
        return [], None
    plain = shapes.plain
    found: list[Child] = []
    for number, (key, value) in enumerate(chunk, start):
        if id(type(value)) in plain:
            continue
        if len(found) == MOST_MET:
            return found, number
        step = _step(view, key, number)
        if step is not None:
            met = unwrapped(value)
            found.append(Child(*step, met, shapes.of(met)))
    more = len(chunk) == CHUNK and start + CHUNK < FARTHEST
    return found, start + CHUNK if more else None


def is_empty(shapes: Shapes, items: Any) -> bool:
    """Tell whether there is nothing to look into in a small container."""
    try:
        values = list(_values(shapes, items))
    except RuntimeError:
        return True
    return all(id(type(value)) in shapes.plain for value in values)


def unwrapped(value: Any) -> Any:
    """Return the function behind a static or class method."""
    kind = type(value)
    if kind is staticmethod or kind is classmethod:
        return value.__func__
    return value


def written(holder: Shape, child: Child) -> str:
    """Return the step to ``child`` as source text."""
    if child.kind == "index":
        return f"[{child.key}]"
    if child.kind == "entry":
        number, name = child.key
        return f"[{name} #{number}]"
    if child.kind == "key":
        return f"[{_key_text(child.key)}]"
    public = child.key.lstrip("_")
    name = public if public in holder.framework else child.key
    return f".{redact.text(name, 60)}"


def _key_text(key: Any) -> str:
    if type(key) is str:
        return f"'{redact.url(key, 60)}'"
    if type(key) is bytes:
        return f"b'{redact.url(key.decode('latin-1'), 60)}'"
    return redact.text(repr(key), 60)


def _step(view: View, key: Any, number: int) -> tuple[StepKind, Any] | None:
    """Return kind and key of a step, None for what no person named."""
    if view != "items":
        named = type(key) is str and not (key[:2] == key[-2:] == "__")
        return (_NAMED[view], key) if named else None
    if key is _NO_KEY:
        return "index", number
    if id(type(key)) in _COMPARABLE and not _is_long(key):
        return "key", key
    return "entry", (number, redact.text(anatomy.name(type(key)), 60))


def _is_long(key: Any) -> bool:
    if type(key) is int:
        return key.bit_length() > MOST_BITS
    return (type(key) is str or type(key) is bytes) and len(key) > LONGEST_KEY


_COMPARABLE = frozenset(map(id, (str, bytes, int, bool, type(None))))
"""The types of keys that can be compared without running the crawl's code."""

_NAMED: dict[View, StepKind] = {
    "instance": "attribute",
    "class": "class",
    "module": "global",
}
_NO_KEY = object()


def _instance(shapes: Shapes, obj: Any) -> Iterator[tuple[Any, Any]]:
    shape = shapes.of(obj)
    table = shape.table_of(obj)
    slots = [
        (name, shape.slot_of(obj, number))
        for number, (_, name) in enumerate(shape.slots)
    ]
    return chain(slots, () if table is None else dict.items(table))


def _items(shapes: Shapes, obj: Any) -> Iterator[tuple[Any, Any]]:
    if shapes.of(obj).base is dict:
        return iter(dict.items(obj))
    return zip(repeat(_NO_KEY), _values(shapes, obj))


def _values(shapes: Shapes, obj: Any) -> Iterable[Any]:
    base: Any = shapes.of(obj).base
    if base is dict:
        return dict.values(obj)
    return () if base is None or base is set else base.__iter__(obj)


_READ: dict[View, Callable[[Shapes, Any], Iterable[tuple[Any, Any]]]] = {
    "instance": _instance,
    "class": lambda _, cls: anatomy.namespace(cls).items(),
    "module": lambda _, names: dict.items(names),
    "items": _items,
}


def _attribute(shapes: Shapes, obj: Any, name: str) -> Any:
    shape = shapes.of(obj)
    table = shape.table_of(obj)
    if table is not None and (found := dict.get(table, name)) is not None:
        return found
    for number, (_, slot) in enumerate(shape.slots):
        if slot == name:
            return shape.slot_of(obj, number)
    return None


def _key(shapes: Shapes, obj: Any, key: Any) -> Any:
    if shapes.of(obj).base is not dict or dict.__len__(obj) > SMALL:
        return None
    for each, value in list(dict.items(obj)):
        if type(each) is type(key) and each == key:
            return value
    return None


def _nth(shapes: Shapes, obj: Any, number: int) -> Any:
    base: Any = shapes.of(obj).base
    if base is None or base is set or base.__len__(obj) > SMALL:
        return None
    if base is dict:
        return next(islice(dict.values(obj), number, None), None)
    return base.__getitem__(obj, number)


_FOLLOW: dict[StepKind, Callable[[Shapes, Any, Any], Any]] = {
    "attribute": _attribute,
    "class": lambda _, cls, name: anatomy.namespace(cls).get(name),
    "global": lambda _, names, name: dict.get(names, name),
    "key": _key,
    "entry": lambda shapes, obj, key: _nth(shapes, obj, key[0]),
    "index": _nth,
}
