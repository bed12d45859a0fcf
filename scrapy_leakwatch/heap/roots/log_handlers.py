"""Handlers of the log, and loggers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.records import Origin, OwnerKind


def of_project(_: Any, __: Outside) -> Iterator[Root]:
    """Yield the handlers of which the project has the class."""
    return _handlers("project", "component")


def _handlers(wanted: Origin, kind: OwnerKind) -> Iterator[Root]:
    for handler in _logging_handlers():
        name = redact.text(anatomy.name(type(handler)), 60)
        origin = places.origin_of_class(type(handler))
        if origin == wanted:
            start = Start(handler, name, owner="logging handler", lent="logging")
            yield Root(f"logging handler {name}", kind, origin, [start])


def roots(_: Any, __: Outside) -> Iterator[Root]:
    """Yield all other handlers, and the loggers."""
    yield from _handlers("library", "logging")
    manager = anatomy.attribute(logging.root, "manager")
    if manager is None:
        manager = logging.Logger.manager
    found = [
        Start(
            anatomy.attribute(manager, "loggerDict"),
            "logging.Logger.manager.loggerDict",
        ),
        Start(logging.root, "logging.root"),
    ]
    yield Root("logging", "logging", starts=found)


def _logging_handlers() -> list[Any]:
    manager = logging.Logger.manager
    loggers = [logging.root, *list(manager.loggerDict.values())]
    found: dict[int, Any] = {}
    for logger in loggers:
        handlers = anatomy.attribute(logger, "handlers")
        if type(handlers) is list:
            found |= {id(handler): handler for handler in handlers}
    return list(found.values())
