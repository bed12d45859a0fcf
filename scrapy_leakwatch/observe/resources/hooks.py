"""Who listens: to Scrapy's signals with a strong reference, and to the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydispatch import dispatcher  # type: ignore[import-untyped]
from scrapy import signals
from scrapy.utils.log import get_scrapy_root_handler

from scrapy_leakwatch import anatomy, places, redact
from scrapy_leakwatch.observe.resources.found import Found
from scrapy_leakwatch.observe.resources.naming import hints_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def found() -> Iterator[Found]:
    """Yield the receivers that the dispatcher holds, and the logging handlers."""
    yield from _receivers()
    yield from _handlers()


def _receivers() -> Iterator[Found]:
    named = reversed(vars(signals).items())  # of two names the first is not obsolete
    names = {id(value): name for name, value in named if type(value) is object}
    for connected in list(dispatcher.connections.values()):
        for signal, receivers in list(connected.items()):
            for receiver in list(receivers):
                if anatomy.is_a(receiver, *dispatcher.WEAKREF_TYPES):
                    continue  # it goes with its component
                what = f"{name_of(receiver)} of {names.get(id(signal), 'a signal')}"
                hints = hints_of(receiver)
                yield Found("signal receiver", receiver, what, (receiver,), hints)


def _handlers() -> Iterator[Found]:
    seen: dict[int, logging.Handler] = {}
    for logger in [logging.root, *list(logging.root.manager.loggerDict.values())]:
        for handler in anatomy.attribute(logger, "handlers") or ():
            seen[id(handler)] = handler
    scrapys = get_scrapy_root_handler()  # set anew by each crawl
    for handler in seen.values():
        if handler is scrapys:
            continue
        cls = type(handler)
        if anatomy.module(cls).startswith("scrapy."):
            continue
        uses = (handler,) if places.origin_of_class(cls) == "project" else ()
        yield Found("logging handler", handler, _what(handler), uses, _hints(cls))


def _hints(cls: type) -> frozenset[str]:
    return frozenset({anatomy.name(cls)})


def _what(handler: Any) -> str:
    file = anatomy.text_attribute(handler, "baseFilename")
    name = anatomy.name(type(handler))
    return redact.text(f"{name} to {places.relative(file)}" if file else name)


def listeners(crawler: Any, signal: Any) -> list[Any]:
    """Return who of a crawl receives a signal."""
    sent = dispatcher.getAllReceivers(crawler, signal)
    return list(dispatcher.liveReceivers(sent))
