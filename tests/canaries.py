"""What LeakWatch reads of others that nobody promised, each with what would be lost.

``tests/test_canaries.py`` looks at each on the Python and the libraries at hand, and
that none is read which is not here. Names of classes are not here: it finds them in the
source.
"""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import ctypes
import dis
import functools
import gc
import importlib
import io
import logging
import mmap
import multiprocessing
import multiprocessing.process
import os
import pkgutil
import platform
import queue
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import types
import weakref
from collections import UserDict
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

import lxml.etree
import lxml.html
import psutil
import pytest
from pydispatch import dispatcher
from queuelib import FifoDiskQueue
from scrapy import Item, Request, Selector, Spider, pqueues
from scrapy.http import Response, TextResponse
from scrapy.squeues import FifoMemoryQueue
from scrapy.utils import trackref
from twisted.internet import defer, endpoints, process, task
from twisted.internet.base import DelayedCall
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Port
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.threadpool import ThreadPool

from scrapy_leakwatch.explain.containers import contents, entries, pools
from scrapy_leakwatch.explain.memory import allocators, resident
from scrapy_leakwatch.explain.waits import awaited, chain, wakers
from scrapy_leakwatch.foundation import anatomy, cgroups, traces
from scrapy_leakwatch.heap import measures, memory, opaque, trees, twin
from scrapy_leakwatch.heap.roots import Outside
from scrapy_leakwatch.observe import children, full_collections, process_tree
from tests.heap.walkers import IN_C, is_marked, nothing_collected, unreached, walked

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1_000_000


class Part(NamedTuple):
    """A part of others that is read: where it is, who reads it, what is lost without.

    ``look`` returns an object or a class that has ``names``, of ``a|b`` one; without
    names it tells whether all is as it was.
    """

    of: str
    names: str
    readers: str
    without: str
    look: Callable[[], Any]

    def gone(self) -> list[str]:
        """Return a sentence for each name that is gone."""
        found = self.look()
        if not self.names:
            return [] if found else [self.said(self.of, "is another")]
        return [
            self.said(f"{self.of}.{name}", "is gone")
            for name in self.names.split()
            if not any(has(found, each) for each in name.split("|"))
        ]

    def said(self, what: str, fate: str) -> str:
        readers = " and ".join(self.readers.split())
        return f"{release(self.of)}: {what} {fate}; {readers} reads it: {self.without}"


def release(what: str) -> str:
    """Return the library that something is of, with its version."""
    name = re.split(r"\W", what)[0].replace("_", "-")
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"Python {platform.python_version()}"


def has(obj: Any, name: str) -> bool:
    """Tell whether an object, its class, or a class itself has an attribute."""
    table = anatomy.own_dict(obj)
    if table is not None and name in table:
        return True
    classes = anatomy.mro(obj if isinstance(obj, type) else type(obj))
    return any(name in anatomy.namespace(cls) for cls in classes)


def makes(cls: Any) -> Any:
    """Return what has all names that the methods of a class speak of."""
    methods = (part for part in vars(cls).values() if type(part) is types.FunctionType)
    names = [name for each in methods for name in each.__code__.co_names]
    return types.SimpleNamespace(**dict.fromkeys(names))


def module(name: str) -> Any:
    """Return a module of a library that need not be there."""
    return pytest.importorskip(name, exc_type=ImportError)


def of_playwright(name: str) -> Any:
    """Return a module of Playwright's implementation: its file had "_" before 1.65."""
    inside = module("playwright._impl")
    known = {found.name for found in pkgutil.iter_modules(inside.__path__)}
    found = name if name in known else f"_{name}"
    return importlib.import_module(f"playwright._impl.{found}")


# ---- Twisted ----------------------------------------------------------------------


def debugged() -> Any:
    before = defer.getDebugging()
    defer.setDebugging(True)
    try:
        made = defer.Deferred()
    finally:
        defer.setDebugging(before)
    entry = made._debugInfo.creator[-1]
    return made._debugInfo if awaited._CREATOR.search(entry) else None


async def waits_for(what: Any) -> Any:
    return await what


def deferred_of_coroutine() -> bool:
    inner = defer.Deferred()
    outer = defer.Deferred.fromCoroutine(waits_for(inner))
    found = chain.chain_of(outer)
    inner.callback(None)
    return inner in found.nodes and any(map(chain.is_suspended, found.nodes))


def deferred_of_generator() -> bool:
    inner = defer.Deferred()
    outer = defer.inlineCallbacks(lambda: (yield inner))()
    found = chain.chain_of(outer)
    inner.callback(None)
    return inner in found.nodes


def future_of_deferred() -> bool:
    loop, made = asyncio.new_event_loop(), defer.Deferred()
    try:
        return made in chain.chain_of(made.asFuture(loop)).nodes
    finally:
        loop.close()


def reactor_of(path: str) -> Any:
    """Return a reactor that is not installed, nor run."""
    home, _, name = path.rpartition(".")
    try:
        cls = getattr(importlib.import_module(home), name)
    except ImportError:
        pytest.skip(f"no {name} on this system")
    loop = asyncio.new_event_loop() if "asyncio" in path else None
    made = cls(loop) if loop else cls()
    for reader in made.removeAll():
        reader.connectionLost(None)
    for reader in (made.waker, *getattr(made, "_internalReaders", ())):
        reader.connectionLost(None)
    if loop:
        loop.close()
    return made


