"""Many clients of a server or a database, where one is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.explain.containers import clients, contents
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.records import Origin

_CONTAINERS = (dict, list, set)


def _class_of(place: Place) -> type | None:
    """Return the class of clients that a container on the way has, None of none."""
    for node in place.way:
        if anatomy.is_a(node, *_CONTAINERS) and anatomy.size(node) > 1:
            found = _among_entries(node)
            if found is not None:
                return found
    return None


def _among_entries(container: Any) -> type | None:
    return clients.among(entry[-1] for entry in contents.pick(container))


def _fix(place: Place, _: str, __: Origin) -> str:
    cls = _class_of(place)
    return "" if cls is None else clients.remedy(cls, place.path)


KIND = AccumulationKind(lambda place: _class_of(place) is not None, _fix)
