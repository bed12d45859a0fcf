"""LeakWatch in a running crawl on behalf of one who looks at it from outside.

The functions are called in the crawl's process, through Scrapy's remote control or a
`wire`.
Where the crawl has no LeakWatch, one is started, and stopped again when the last
of those who look has gone: nothing stays but the imported modules. Who does not
come back for `LEASE_S` seconds has gone without a word.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from scrapy import signals
from scrapy.settings import Settings
from scrapy.utils.defer import deferred_from_coro, maybe_deferred_to_future

from scrapy_leakwatch.config import PREFIX, Config
from scrapy_leakwatch.crawl.guard import Guard, log
from scrapy_leakwatch.extension import CLOSED, LeakWatch
from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.internals.versions import (
    create_looping_call,
    engine_of,
    local_stats,
)
from scrapy_leakwatch.recordings import writing
from scrapy_leakwatch.remote.on_demand import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.remote.on_demand import Text

STASH = "scrapy_leakwatch"
LEASE_S = 60.0
INTERVAL = 2.0
"""Seconds between samples, where the crawl does not say: somebody waits."""
STATS = "leakwatch/"
RECORD = "attached.jsonl"


class Attachment:
    """A LeakWatch that others look at; ``started`` where the crawl had none."""

    def __init__(self, crawler: Crawler, stash: dict[str, Any], path: str) -> None:
        self._crawler = crawler
        self._stash = stash
        self._clients: dict[str, float] = {}
        self._asking = 0
        found = own(crawler)
        self.started = found is None
        self._stats = _our_stats(crawler)
        self.leakwatch = found or _start(crawler, path)
        watch = self.leakwatch.watch
        self._recording = watch is not None and watch.record is None
        if watch is not None and self._recording:
            watch.begin_record(path.replace("%", "%%"))
        self.record = watch.record if watch and watch.is_recording else None
        self._lease = create_looping_call(self._expire)
        self._lease.start(LEASE_S / 4, now=False)
        crawler.signals.connect(self.spider_closed, signals.spider_closed)

    def seen(self, client: str) -> None:
        """Note that somebody still looks."""
        self._clients[client] = time.monotonic()

    async def leave(self, client: str) -> None:
        """Note that somebody has gone; the last one puts out the light."""
        self._clients.pop(client, None)
        if not self._clients:
            await self._end()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Take who waits for an answer, however long, for one who looks."""
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
            now = time.monotonic()
            self._clients = dict.fromkeys(self._clients, now)

    def abandon(self) -> None:
        """End at once; it serves nobody."""
        self._end_later()

    async def spider_closed(self) -> None:
        """End with the crawl; what was found stays in its stats."""
        self._let_go()
        if self.started:
            await self.leakwatch.spider_closed()

    async def _end(self) -> None:
        self._let_go()
        if self.started:
            await self.leakwatch.spider_closed()
            self._forget()
        elif self._recording and self.leakwatch.watch is not None:
            self.leakwatch.watch.end_record()

    def _end_later(self) -> None:
        """End; nobody waits for it who could be told of an error."""
        guard = Guard("detach from the crawl", self._crawler.spider)
        deferred_from_coro(guard.waiting(self._end()))

    def _let_go(self) -> None:
        self._stash.pop(STASH, None)
        self._crawler.signals.disconnect(self.spider_closed, signals.spider_closed)
        if self._lease.running:
            self._lease.stop()

    def _forget(self) -> None:
        """Leave the stats as they were; others than Scrapy's own are not asked."""
        stats = self._crawler.stats
        if stats is None or not local_stats(stats):
            return
        ours = _our_stats(self._crawler) - self._stats
        kept = {
            key: value for key, value in stats.get_stats().items() if key not in ours
        }
        stats.set_stats(kept)

    def _expire(self) -> None:
        if self._asking:
            return
        late = time.monotonic() - LEASE_S
        for client, last in list(self._clients.items()):
            if last < late:
                del self._clients[client]
        if not self._clients and self._lease.running:
            text = "LeakWatch detaches: nobody has looked for %d s"
            log(logging.INFO, text, LEASE_S)
            self._end_later()


async def answer(
    crawler: Crawler, stash: dict[str, Any], question: str, *given: Any
) -> str:
    """Answer what a command asks, by the name of the question.

    ``stash`` is what those who look at this crawl have in common, empty at first.
    """
    match question:
        case "attach":
            return attach(crawler, stash, *given)
        case "stay":
            stay(stash, *given)
        case "detach":
            await detach(stash, *given)
        case "status":
            attachment: Attachment = stash[STASH]
            return attachment.leakwatch.status()
        case "why" | "heap":
            return await ask(crawler, stash, question, *given)
        case "bill":
            return await bill(crawler, stash)
        case "verdicts":
            return verdicts(crawler, stash)
        case _:
            raise ValueError(question)
    return ""