def pool_of_twisted() -> bool:
    return has(ThreadPool(), "_team") and has(ThreadPool()._team, "_pending")


def idle_pools() -> bool:
    """Tell whether the threads of pools that wait for work are known to be idle."""
    of_twisted = ThreadPool(1, 1)
    of_twisted.start()
    before = set(threading.enumerate())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        of_twisted.callInThread(int)
        for _ in range(1000):
            idle = [*(set(threading.enumerate()) - before), *of_twisted.threads]
            known = sys._current_frames()
            frames = tuple((each.name, known[each.ident]) for each in idle)
            if len(idle) > 1 and not wakers.busy_threads(Outside(frames=frames)):
                break
            time.sleep(0.01)
        else:
            idle = []
    of_twisted.stop()
    return bool(idle)


TWISTED = [
    Part(
        "twisted.internet.defer.Deferred",
        "_callbacks _canceller _chainedTo called _debugInfo",
        "explain/waits/chain.py explain/waits/awaited.py explain/naming/edges.py",
        "what a stalled crawl waits for would not be told",
        defer.Deferred,
    ),
    Part(
        "twisted.internet.defer.DeferredList",
        "_deferredList",
        "explain/waits/chain.py",
        "what is gathered would not be followed",
        lambda: defer.DeferredList([]),
    ),
    Part(
        "twisted.internet.defer.DebugInfo",
        "creator",
        "explain/waits/awaited.py",
        "the line that made a Deferred would not be told",
        debugged,
    ),
    Part(
        "twisted.internet.defer._CancellationStatus",
        "waitingOn",
        "explain/waits/chain.py",
        "what a function behind a Deferred waits for would not be told",
        lambda: defer._CancellationStatus(defer.Deferred()),
    ),
    Part(
        "twisted: the canceller of a coroutine's Deferred",
        "",
        "explain/waits/chain.py",
        "a chain of coroutines would end at its first Deferred",
        deferred_of_coroutine,
    ),
    Part(
        "twisted: the canceller of a generator's Deferred",
        "",
        "explain/waits/chain.py",
        "a chain of inlineCallbacks would end at its first Deferred",
        deferred_of_generator,
    ),
    Part(
        "twisted: Deferred.asFuture.<locals>.checkCancel",
        "",
        "explain/waits/chain.py",
        "a future of a Deferred would be told without it",
        future_of_deferred,
    ),
    Part(
        "twisted: the frame of Deferred.__await__",
        "",
        "explain/waits/chain.py",
        "what a coroutine awaits would end before the Deferred",
        lambda: defer.Deferred().__await__().gi_code.co_name == "__iter__",
    ),
    Part(
        "twisted.internet.base.DelayedCall",
        "func args kw time delayed_time",
        "explain/naming/callables.py observe/resources/event_loops.py",
        "timers would not be named",
        lambda: DelayedCall(0, int, (), {}, int, int),
    ),
    Part(
        "twisted.internet.task.LoopingCall",
        "f a kw interval running",
        "explain/waits/wakers.py observe/resources/kinds/looping_call.py",
        "looping calls that go on would not be told",
        lambda: task.LoopingCall(int),
    ),
    Part(
        "twisted.internet.task",
        "_theCooperator",
        "heap/roots/timers.py",
        "what the cooperator has would be held by nobody that is known",
        lambda: task,
    ),
    *(
        Part(
            path,
            f"_pendingTimedCalls _newTimedCalls _cancellations threadpool"
            f" threadCallQueue {names}",
            "internals/loops.py explain/waits/wakers.py explain/waits/sockets.py"
            " heap/roots/pools.py heap/roots/timers.py"
            " observe/resources/event_loops.py",
            "its timers and connections would not be counted, and a stalled crawl"
            " would be told though something is about to wake it",
            functools.partial(reactor_of, path),
        )
        for path, names in {
            "twisted.internet.asyncioreactor.AsyncioSelectorReactor": (
                "_asyncioEventloop _readers"
            ),
            "twisted.internet.selectreactor.SelectReactor": "_reads",
            "twisted.internet.pollreactor.PollReactor": "_reads _selectables",
            "twisted.internet.epollreactor.EPollReactor": "_reads _selectables",
        }.items()
    ),
    Part(
        "twisted.python.threadpool.ThreadPool: _team._pending",
        "",
        "internals/loops.py",
        "work that waits for the reactor's threads would not be counted",
        pool_of_twisted,
    ),
    Part(
        "twisted.internet.process",
        "reapProcessHandlers",
        "observe/resources/kinds/child_process.py",
        "processes of spawnProcess() that stay would not be told",
        lambda: process,
    ),
    Part(
        "twisted.internet.process.Process",
        "proto",
        "observe/resources/kinds/child_process.py",
        "processes of spawnProcess() would have no name",
        lambda: process.Process,
    ),
    Part(
        "twisted.internet.tcp.Port",
        "_realPortNumber port factory",
        "observe/resources/kinds/listening_port.py",
        "a port that still listens would be told without its number",
        lambda: Port(0, Factory()),
    ),
    Part(
        "twisted.protocols.policies.ProtocolWrapper",
        "wrappedProtocol",
        "explain/waits/sockets.py observe/resources/kinds/connection.py",
        "connections of TLS would be told as those of a wrapper",
        lambda: ProtocolWrapper(WrappingFactory(Factory()), Protocol()),
    ),
    Part(
        "twisted.internet.endpoints._WrappingProtocol",
        "_wrappedProtocol",
        "explain/waits/sockets.py observe/resources/kinds/connection.py",
        "connections of endpoints would be told as those of a wrapper",
        lambda: endpoints._WrappingProtocol(defer.Deferred(), Protocol()),
    ),
    Part(
        "pydispatch.dispatcher",
        "connections senders sendersBack WEAKREF_TYPES",
        "heap/roots/receivers.py observe/resources/kinds/signal_receiver.py",
        "receivers of signals would not be told",
        lambda: dispatcher,
    ),
]

