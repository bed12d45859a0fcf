"""What a decorator of a package keeps of each call of a function of the project."""

from __future__ import annotations

from functools import _lru_cache_wrapper
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.foundation import anatomy, places, redact

if TYPE_CHECKING:
    from types import FunctionType

    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine
    from scrapy_leakwatch.records import Origin


def _decorated(place: Place) -> FunctionType | None:
    """Return the function that was decorated, None where the project did that itself.

    `functools.lru_cache` is known by itself.
    """
    for node in place.way:
        if type(node) is _lru_cache_wrapper or anatomy.is_a(node, type):
            continue
        function = anatomy.function_of(anatomy.attribute(node, "__wrapped__"))
        if function is not None and places.origin_of_callable(node) == "library":
            return function if places.is_project(function.__code__) else None
    return None


def _line(place: Place, _: Any) -> SourceLine | None:
    function = _decorated(place)
    return None if function is None else source.of_code(function.__code__)


def _fix(place: Place, _: str, __: Origin) -> str:
    function = _decorated(place)
    if function is None:
        return ""
    name = redact.text(function.__code__.co_name, 80)
    return (
        f"what decorates {name}() keeps the result of each call: give its cache a"
        " bound, such as cachetools.LRUCache(maxsize=10_000), or have"
        " functools.lru_cache(maxsize=10_000) instead"
    )


KIND = AccumulationKind(lambda place: _decorated(place) is not None, _fix, _line)
