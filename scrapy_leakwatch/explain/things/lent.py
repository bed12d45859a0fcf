"""What is to be given back: clients, files, sockets, browser pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.containers import clients
from scrapy_leakwatch.explain.things.kind import ThingKind, of, says

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.things.kind import Kept


def _of_client(kept: Kept) -> str:
    return clients.remedy(type(kept.things[0]), kept.where)


_OF_BROWSERS = tuple(
    f"playwright.{api}._generated.{name}"
    for api in ("async_api", "sync_api")
    for name in ("Page", "BrowserContext", "Browser")
)

KINDS = (
    ThingKind(lambda obj: clients.client_of(type(obj)) is not None, _of_client),
    ThingKind(
        of(*_OF_BROWSERS),
        says(
            "close() each {thing} when its response is done, in a `finally` and in the"
            " errback, and do not collect them in {where}"
        ),
    ),
    ThingKind(
        of("multiprocessing.shared_memory.SharedMemory"),
        says(
            "close() and unlink() each {thing} when its work is done, and do not"
            " collect them in {where}"
        ),
    ),
    ThingKind(
        of("_io._IOBase", "_socket.socket", "tempfile._TemporaryFileWrapper"),
        says(
            "close() each {thing} when its work is done, by `with`, and do not collect"
            " them in {where}"
        ),
    ),
)
