"""What is read of asyncio."""

from __future__ import annotations

import asyncio
import asyncio.sslproto
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.waits import chain

if TYPE_CHECKING:
    from collections.abc import Callable

from tests.canaries.part import Part, makes


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