# ---- Scrapy -----------------------------------------------------------------------


def queue_on_disk() -> bool:
    """Tell whether what counts queues knows those of queuelib."""
    return "__len__" in FifoDiskQueue.__dict__


def component(path: str) -> Any:
    home, _, name = path.rpartition(".")
    return makes(getattr(importlib.import_module(home), name))


def looping_call_of_scrapy() -> Any:
    home = module("scrapy.utils.asyncio")
    if not hasattr(home, "AsyncioLoopingCall"):
        pytest.skip("this Scrapy has none of its own")
    return home.AsyncioLoopingCall(int)


def first_is_oldest() -> bool:
    requests = [Request("http://shop/") for _ in range(3)]
    table = trackref.live_refs[Request].data
    stamps = list(table.values())
    return [ref() for ref in table][-3:] == requests and stamps == sorted(stamps)


def locals_of_scrapy(home: str, name: str) -> bool:
    """Tell whether a function of Scrapy's has what it awaits in such a variable."""
    codes = [
        part.__code__
        for each in vars(importlib.import_module(home)).values()
        for part in (each, *(vars(each).values() if isinstance(each, type) else ()))
        if isinstance(part, types.FunctionType)
    ]
    return any(name in code.co_varnames for code in codes)


SCRAPY = [
    Part(
        "scrapy.http.Request",
        "_url _meta _cb_kwargs _flags|flags _headers|headers callback priority",
        "explain/naming/edges.py explain/code/serialising.py"
        " explain/answers/live_requests.py explain/answers/queue.py"
        " explain/answers/stalled.py explain/answers/suspects.py"
        " explain/holders/request.py observe/live_refs.py observe/browsers.py",
        "pages would have no URL, and what a request carries no name",
        lambda: Request("http://shop/", callback=int, meta={"a": 1}, cb_kwargs={}),
    ),
    Part(
        "scrapy.http.Response",
        "_url request",
        "observe/live_refs.py observe/origin.py explain/answers/suspects.py",
        "pages would have no URL, and of two crawls nobody could tell whose they are",
        lambda: Response("http://shop/", request=Request("http://shop/")),
    ),
    Part(
        "scrapy.selector.Selector",
        "response",
        "observe/live_refs.py observe/origin.py",
        "of two crawls nobody could tell whose a selector is",
        lambda: Selector(TextResponse("http://shop/", body=b"<a>", encoding="utf-8")),
    ),
    Part(
        "scrapy.Item",
        "_values",
        "explain/naming/edges.py",
        "a path would go by a private name",
        Item,
    ),
    Part(
        "scrapy.squeues.FifoMemoryQueue",
        "q",
        "explain/naming/edges.py",
        "a path would go by a private name",
        FifoMemoryQueue,
    ),
    Part(
        "scrapy.pqueues.ScrapyPriorityQueue",
        "queues _start_queues|queues",
        "internals/queues.py",
        "a queue with many parts would be counted one by one",
        lambda: makes(pqueues.ScrapyPriorityQueue),
    ),
    Part(
        "queuelib: the length of a queue on disk",
        "",
        "internals/queues.py",
        "requests on disk would not be counted",
        queue_on_disk,
    ),
    *(
        Part(
            path,
            names,
            readers,
            "what it remembers of each page would not be counted, nor told",
            functools.partial(component, path),
        )
        for path, names, readers in (
            (
                "scrapy.dupefilters.RFPDupeFilter",
                "fingerprints|_fingerprints",
                "observe/census/shapes.py explain/naming/edges.py",
            ),
            (
                "scrapy.downloadermiddlewares.cookies.CookiesMiddleware",
                "jars",
                "observe/census/shapes.py",
            ),
            (
                "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware",
                "domains_seen",
                "observe/census/shapes.py",
            ),
            (
                "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware",
                "_parsers",
                "observe/census/shapes.py",
            ),
        )
    ),
    Part(
        "scrapy.utils.asyncio.AsyncioLoopingCall",
        "_func _args interval running",
        "explain/waits/wakers.py observe/resources/kinds/looping_call.py",
        "looping calls that go on would not be told",
        looping_call_of_scrapy,
    ),
    Part(
        "scrapy.utils.trackref: live_refs is in the order of birth",
        "",
        "observe/live_refs.py",
        "the oldest instance would be any",
        first_is_oldest,
    ),
    *(
        Part(
            f"scrapy: a local variable {name!r} in {home}",
            "",
            "explain/waits/awaited.py",
            "of a stalled crawl the function would not be told that Scrapy awaits",
            functools.partial(locals_of_scrapy, home, name),
        )
        for home, name in (
            ("scrapy.core.downloader.middleware", "method"),
            ("scrapy.core.scraper", "callback"),
            ("scrapy.utils.signal", "receiver"),
        )
    ),
    Part(
        "scrapy.utils._remote_control",
        "job_files_dir",
        "internals/versions.py",
        "the commands would not find the crawls that run",
        lambda: module("scrapy.utils._remote_control"),
    ),
]


