"""Says what is in a container, from a few entries of all ages."""

from __future__ import annotations

import gc
import sys
from collections import Counter, deque
from functools import _lru_cache_wrapper
from itertools import islice
from types import FunctionType, NoneType
from typing import Any, Literal

from scrapy_leakwatch.explain.containers.entries import entries as entries_of
from scrapy_leakwatch.foundation import anatomy, redact

ENTRIES = 32
REACH = 100
"""Times as many entries of a set are passed over: each one is written to."""

MOST_KINDS = 3
LONGEST_TUPLE = 4

Entry = tuple[Any, ...]
"""The key and the value of a mapping, or the one item of anything else."""

Form = Literal["set", "dict", "counter", "list", "cache"]
"""What a container is; ``cache``: of `functools.lru_cache`."""


def form_of(container: Any) -> Form:
    """Return what a container is."""
    if type(container) is _lru_cache_wrapper:
        return "cache"
    if anatomy.inherits(container, "collections.Counter"):
        return "counter"
    if anatomy.is_a(container, dict):
        return "dict"
    return "set" if anatomy.is_a(container, set) else "list"


def pick(container: Any, count: int = ENTRIES) -> list[Entry]:
    """Return about ``count`` entries, spread over the container."""
    if type(container) is _lru_cache_wrapper:
        return _of_cache(container, count)
    if anatomy.is_a(container, dict):
        return list(entries_of(container, count))
    if anatomy.is_a(container, set):
        passed = min(set.__len__(container), REACH * count)
        step = max(1, passed // count)
        return [(one,) for one in islice(set.__iter__(container), 0, passed, step)]
    for base in (list, deque):
        if anatomy.is_a(container, base):
            places = _spread(base.__len__(container), count)
            return [(base.__getitem__(container, place),) for place in places]
    return []


def table_of_cache(cache: Any) -> dict[Any, Any] | None:
    """Return the dict in which `functools.lru_cache` keeps its results."""
    own, size = anatomy.own_dict(cache), _lru_cache_wrapper.cache_info(cache)[3]
    for part in gc.get_referents(cache):
        if type(part) is dict and part is not own and dict.__len__(part) == size:
            return part
    return None


def in_words(entries: list[Entry]) -> str:
    """Return the kinds of the entries, such as ``str → dict of 4 keys``."""
    sides = list(zip(*entries, strict=True))
    return " → ".join(_kinds(list(side)) for side in sides)


def are_rows(entries: list[Entry]) -> bool:
    """Tell whether most values are what a feed can write: dicts, or items."""
    return 2 * sum(_is_row(entry[-1]) for entry in entries) > len(entries)


def _is_row(value: Any) -> bool:
    if anatomy.is_a(value, dict, list, tuple, set, frozenset, deque):
        return True
    of_data = (anatomy.defined(type(value), mark) is not None for mark in _MARKS)
    return anatomy.inherits(value, *_ITEMS) or any(of_data)


_ITEMS = ("scrapy.item.Item", "pydantic.main.BaseModel")
_MARKS = ("__dataclass_fields__", "__attrs_attrs__")
"""What the classes of data have."""


def is_made_class(obj: Any) -> bool:
    """Tell whether it is a class that its module does not have by its name."""
    if not anatomy.is_a(obj, type):
        return False
    name = anatomy.qualname(obj)
    names = anatomy.own_dict(sys.modules.get(anatomy.module(obj))) or {}
    nested = "." in name and _LOCAL not in name
    return not nested and dict.get(names, name) is not obj


def is_made_function(obj: Any) -> bool:
    """Tell whether it is a function that another one has made."""
    return type(obj) is FunctionType and _LOCAL in obj.__qualname__


_LOCAL = "<locals>"


def _of_cache(cache: Any, count: int) -> list[Entry]:
    """Return arguments with results; a cache with a bound has them in links."""
    table = table_of_cache(cache)
    found = [] if table is None else list(entries_of(table, count))
    if not found or not anatomy.inherits(found[0][1], _LINK):
        return found
    link, parts = type(found[0][1]), gc.get_referents(cache)
    ends = [number for number, part in enumerate(parts) if part is link][: len(found)]
    return [(parts[end - 2], parts[end - 1]) for end in ends]


_LINK = "functools._lru_list_elem"


def _spread(size: int, count: int) -> list[int]:
    wanted = min(size, count)
    return [number * size // wanted for number in range(wanted)]


def _kinds(values: list[Any]) -> str:
    """Return the commonest kinds; one that varies in size goes by its name."""
    found: dict[int, list[str]] = {}
    for value in values:
        found.setdefault(id(type(value)), []).append(_kind(value))
    names = Counter[str]()
    for words in found.values():
        same = len(set(words)) == 1
        names[words[0] if same else _bare(words[0])] += len(words)
    common = [name for name, _ in names.most_common(MOST_KINDS)]
    if len(names) > MOST_KINDS:
        common.append("others")
    return " or ".join(common)


def _kind(value: Any) -> str:
    kind = type(value)
    if kind is NoneType:
        return "None"
    name = redact.text(anatomy.name(kind), 60)
    if kind is tuple and len(value) <= LONGEST_TUPLE:
        return f"tuple[{', '.join(_name(part) for part in value)}]"
    for base, unit in _UNITS:
        if anatomy.is_a(value, base):
            size = anatomy.size(value)
            return f"{name} of {size:,} {unit}{'' if size == 1 else 's'}"
    return name


def _name(value: Any) -> str:
    return "None" if value is None else redact.text(anatomy.name(type(value)), 60)


def _bare(kind: str) -> str:
    return kind.partition(" of ")[0].partition("[")[0]


_UNITS: tuple[tuple[type, str], ...] = (
    (dict, "key"),
    (list, "item"),
    (tuple, "item"),
    (set, "item"),
    (frozenset, "item"),
    (deque, "item"),
)
