"""How each kind of resource is given back, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_leakwatch.records import ComponentKind, Resource, ResourceKind

VERBS: dict[ResourceKind, tuple[str, str]] = {
    "LoopingCall": ("started", "still runs"),
    "DelayedCall": ("scheduled", "still waits"),
    "asyncio timer": ("scheduled", "still waits"),
    "asyncio task": ("started", "still runs"),
    "listening port": ("opened", "still listens"),
    "connection": ("opened", "is still open"),
    "Thread": ("started", "still runs"),
    "child process": ("started", "still runs"),
    "open file": ("opened", "is still open"),
    "socket": ("opened", "is still open"),
    "database connection": ("opened", "is still open"),
    "temporary directory": ("made", "is still there"),
    "signal receiver": ("connected", "is still connected"),
    "logging handler": ("added", "still handles the log"),
}
"""What a component did, and what the thing does since."""

_CALLS: dict[ResourceKind, tuple[str, str]] = {
    "LoopingCall": ("{}.stop()", "keep it in an attribute and call its stop()"),
    "DelayedCall": (
        "{}.cancel()",
        "keep what callLater() returns and cancel() it if it is active()",
    ),
    "asyncio timer": ("{}.cancel()", "keep what call_later() returns and cancel() it"),
    "asyncio task": ("{}.cancel()", "keep the task and cancel() it"),
    "listening port": (
        "{}.stopListening()",
        "keep the port and call its stopListening()",
    ),
    "connection": (
        "{}.close(), or transport.loseConnection() of a Twisted protocol",
        "keep the connection and close it, as by transport.loseConnection()",
    ),
    "Thread": (
        "{}.join(), after an Event told its function to end",
        "tell its function to end, as by an Event, and join() it",
    ),
    "child process": (
        "{0}.terminate() and {0}.wait()",
        "keep the process, terminate() it and wait() for it",
    ),
    "open file": ("{}.close()", "keep the file and close() it"),
    "socket": ("{}.close()", "keep the socket and close() it"),
    "database connection": ("{}.close()", "keep the connection and close() it"),
    "temporary directory": (
        "{}.cleanup()",
        "remove it with shutil.rmtree(), or use a TemporaryDirectory and cleanup()",
    ),
    "signal receiver": (
        "crawler.signals.disconnect() with it",
        "connect it without weak=False, by crawler.signals.connect(), or disconnect it",
    ),
    "logging handler": (
        "removeHandler() with {0}, then {0}.close()",
        "keep the handler, removeHandler() it from its logger and close() it",
    ),
}
"""What to call, with the attribute that has the thing, and without one."""

_CLOSERS = {
    "ThreadPoolExecutor": "shutdown()",
    "ProcessPoolExecutor": "shutdown()",
    "ThreadPool": "stop()",
    "TextIOWrapper": "close()",
    "BufferedWriter": "close()",
    "BufferedReader": "close()",
    "StreamWriter": "close()",
    "Process": "terminate() and join()",
    "ForkProcess": "terminate() and join()",
    "SpawnProcess": "terminate() and join()",
    "ForkServerProcess": "terminate() and join()",
    "Timer": "cancel()",
    "Server": "close()",
    "ConnectionPool": "close()",
}
_CONTAINERS = frozenset({"dict", "list", "set", "tuple", "deque", "defaultdict"})
_WHERE: dict[ComponentKind, str] = {
    "spider": "in the spider's closed()",
    "item pipeline": "in close_spider()",
}


def advice(resource: Resource, count: int) -> str:
    """Return what to do, and where."""
    where = _WHERE.get(resource.owner_kind, "in a handler of spider_closed")
    name = f"self.{resource.attribute}"
    known, unknown = _CALLS[resource.kind]
    if resource.has in _CLOSERS:
        return f"{where}, call {name}.{_CLOSERS[resource.has]}"
    if resource.nested:
        return f"{where}, let {name} ({resource.has}) end it: {unknown}"
    if not resource.attribute:
        return f"{where}, {unknown}"
    if count > 1 or resource.has in _CONTAINERS:
        return f"{where}, {unknown}, each of those in {name}"
    return f"{where}, call {known.format(name)}"
