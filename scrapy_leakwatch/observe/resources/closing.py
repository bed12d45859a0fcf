"""Tells which components may still be releasing what they took."""

from __future__ import annotations

import inspect
from types import MethodType
from typing import TYPE_CHECKING, Any

from pydispatch import dispatcher  # type: ignore[import-untyped]

from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.observe.resources.calls import Sources
    from scrapy_leakwatch.observe.resources.owners import Owner

_LATER = (
    inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_GENERATOR
    | inspect.CO_ITERABLE_COROUTINE
)


def closing(
    crawler: Any, components: tuple[Owner, ...], sources: Sources, signal: object
) -> frozenset[int]:
    """Return the components, by identity, whose handler of ``signal`` may go on.

    The engine waits for what an asynchronous handler returns, and nobody else
    can tell whether it has ended.
    """
    known = {id(each.instance): each for each in components}
    return frozenset(
        id(receiver.__self__)
        for receiver in _receivers(crawler, signal)
        if type(receiver) is MethodType
        and id(receiver.__self__) in known
        and _may_go_on(receiver, sources)
    )


def _receivers(crawler: Any, signal: object) -> list[Any]:
    """Return those that are alive; the dispatcher would ask them for truth and hash."""
    by_signal = (
        dispatcher.connections.get(id(sender), {}).get(wanted, ())
        for sender in (crawler, dispatcher.Any, dispatcher.Anonymous)
        for wanted in (signal, dispatcher.Any)
    )
    known = [receiver for receivers in by_signal for receiver in list(receivers)]
    return [
        receiver() if anatomy.is_a(receiver, *dispatcher.WEAKREF_TYPES) else receiver
        for receiver in known
    ]


def _may_go_on(receiver: MethodType, sources: Sources) -> bool:
    function = anatomy.function_of(receiver)
    if function is None or function.__code__.co_flags & _LATER:
        return True
    name = str.__str__(function.__name__)
    return sources.may_answer_later(type(receiver.__self__), name)
