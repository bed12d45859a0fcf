"""The kinds of resource, one file each: how it is found, taken, named and released."""

from __future__ import annotations

from scrapy_leakwatch.observe.resources.kinds import (
    asyncio_task,
    asyncio_timer,
    browser,
    child_process,
    connection,
    database_connection,
    delayed_call,
    listening_port,
    logging_handler,
    looping_call,
    open_file,
    open_socket,
    signal_receiver,
    temporary_directory,
    thread,
)
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind

__all__ = ["CLASSES", "CLOSERS", "KINDS", "Live", "LiveKind"]

KINDS: tuple[LiveKind, ...] = (
    looping_call.KIND,
    delayed_call.KIND,
    asyncio_task.KIND,
    asyncio_timer.KIND,
    listening_port.KIND,
    connection.KIND,
    thread.KIND,
    child_process.KIND,
    signal_receiver.KIND,
    logging_handler.KIND,
    open_file.KIND,
    open_socket.KIND,
    database_connection.KIND,
    temporary_directory.KIND,
    temporary_directory.BY_PATH,
    browser.PAGE,
    browser.CONTEXT,
)
"""In the order in which they are told; of a pool and what is in it the first names it.

To add a kind write a file with its `LiveKind` beside these, and put that in here.
Nothing else has a list of them.
"""

CLASSES = frozenset(path for kind in KINDS for path in kind.classes)
"""What a name in a module or a class may have that is or wraps a resource."""

CLOSERS = {cls: call for kind in KINDS for cls, call in kind.closers.items()}
"""What ends an instance of a class, whatever kinds are in it."""
