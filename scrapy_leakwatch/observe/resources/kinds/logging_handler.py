"""A handler of the process's loggers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.utils.log import get_scrapy_root_handler

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(_: Reach) -> Iterator[Live]:
    seen: dict[int, logging.Handler] = {}
    for logger in [logging.root, *list(logging.root.manager.loggerDict.values())]:
        handlers = anatomy.attribute(logger, "handlers")
        for handler in handlers if type(handlers) is list else ():
            seen[id(handler)] = handler
    scrapys = get_scrapy_root_handler()  # set anew by each crawl
    for handler in seen.values():
        cls = type(handler)
        if handler is scrapys or anatomy.module(cls).startswith("scrapy."):
            continue
        if cls is logging.NullHandler:  # a library has one for its own logger
            continue
        uses = (handler,) if places.origin_of_class(cls) == "project" else ()
        hints = frozenset({anatomy.name(cls)})
        yield Live(KIND, handler, _what(handler), uses, hints)


def _what(handler: Any) -> str:
    file = anatomy.text_attribute(handler, "baseFilename")
    name = anatomy.name(type(handler))
    return redact.text(f"{name} to {places.relative(file)}" if file else name)


KIND = LiveKind(
    ResourceKind(
        "logging handler",
        did="added",
        since="still handles the log",
        release="removeHandler() with {0}, then {0}.close()",
        release_unkept=(
            "keep the handler, removeHandler() it from its logger and close() it"
        ),
        pins=True,
    ),
    find=_find,
    taken_by=frozenset({"addHandler"}),
    told_by_hints=True,
)