def attach(crawler: Crawler, stash: dict[str, Any], client: str, folder: str) -> str:
    """Return where the crawl is recorded, as JSON: in ``folder``, or where it was.

    Raises `ConfigError` where the settings of the crawl can't be used.
    """
    if refusal := collector.refusal():
        return json.dumps({"refused": refusal})
    if crawler.spider is None or engine_of(crawler) is None:
        return json.dumps({"refused": "no spider is open there"})
    if STASH not in stash:
        path = f"{folder}/{RECORD}"
        stash[STASH] = Attachment(crawler, stash, path)
    attachment: Attachment = stash[STASH]
    attachment.seen(client)
    if attachment.record is None:
        attachment.abandon()
        return json.dumps({"refused": "it can't be recorded: its log has the reason"})
    return json.dumps({"record": str(attachment.record.resolve())})


def stay(stash: dict[str, Any], client: str) -> None:
    """Note that somebody still looks."""
    if STASH in stash:
        stash[STASH].seen(client)


async def detach(stash: dict[str, Any], client: str) -> None:
    """Note that somebody has gone, and stop what was started for them."""
    if STASH in stash:
        await stash[STASH].leave(client)


async def ask(
    crawler: Crawler,
    stash: dict[str, Any],
    question: Literal["why", "heap"],
    name: str | None,
) -> Text:
    """Return who holds the instances of a class, or Guppy's heap."""
    _, leakwatch = _who_watches(crawler, stash)
    if leakwatch is None:
        return CLOSED
    return await maybe_deferred_to_future(leakwatch.ask(question, name))


async def bill(crawler: Crawler, stash: dict[str, Any]) -> str:
    """Take a memory bill and return it as JSON, in the form of a recording's line.

    ``null`` where no LeakWatch watches that could be asked.
    """
    attachment, leakwatch = _who_watches(crawler, stash)
    if leakwatch is None:
        return "null"
    with attachment.asking() if attachment else nullcontext():
        found = await maybe_deferred_to_future(leakwatch.bill_record())
    if found is None:
        return json.dumps({"refused": str(FAILED)})
    return json.dumps(writing.of_bill(found), allow_nan=False)


def verdicts(crawler: Crawler, stash: dict[str, Any]) -> str:
    """Return what leaks and what to do about it, as JSON.

    ``null`` where no LeakWatch watches that could be asked.
    """
    attachment, leakwatch = _who_watches(crawler, stash)
    lasting = attachment is None or not attachment.started
    return "null" if leakwatch is None else leakwatch.answer(lasting=lasting)


def _who_watches(
    crawler: Crawler, stash: dict[str, Any]
) -> tuple[Attachment | None, LeakWatch | None]:
    """Return what is attached, if anything is, and the LeakWatch to ask, if any is."""
    attachment: Attachment | None = stash.get(STASH)
    return attachment, attachment.leakwatch if attachment else own(crawler)


def own(crawler: Crawler) -> LeakWatch | None:
    """Return the LeakWatch that the crawl has of its own, if it watches."""
    found = crawler.get_extension(LeakWatch) if crawler.extensions else None
    return found if found is not None and found.watch is not None else None


def _start(crawler: Crawler, path: str) -> LeakWatch:
    """Watch a crawl, in the way of its settings; nothing that acts is taken over."""
    if crawler.spider is None:
        raise ValueError("no spider is open")
    wished = {
        name: crawler.settings[name]
        for name in crawler.settings
        if str(name).startswith(PREFIX)
    }
    quiet = {
        "LEAKWATCH_ENABLED": True,
        "LEAKWATCH_RECORD": path.replace("%", "%%"),
        "LEAKWATCH_REPORT": None,
        "LEAKWATCH_LOG_INTERVAL": 0,
        "LEAKWATCH_ON_LEAK": "warn",
        "LEAKWATCH_TRIM": False,
    }
    settings = Settings({"LEAKWATCH_INTERVAL": INTERVAL} | wished | quiet)
    leakwatch = LeakWatch(crawler, Config.from_settings(settings))
    leakwatch.spider_opened(crawler.spider)
    return leakwatch


def _our_stats(crawler: Crawler) -> set[str]:
    stats = crawler.stats
    if stats is None or not local_stats(stats):
        return set()
    keys = [key for key in stats.get_stats() if type(key) is str]
    return {key for key in keys if key.startswith(STATS)}
