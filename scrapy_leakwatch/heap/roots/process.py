"""What belongs to no crawl: handlers of the system's signals, the context."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextvars import Context


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield what waits for a signal of the system, and the context's variables."""
    handlers = [Start(each, "signal handler") for each in outside.handlers]
    yield Root("signal handlers", "process", starts=handlers, late=True)
    values = list(variables_of(copy_context()))
    yield Root("current context", "process", starts=values, late=True)


def variables_of(context: Context | None) -> Iterator[Start]:
    """Yield the values of a context's variables."""
    for variable, value in context.items() if context is not None else ():
        name = redact.text(variable.name, 60)
        label, expression = f"context variable {name}", f"context variable {name!r}"
        yield Start(value, label, expression, value=True)
