"""What to do to release a resource, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_leakwatch.records import ComponentKind, Resource

_CONTAINERS = frozenset({"dict", "list", "set", "tuple", "deque", "defaultdict"})
_WHERE: dict[ComponentKind, str] = {
    "spider": "in the spider's closed()",
    "item pipeline": "in close_spider()",
}


def advice(resource: Resource, count: int) -> str:
    """Return what to do with ``count`` of a kind, and where."""
    where = _WHERE.get(resource.owner_kind, "in a handler of spider_closed")
    name = f"self.{resource.attribute}"
    unkept = resource.kind.release_unkept
    if resource.closer:
        return f"{where}, call {name}.{resource.closer}"
    if resource.nested:
        return f"{where}, let {name} ({resource.has}) end it: {unkept}"
    if not resource.attribute:
        return f"{where}, {unkept}"
    if count > 1 or resource.has in _CONTAINERS:
        return f"{where}, {unkept}, each of those in {name}"
    return f"{where}, call {resource.kind.release.format(name)}"
