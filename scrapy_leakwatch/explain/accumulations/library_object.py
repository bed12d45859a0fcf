"""An object of a package, which keeps what is handed to it."""

from __future__ import annotations

from collections import deque
from types import ModuleType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations import container
from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.foundation import anatomy, places, redact

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.records import Origin

_PLAIN_MODULES = frozenset(
    ["builtins", "collections", "functools", "types", "argparse", "array"]
)


def _of_library(place: Place) -> Any:
    return next((node for node in place.way[1:] if _is_foreign(node)), None)


def _is_foreign(obj: Any) -> bool:
    """Tell whether it is an object of a package, and more than a container."""
    if anatomy.is_a(obj, dict, list, set, tuple, frozenset, deque, type, ModuleType):
        return False
    module = anatomy.module(type(obj)).partition(".")[0]
    return module not in _PLAIN_MODULES and (
        places.origin_of_class(type(obj)) == "library"
    )


def _fix(place: Place, owner: str, origin: Origin) -> str:
    if origin != "project":
        return container.KIND.fix(place, owner, origin)
    name = redact.text(anatomy.name(type(_of_library(place))), 60)
    return (
        f"what is handed to this {name} stays in it: flush, commit or clear it"
        " every few hundred items"
    )


KIND = AccumulationKind(lambda place: _of_library(place) is not None, _fix)
