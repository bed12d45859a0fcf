"""What is read of Twisted."""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import functools
import importlib
from typing import Any

import pytest
from pydispatch import dispatcher
from twisted.internet import defer, endpoints, process, task
from twisted.internet.base import DelayedCall
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.tcp import Port
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.threadpool import ThreadPool

from scrapy_leakwatch.explain.waits import awaited, chain
from tests.canaries.part import (
    Part,
    has,
)


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


def awaits_as_known() -> bool:
    """Tell whether what awaits a Deferred is its ``__iter__``, or as before itself."""
    made = defer.Deferred()
    found = made.__await__()
    return found is made or found.gi_code.co_name == "__iter__"


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
    readers = {*made.removeAll(), made.waker, *getattr(made, "_internalReaders", ())}
    for reader in readers:
        reader.connectionLost(None)
    if loop:
        loop.close()
    return made


def pool_of_twisted() -> bool:
    return has(ThreadPool(), "_team") and has(ThreadPool()._team, "_pending")


TWISTED = [
    Part(
        "twisted.internet.defer.Deferred",
        "_callbacks|callbacks _canceller _chainedTo called _debugInfo",
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
        "twisted.internet.task.CooperativeTask",
        "_pauseCount",
        "explain/waits/wakers.py",
        "a pipeline that never ends would not be told before Scrapy 2.14",
        lambda: task.CooperativeTask(iter(()), task.Cooperator(started=False)),
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
        awaits_as_known,
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
        "explain/waits/wakers.py observe/resources/kinds/looping_call.py"
        " explain/uses/consumers.py",
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