# ---- asyncio ----------------------------------------------------------------------


def on_loop(look: Callable[[Any], Any]) -> Callable[[], Any]:
    """Return a look that gets a loop with a connection to a server of its own."""

    async def connected() -> Any:
        accepted: Any = asyncio.Queue()
        server = await asyncio.start_server(
            lambda *both: accepted.put_nowait(both[1]), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return look(asyncio.get_running_loop())
        finally:
            for end in (writer, await accepted.get()):
                end.close()
                await end.wait_closed()
            server.close()
            await server.wait_closed()

    return lambda: asyncio.run(connected())


def handles(loop: Any) -> list[Any]:
    keys = list(loop._selector._fd_to_key.values())
    return [key.data[0] for key in keys if type(key.data) is tuple and key.data[0]]


def of_server(loop: Any) -> bool:
    """Tell whether the arguments of a server's handle are where they were."""
    for handle in handles(loop):
        if handle._callback.__name__ == "_accept_connection":
            _, listening, _, server, *_ = handle._args
            return listening.fileno() >= 0 and type(server).__name__ == "Server"
    return False


def transport(loop: Any) -> Any:
    owners = [getattr(handle._callback, "__self__", None) for handle in handles(loop)]
    return next(each for each in owners if hasattr(each, "get_extra_info"))


def wakes_from_sleep(loop: Any) -> bool:
    sleeping = loop.create_task(asyncio.sleep(0.1))
    sleeping.get_coro().send(None)
    names = [handle._callback.__name__ for handle in loop._scheduled]
    sleeping.cancel()
    return "_set_result_unless_cancelled" in names


def name_of_step(loop: Any) -> bool:
    """Tell whether a task's way to be woken has a name that is known."""
    stepping = loop.create_task(asyncio.sleep(0))
    found = {type(handle._callback).__name__ for handle in loop._ready}
    stepping.cancel()
    return bool(found & {"TaskStepMethWrapper", "TaskWakeupMethWrapper"})


def gathered(loop: Any) -> bool:
    inner = loop.create_future()
    outer = asyncio.gather(inner)
    found = chain.chain_of(outer).nodes
    inner.set_result(None)
    return inner in found


def unwrapped(loop: Any) -> bool:
    """Tell whether Python's own objects between two functions are seen through."""
    future = loop.create_future()

    async def items() -> Any:
        yield await future

    async def iterates() -> None:
        async for _ in items():
            return

    outer = iterates()
    outer.send(None)
    found = chain.chain_of(outer).nodes
    outer.close()
    return future in found


ASYNCIO = [
    Part(
        "asyncio.base_events.BaseEventLoop",
        "_scheduled _ready _timer_cancelled_count _default_executor _selector",
        "internals/loops.py explain/waits/wakers.py explain/waits/sockets.py"
        " heap/roots/pools.py observe/resources/event_loops.py"
        " observe/resources/kinds/asyncio_timer.py",
        "its timers and connections would not be counted, and a stalled crawl would"
        " be told though something is about to wake it",
        on_loop(lambda loop: loop),
    ),
    Part(
        "asyncio.selector_events: the table of the selector",
        "_fd_to_key",
        "explain/waits/sockets.py",
        "a stalled crawl would be told though a connection is about to wake it",
        on_loop(lambda loop: loop._selector),
    ),
    Part(
        "asyncio.events.Handle",
        "_callback _args",
        "explain/naming/callables.py explain/naming/edges.py explain/waits/sockets.py"
        " observe/resources/event_loops.py observe/resources/kinds/asyncio_timer.py"
        " observe/resources/kinds/connection.py"
        " observe/resources/kinds/listening_port.py",
        "timers, connections and servers of asyncio would not be told",
        on_loop(lambda loop: handles(loop)[0]),
    ),
    Part(
        "asyncio.events.TimerHandle",
        "_when",
        "explain/naming/callables.py",
        "a timer would be told without when it is due",
        on_loop(lambda loop: loop.call_later(1, int)),
    ),
    Part(
        "asyncio: the arguments of _accept_connection",
        "",
        "observe/resources/kinds/listening_port.py",
        "a server of asyncio would be told as a connection",
        on_loop(of_server),
    ),
    Part(
        "asyncio.selector_events._SelectorTransport",
        "_protocol",
        "explain/waits/sockets.py observe/resources/kinds/connection.py",
        "connections of asyncio would not be told",
        on_loop(transport),
    ),
    Part(
        "asyncio.sslproto.SSLProtocol",
        "_app_protocol",
        "explain/waits/sockets.py",
        "a connection of TLS would be taken for one that may wake anybody",
        lambda: makes(asyncio.sslproto.SSLProtocol),
    ),
    Part(
        "asyncio: what ends asyncio.sleep() is _set_result_unless_cancelled",
        "",
        "observe/resources/kinds/delayed_call.py",
        "who sleeps would be told as a timer of a library's",
        on_loop(wakes_from_sleep),
    ),
    Part(
        "asyncio: TaskStepMethWrapper",
        "",
        "explain/waits/wakers.py",
        "a stalled crawl would be told though a task is about to go on",
        on_loop(name_of_step),
    ),
    Part(
        "asyncio: _children of what gather() returns",
        "",
        "explain/waits/chain.py",
        "what is gathered would not be followed",
        on_loop(gathered),
    ),
    Part(
        "asyncio: FutureIter, anext_awaitable and what else is between two functions",
        "",
        "explain/waits/chain.py",
        "what a stalled crawl awaits would not be told",
        on_loop(unwrapped),
    ),
    Part(
        "asyncio",
        "_get_running_loop",
        "observe/resources/event_loops.py explain/asking.py",
        "without a reactor no task would be counted",
        lambda: asyncio,
    ),
]

# ---- other modules of Python's ----------------------------------------------------


def worker_of_pool() -> Any:
    """Return a thread of an executor whose target and arguments are as they were."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        (thread,) = pool._threads
        known = thread._target.__name__ == "_worker"
        return known and any(type(each) is queue.SimpleQueue for each in thread._args)


def in_simple_queue() -> bool:
    waiting: Any = queue.SimpleQueue()
    for number in range(3):
        waiting.put((number, "work"))
    return bool(pools._entries((waiting,)))


def temporary() -> Any:
    with tempfile.TemporaryDirectory() as _, tempfile.TemporaryDirectory() as folder:
        kept = tempfile.TemporaryDirectory(dir=folder)
        kept.cleanup()
        return kept


def handler_of_file() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        handler = logging.FileHandler(os.path.join(folder, "log"))
        handler.close()
        return handler


PYTHON = [
    Part(
        "concurrent.futures.thread",
        "_threads_queues _worker _WorkItem",
        "internals/loops.py heap/roots/pools.py explain/containers/pools.py"
        " observe/resources/kinds/thread.py judge/bills.py",
        "work that waits for threads would not be counted",
        lambda: importlib.import_module("concurrent.futures.thread"),
    ),
    Part(
        "concurrent.futures: the target and the arguments of its threads",
        "",
        "observe/resources/kinds/thread.py",
        "the threads of one executor would be told one by one",
        worker_of_pool,
    ),
    Part(
        "concurrent.futures and twisted._threads: where their idle threads are",
        "",
        "explain/waits/wakers.py",
        "with an idle pool a stalled crawl would not be told",
        idle_pools,
    ),
    Part(
        "concurrent.futures: what _queue.SimpleQueue shows to the collector",
        "",
        "explain/containers/pools.py",
        "the function that waits for a thread would not be named",
        in_simple_queue,
    ),
    Part(
        "weakref.WeakKeyDictionary",
        "data",
        "internals/loops.py heap/roots/pools.py explain/naming/edges.py"
        " observe/live_refs.py",
        "the oldest instance would not be found, nor the work for threads",
        weakref.WeakKeyDictionary,
    ),
    Part(
        "weakref.WeakValueDictionary",
        "data",
        "explain/naming/edges.py",
        "a path would go by a private name",
        weakref.WeakValueDictionary,
    ),
    Part(
        "collections.UserDict",
        "data",
        "explain/naming/edges.py",
        "a path would go by a private name",
        UserDict,
    ),
    Part(
        "http.cookiejar.CookieJar",
        "_cookies",
        "explain/containers/remedies.py",
        "cookies that pile up would be told without what helps",
        CookieJar,
    ),
    Part(
        "threading.Thread",
        "_target _args _kwargs",
        "observe/resources/kinds/thread.py",
        "threads that still run would have no name",
        threading.Thread,
    ),
    Part(
        "threading.current_thread()",
        "_name _ident",
        "observe/resources/kinds/thread.py explain/asking.py",
        "threads, and what they have, would have no name",
        threading.current_thread,
    ),
    Part(
        "threading.Timer",
        "function args kwargs",
        "observe/resources/kinds/thread.py",
        "timers of threading would have no name",
        lambda: threading.Timer(1, int),
    ),
    Part(
        "multiprocessing.process",
        "_children",
        "observe/resources/kinds/child_process.py",
        "processes of multiprocessing that stay would not be told",
        lambda: multiprocessing.process,
    ),
    Part(
        "multiprocessing.process.BaseProcess",
        "_popen _target",
        "observe/resources/kinds/child_process.py",
        "processes of multiprocessing that stay would not be told",
        multiprocessing.Process,
    ),
    Part(
        "subprocess",
        "_active",
        "observe/resources/kinds/child_process.py",
        "processes that nobody keeps would not be told",
        lambda: subprocess,
    ),
    Part(
        "subprocess.Popen",
        "pid args returncode",
        "observe/resources/kinds/child_process.py",
        "processes that stay would not be told",
        lambda: makes(subprocess.Popen),
    ),
    Part(
        "tempfile.TemporaryDirectory",
        "_finalizer name",
        "observe/resources/kinds/temporary_directory.py",
        "temporary directories that stay would not be told",
        temporary,
    ),
    Part(
        "logging.FileHandler",
        "baseFilename",
        "observe/resources/kinds/logging_handler.py",
        "a handler of the log would be told without its file",
        handler_of_file,
    ),
    Part(
        "logging.root",
        "handlers manager",
        "heap/roots/log_handlers.py observe/resources/kinds/logging_handler.py",
        "what handlers of the log keep would be held by nobody that is known",
        lambda: logging.root,
    ),
    Part(
        "logging.Manager",
        "loggerDict",
        "heap/roots/log_handlers.py observe/resources/kinds/logging_handler.py",
        "what handlers of the log keep would be held by nobody that is known",
        lambda: logging.root.manager,
    ),
    Part(
        "logging.LogRecord",
        "pathname lineno",
        "explain/answers/findings.py explain/code/blame.py",
        "the line that logged what is kept would not be told",
        lambda: logging.makeLogRecord({}),
    ),
]

# ---- CPython: structs, tables and what it prints ----------------------------------


class Plain:
    def __init__(self, held: Any) -> None:
        self.held, self.other = held, 1


WALKS = [each for each in (IN_C, twin.Graph) if each is not None]


def is_reached(root: Any, wanted: Any) -> bool:
    """Tell whether each walk goes from one object to the other."""
    graphs = (walked(walker, root)[0] for walker in WALKS)
    return all(found.find(wanted) >= 0 for found in graphs)


def measured(obj: Any) -> list[int]:
    """Return the bytes of an object itself, as each walk has them."""
    found = []
    for walker in WALKS:
        one, _ = walked(walker, obj)
        found.append(one.totals(0, 1)[0])
    return found


def weighs_attributes() -> bool:
    """Tell whether attributes are weighed that no ``__dict__`` was made for."""
    known, least = sys.getsizeof(Plain(1)), 16 * (sys.version_info >= (3, 11))
    return all(known + least <= size <= known + 600 for size in measured(Plain(1)))


def shows_keys() -> bool:
    table = {"".join(("a ", "key")): 1}
    return is_reached(table, next(iter(table)))


def shows_made_dict() -> bool:
    made = Plain(1)
    return is_reached(made, vars(made))


def lists_garbage() -> bool:
    for walker in WALKS[:1]:  # Python's own asks the collector
        with nothing_collected():
            dead = Plain(None)
            dead.held = dead
            number = id(dead)
            del dead
            found, _ = walked(walker, [])
            begin, end = unreached(found)
            if not any(
                id(found.object(index)) == number and not is_marked(found, index)
                for index in range(begin, end)
            ):
                return False
    return True


def opened(obj: Any) -> int:
    """Return the bytes that an object has besides, and those of what it holds."""
    size, held = opaque.open_up(obj)
    return size + sum(sys.getsizeof(part) for each in held for part in each)


def weighs_text() -> bool:
    text = io.StringIO()
    for _ in range(1000):
        text.write("a" * 1000)
    gathering = opened(text)
    text.seek(0)
    text.read(1)
    return 0.7 * MB < gathering < 1.4 * MB and 3.9 * MB < opened(text) < 5 * MB


def weighs_mapping() -> bool:
    with mmap.mmap(-1, 2**20) as mapped:
        return opened(mapped) == 2**20


def weighs_database() -> bool:
    database = sqlite3.connect(":memory:")
    database.execute("create table pages (body blob)")
    database.execute("insert into pages values (?)", (bytes(MB),))
    size = opened(database)
    database.close()
    return MB < size < 2 * MB


def weighs_pages() -> bool:
    page = lxml.html.fromstring("<p>" + "text " * MB + "</p>")
    sums = (walked(walker, page)[0].tree_bytes for walker in WALKS)
    return all(5 * MB < size < 11 * MB for size in sums)


def counts_buffer_once() -> bool:
    for walker in WALKS:
        found, (span,) = walked(walker, [io.BytesIO(bytes(MB))])
        if not MB < found.totals(*span)[0] < 1.1 * MB:
            return False
    return True


def is_parser_known() -> bool:
    parser = lxml.html.HTMLParser()
    lxml.html.fromstring("<p>", parser=parser)
    parts = gc.get_referents(parser)
    return any(anatomy.path(type(each)) == trees.PARSER for each in parts)


def entries_of_cache() -> bool:
    cache = functools.lru_cache(maxsize=9)(str)
    for number in range(5):
        cache(number)
    return (0, "0") in contents.pick(cache) and len(contents.pick(cache)) == 5


def ends_full_collection() -> bool:
    seen: list[tuple[str, int]] = []

    def ran(phase: str, info: dict[str, int]) -> None:
        seen.append((phase, info["generation"]))

    gc.callbacks.append(ran)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(ran)
    return seen[-1] == ("stop", full_collections.FULL)


def has_picture() -> bool:
    image = module("PIL.Image")
    return bool(opened(image.new("L", (400, 300)).im) >= 400 * 300)


LOST = "a bill would not have these bytes"
CPYTHON = [
    Part(
        "CPython: attributes beside their object (Objects/dictobject.c)",
        "",
        "heap/_graph.c heap/measures.py",
        LOST,
        weighs_attributes,
    ),
    Part(
        "CPython: where an object has its __dict__ (Include/cpython/object.h)",
        "",
        "heap/_graph.c heap/measures.py",
        "what is in it would be held by nobody",
        shows_made_dict,
    ),
    Part(
        "CPython: a dict of strings shows no keys (dict_traverse)",
        "",
        "heap/_graph.c heap/measures.py",
        LOST,
        shows_keys,
    ),
    Part(
        "CPython: the links of the collector's list (PyGC_Head)",
        "",
        "heap/_graph.c heap/measures.py",
        "garbage would be told as leaked",
        lists_garbage,
    ),
    Part(
        "CPython: the head of an object, and that an id is its address",
        "",
        "heap/memory.py",
        LOST,
        lambda: memory.KNOWN and memory.object_at(id(WALKS), list) is WALKS,
    ),
    Part(
        "CPython: io.StringIO (Modules/_io/stringio.c)",
        "",
        "heap/opaque/texts.py",
        LOST,
        weighs_text,
    ),
    Part(
        "CPython: mmap.mmap (Modules/mmapmodule.c)",
        "",
        "heap/opaque/mappings.py",
        LOST,
        weighs_mapping,
    ),
    Part(
        "CPython: sqlite3.Connection begins with its handle",
        "_sqlite3",
        "heap/opaque/databases.py",
        LOST,
        lambda: weighs_database() and types.SimpleNamespace(**sys.modules),
    ),
    Part(
        "CPython: what a BytesIO shows to the collector",
        "",
        "heap/sizes.py",
        LOST,
        counts_buffer_once,
    ),
    Part(
        "CPython: functools.lru_cache and its links (Modules/_functoolsmodule.c)",
        "_lru_cache_wrapper",
        "explain/answers/hoard.py explain/bills/paths.py explain/containers/bounds.py"
        " explain/containers/contents.py explain/holders/cache.py"
        " foundation/anatomy.py observe/census/shapes.py",
        "what a cache has would not be told",
        lambda: entries_of_cache() and functools,
    ),
    Part(
        "CPython: PyDict_Next through ctypes",
        "",
        "explain/containers/entries.py",
        "a few entries of a large dict would cost the memory of all",
        lambda: (4, 4) in list(entries.entries({n: n for n in range(5)}, 5)),
    ),
    Part(
        "CPython: generations in gc.callbacks",
        "",
        "observe/full_collections.py",
        "no full collection would be seen, and no leak be told",
        ends_full_collection,
    ),
    Part(
        "CPython: the generations of gc.get_objects()",
        "",
        "heap/measures.py",
        "garbage would be told as leaked",
        lambda: any(each is sys.modules for each in measures.listed_with(sys.modules)),
    ),
    Part(
        "CPython: what sys._debugmallocstats() prints",
        "",
        "explain/memory/allocators.py",
        "growth outside Python would not be told",
        lambda: (
            type(allocators.arenas()) is allocators.Arenas
            and allocators.arenas().size > 0
        ),
    ),
    Part(
        "CPython: the name of the instruction that deletes an item",
        "",
        "explain/code/evictions.py",
        "what is bounded by hand would be told to grow",
        lambda: (
            "DELETE_SUBSCR"
            in {
                each.opname
                for each in dis.get_instructions(compile("del a[b]", "", "exec"))
            }
        ),
    ),
    Part(
        "CPython: the flag of types that were made at run time",
        "",
        "foundation/anatomy.py",
        "classes would belong to nobody",
        lambda: anatomy.is_heap_type(Plain) and not anatomy.is_heap_type(dict),
    ),
    Part(
        "CPython: sys._current_frames",
        "_current_frames _current_exceptions _getframe",
        "explain/asking.py",
        "what other threads have would be held by nobody",
        lambda: sys,
    ),
]

# ---- libraries that need not be there ---------------------------------------------

LIBRARIES = [
    Part(
        "lxml.etree: libxml2's tree.h behind its elements",
        "",
        "heap/_trees.h heap/trees.py",
        "the pages that a crawl keeps would weigh little",
        weighs_pages,
    ),
    Part(
        "lxml.etree",
        "_ElementUnicodeResult _ElementStringResult|_ElementUnicodeResult",
        "explain/containers/remedies.py",
        "strings that keep a page's tree would be told without what helps",
        lambda: lxml.etree,
    ),
    Part(
        "lxml.etree._ParserContext",
        "",
        "heap/sizes.py heap/trees.py",
        "a bill would not have the bytes of parsers",
        is_parser_known,
    ),
    Part("pillow: ImagingCore", "", "heap/opaque/pictures.py", LOST, has_picture),
    Part(
        "pyarrow.lib.Table",
        "_column",
        "heap/opaque/arrow.py",
        LOST,
        lambda: module("pyarrow").lib.Table,
    ),
    Part(
        "polars.dataframe.frame.DataFrame",
        "_df",
        "heap/opaque/polars.py",
        LOST,
        lambda: module("polars").DataFrame({"a": [1]}),
    ),
    Part(
        "polars.series.series.Series",
        "_s",
        "heap/opaque/polars.py",
        LOST,
        lambda: module("polars").Series([1]),
    ),
    Part(
        "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler",
        "context_wrappers config",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: makes(
            module("scrapy_playwright.handler").ScrapyPlaywrightDownloadHandler
        ),
    ),
    Part(
        "scrapy_playwright.handler.BrowserContextWrapper",
        "context",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: types.SimpleNamespace(
            **module("scrapy_playwright.handler").BrowserContextWrapper.__annotations__
        ),
    ),
    Part(
        "scrapy_playwright.handler.Config",
        "max_pages_per_context",
        "observe/browsers.py",
        "a crawl that waits for a page would not be told why",
        lambda: types.SimpleNamespace(
            **module("scrapy_playwright.handler").Config.__annotations__
        ),
    ),
    Part(
        "playwright: what its public objects wrap",
        "_impl_obj",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: makes(module("playwright._impl._impl_to_api_mapping").ImplWrapper),
    ),
    Part(
        "playwright: a page of the implementation",
        "_browser_context",
        "observe/browsers.py",
        "who got a context would not be told",
        lambda: makes(of_playwright("page").Page),
    ),
    Part(
        "playwright: a context of the implementation",
        "_pages",
        "observe/browsers.py",
        "the pages of a browser would not be counted",
        lambda: makes(of_playwright("browser_context").BrowserContext),
    ),
]

# ---- the kernel -------------------------------------------------------------------


def is_child_listed() -> bool:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as child:
        mine = (process_tree.children_of(os.getpid(), each) for each in _threads())
        listed = any(child.pid in found for found in mine)
        child.kill()
    return listed or not process_tree.is_listed()


def _threads() -> list[int]:
    return process_tree.threads_of(os.getpid())


def is_descriptor_listed() -> bool:
    with open(os.devnull) as file:
        return str(file.fileno()) in os.listdir("/proc/self/fd")


def is_start_time() -> bool:
    ticks = traces._started(os.getpid(), traces.ROOT) / os.sysconf("SC_CLK_TCK")
    return abs(psutil.boot_time() + ticks - psutil.Process().create_time()) < 5


def is_weighed() -> bool:
    before = resident.known_here()["files"]
    return bool(before) and MB < resident.bytes_of("Private_Dirty") < 10**11


KERNEL = [
    Part(
        "Linux: /proc/PID/task/TID/children",
        "",
        "observe/process_tree.py",
        "child processes would not be counted",
        is_child_listed,
    ),
    Part(
        "Linux: /proc/PID/task",
        "",
        "observe/process_tree.py",
        "child processes would not be counted",
        lambda: threading.get_native_id() in _threads(),
    ),
    Part(
        "Linux: /proc/PID/smaps_rollup has Pss",
        "",
        "observe/children.py",
        "what child processes share would count for each",
        lambda: MB < (children._pss(os.getpid()) or 0) < 10**11,
    ),
    Part(
        "Linux: /proc/PID/statm",
        "",
        "observe/children.py explain/memory/allocators.py",
        "child processes would weigh something else",
        lambda: allocators._writable() > MB,
    ),
    Part(
        "Linux: /proc/self/status has RssFile, and smaps_rollup Private_Dirty",
        "",
        "explain/memory/resident.py explain/border/inside.py",
        "growth outside Python would not be told",
        is_weighed,
    ),
    Part(
        "Linux: /proc/PID/stat has when a process began",
        "",
        "foundation/traces.py",
        "another process would be taken for a crawl that still runs",
        is_start_time,
    ),
    Part(
        "Linux: /proc/sys/kernel/random/boot_id",
        "",
        "foundation/traces.py",
        "what ended a crawl would not be known",
        lambda: len(traces.own().boot) == 36,
    ),
    Part(
        "Linux: /proc/self/maps",
        "",
        "heap/memory.py",
        "a file that is mapped would be told as memory",
        lambda: memory.Mappings().is_of_a_file(
            ctypes.cast(ctypes.pythonapi.Py_IncRef, ctypes.c_void_p).value
        ),
    ),
    Part(
        "Linux: /proc/self/cgroup",
        "",
        "foundation/cgroups.py",
        "the limit of a container would not be known",
        lambda: all(
            "::" in line or line.count(":") == 2
            for line in cgroups.read(cgroups.Path("/proc/self/cgroup")).splitlines()
        ),
    ),
    Part(
        "Linux: /proc/self/fd",
        "",
        "observe/resource_counts.py"
        " observe/resources/descriptors.py explain/border/inside.py",
        "descriptors would not be counted",
        is_descriptor_listed,
    ),
]

ALL = (*TWISTED, *SCRAPY, *ASYNCIO, *PYTHON, *CPYTHON, *LIBRARIES)

# ---- in a crawl: the way from the crawler, and what must be there -----------------

QUEUED = "the requests of the scheduler would be told as unknown"
STARTING = "a crawl that still reads its start requests would be judged too early"
START = {
    True: Part("crawler.engine", "_start", "internals/versions.py", STARTING, Plain),
    False: Part(
        "crawler.engine.slot",
        "start_requests",
        "internals/versions.py",
        STARTING,
        Plain,
    ),
}
"""Scrapy has it there from 2.13 on, or not."""

IN_CRAWL = [
    Part("crawler", "_engine|engine", "internals/versions.py", QUEUED, Plain),
    Part("crawler.engine", "_slot|slot", "internals/versions.py", QUEUED, Plain),
    Part(
        "crawler.engine",
        "running",
        "observe/progress.py",
        "a crawl that opens would be told to stand still",
        Plain,
    ),
    Part("crawler.engine.slot", "scheduler", "internals/engines.py", QUEUED, Plain),
    Part("crawler.engine.slot", "inprogress", "internals/paths.py", QUEUED, Plain),
    Part(
        "crawler.engine.slot",
        "closing",
        "internals/engines.py observe/progress.py",
        "a crawl that closes would be told to stand still",
        Plain,
    ),
    Part(
        "crawler.engine.scraper.slot",
        "queue active",
        "internals/paths.py",
        "responses that are worked on would be told as leaked",
        Plain,
    ),
    Part(
        "crawler.engine.slot.scheduler", "stats", "internals/queues.py", QUEUED, Plain
    ),
    Part(
        "crawler.engine.slot.scheduler.mqs",
        "pqueues|queues",
        "internals/queues.py",
        QUEUED,
        Plain,
    ),
    START[hasattr(Spider, "start")],
    Part(
        "crawler.spider",
        "crawler",
        "observe/ledger.py heap/roots/other_crawls.py",
        "of two crawls one would be told to leak what the other has",
        Plain,
    ),
]
