"""The one place that knows how Scrapy versions differ."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from scrapy import signals, version_info
from scrapy.statscollectors import StatsCollector
from scrapy.utils import trackref
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.misc import load_object
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scrapy.core.engine import ExecutionEngine
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings, Settings

CHAINS_PIPELINES = version_info < (2, 14)
"""Whether items go through chained Deferreds, which tell nothing of the pipeline that
one is in."""


def create_looping_call(function: Callable[[], None]) -> Any:
    """Return a looping call for the event loop that runs.

    Scrapy 2.14 and newer choose between Twisted's and their own, which works
    without a reactor; older ones always have a reactor.
    """
    try:
        from scrapy.utils.asyncio import create_looping_call as create  # noqa: PLC0415
    except ImportError:
        return LoopingCall(function)
    return create(function)


def event_loop() -> Any:
    """Return asyncio's loop that runs, Twisted's reactor where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        from twisted.internet import reactor  # noqa: PLC0415, it would be installed

        return reactor


def is_over(loop: Any) -> bool:
    """Tell whether an event loop will never run again; a reactor may."""
    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


def pause(seconds: float) -> Deferred[None]:
    """Return what fires after so many seconds, in a later turn of the event loop."""
    fired: Deferred[None] = Deferred()

    def fire() -> None:
        timer.stop()
        fired.callback(None)

    timer = create_looping_call(fire)
    timer.start(seconds, now=False)
    return fired


def trackref_now() -> float:
    """Return the time on the clock of `trackref`, in that clock's unit."""
    if hasattr(trackref, "monotonic_ns"):
        return time.monotonic_ns()
    return time.time()


def trackref_seconds(duration: float) -> float:
    """Return a difference of two times of `trackref` in seconds."""
    return duration / 1e9 if hasattr(trackref, "monotonic_ns") else duration


def engine_of(crawler: Crawler) -> ExecutionEngine | None:
    """Return the engine of a crawler, None before it has one.

    Newer crawlers raise where `Crawler.engine` is read too early.
    """
    attributes = vars(crawler)
    engine: ExecutionEngine | None = attributes.get("_engine", attributes.get("engine"))
    return engine


def engine_slot(engine: ExecutionEngine) -> Any | None:
    """Return what holds an open engine's requests, None when it is not open."""
    attributes = vars(engine)
    return attributes.get("_slot", attributes.get("slot"))


def scheduler_of(engine: ExecutionEngine) -> Any | None:
    """Return the scheduler of an open engine, which Scrapy shows from 2.19 on."""
    if hasattr(type(engine), "scheduler"):
        return engine.scheduler
    return getattr(engine_slot(engine), "scheduler", None)


def local_stats(stats: StatsCollector) -> bool:
    """Tell whether reading a stat is a look into a dict of this process.

    Other collectors may keep nothing, or ask a server.
    """
    return anatomy.defined(type(stats), "get_value") is StatsCollector.get_value


def close_spider(crawler: Crawler, reason: str) -> Deferred[Any] | None:
    """Have an open spider closed in order; fires when it is, None if none is open."""
    engine: Any = engine_of(crawler)
    if engine is None or crawler.spider is None or engine_slot(engine) is None:
        return None
    closing: Deferred[Any]
    if hasattr(engine, "close_spider_async"):
        closing = deferred_from_coro(engine.close_spider_async(reason=reason))
    else:
        closing = engine.close_spider(crawler.spider, reason)
    return closing


def send_signal(crawler: Crawler, signal: object, **seen: Any) -> Deferred[Any]:
    """Send a signal whose handlers may be asynchronous; Scrapy logs their errors."""
    manager: Any = crawler.signals
    if hasattr(manager, "send_catch_log_async"):
        return deferred_from_coro(manager.send_catch_log_async(signal, **seen))
    sent: Deferred[Any] = manager.send_catch_log_deferred(signal, **seen)
    return sent


def memory_warning() -> object | None:
    """Return the signal that memory is warned of; Scrapy has it from 2.15 on."""
    return getattr(signals, "memusage_warning_reached", None)


def is_starting(crawler: Crawler) -> bool:
    """Tell whether the spider's start requests are not all read yet."""
    engine = engine_of(crawler)
    if engine is None:
        return False
    attributes = vars(engine)
    if "_start" in attributes:
        return attributes["_start"] is not None
    return getattr(engine_slot(engine), "start_requests", None) is not None


def crawler_process(settings: Settings) -> Any:
    """Return what runs the crawls of a process that is theirs alone.

    Newer Scrapy has a second one, for crawls without a reactor.
    """
    from scrapy import crawler  # noqa: PLC0415, it takes long

    if is_reactorless(settings):
        return crawler.AsyncCrawlerProcess(settings)
    return crawler.CrawlerProcess(settings)


def is_reactorless(settings: BaseSettings) -> bool:
    """Tell whether asyncio alone drives the crawls, as newer Scrapys can."""
    return not settings.getbool("TWISTED_REACTOR_ENABLED", True)


def reactor_class(settings: BaseSettings) -> type | None:
    """Return what drives the crawls, None for asyncio alone or Twisted's default.

    Raises what the module of a reactor raises.
    """
    path = settings.get("TWISTED_REACTOR")
    if is_reactorless(settings) or not path:
        return None
    found: type = load_object(path)
    return found


def has_asyncio(settings: BaseSettings) -> bool:
    """Tell whether asyncio's loop runs in the crawls; raises as `reactor_class`."""
    cls = reactor_class(settings)
    is_its = isinstance(cls, type) and issubclass(cls, AsyncioSelectorReactor)
    return is_its or is_reactorless(settings)


def remote_control_jobs(settings: BaseSettings) -> Path | None:
    """Return where the job files of the remote control are, None without one.

    Scrapy has it from 2.19 on, and keeps the port and the token of each running
    crawl in a file there that only its owner can read.
    """
    try:
        from scrapy.utils._remote_control import job_files_dir  # noqa: PLC0415
    except ImportError:
        return None
    folder: Path = job_files_dir(settings)
    return folder


def remote_control_is_on(settings: BaseSettings) -> bool:
    """Tell whether the crawls begin their remote control, where Scrapy has one."""
    path = "scrapy.extensions.remote_control.RemoteControl"
    extensions = settings["EXTENSIONS"]
    off = path in extensions and extensions[path] is None
    return settings.getbool("REMOTE_CONTROL_ENABLED") and not off
