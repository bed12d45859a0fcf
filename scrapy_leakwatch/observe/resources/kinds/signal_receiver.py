"""A receiver of Scrapy's signals that the dispatcher holds by a strong reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydispatch import dispatcher  # type: ignore[import-untyped]
from scrapy import signals

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe.resources.kinds.live import Live, LiveKind
from scrapy_leakwatch.observe.resources.naming import hints_of, name_of
from scrapy_leakwatch.records import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.observe.resources.reach import Reach


def _find(_: Reach) -> Iterator[Live]:
    named = reversed(vars(signals).items())  # of two names the first is not obsolete
    names = {id(value): name for name, value in named if type(value) is object}
    for connected in list(dispatcher.connections.values()):
        for signal, receivers in list(connected.items()):
            for receiver in list(receivers):
                if anatomy.is_a(receiver, *dispatcher.WEAKREF_TYPES):
                    continue  # it goes with its component
                what = f"{name_of(receiver)} of {names.get(id(signal), 'a signal')}"
                yield Live(KIND, receiver, what, (receiver,), hints_of(receiver))


KIND = LiveKind(
    ResourceKind(
        "signal receiver",
        did="connected",
        since="is still connected",
        release="crawler.signals.disconnect() with it, its signal and weak=False",
        release_unkept=(
            "disconnect it with weak=False, as it was connected, or connect it without"
            " that, by crawler.signals.connect()"
        ),
        pins=True,
    ),
    find=_find,
    taken_by=frozenset({"connect"}),
)
