"""What belongs to no crawl: handlers of the system's signals, the context."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield what waits for a signal of the system, and the context's variables."""
    handlers = [Start(each, "signal handler") for each in outside.handlers if each]
    yield Root("signal handlers", "process", starts=handlers, late=True)
    values = [
        Start(
            value,
            f"context variable {name}",
            f"context variable {name!r}",
            value=True,
        )
        for variable, value in copy_context().items()
        for name in [redact.text(variable.name, 60)]
    ]
    yield Root("current context", "process", starts=values, late=True)
