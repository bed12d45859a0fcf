"""What `atexit` is to call when Python ends."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.explain.code import source
from scrapy_leakwatch.explain.holders.finding import AT_EXIT
from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.roots.exits import CALLBACKS

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.foundation.lines import SourceLine

_CALLERS = frozenset({"register"})


def _line(place: Place, crawler: Any) -> SourceLine | None:
    """Return the line that registers what was registered most often."""
    functions = map(anatomy.function_of, place.holder)
    names = Counter(each.__code__.co_name for each in functions if each)
    called = max(names, key=lambda name: names[name], default="")
    return source.of_call(_CALLERS, called, source.classes_of(crawler))


KIND = AccumulationKind(lambda place: place.path == CALLBACKS, says(AT_EXIT), _line)
