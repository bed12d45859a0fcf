"""How the project's code uses what grows: what helps then, and the line, by file.

A queue, a pool and a dict of what is under way are containers as any other; what
helps follows from who puts into them, who takes out of them, and who waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.uses import forgetting, library, pool, queue
from scrapy_leakwatch.explain.uses.use import Use

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders.anchor import Anchor

__all__ = ["Use", "use_of"]

USES = (pool.use, queue.use, library.use, forgetting.use)
"""The first that fits says what helps."""


def use_of(anchor: Anchor, crawler: Any) -> Use | None:
    """Return how what ``anchor`` ends in is used, None where there is no more to say.

    Whoever asks knows a line and a fix without it: they are for where it has none.
    """
    found = (use(anchor, crawler) for use in USES)
    return next((each for each in found if each is not None), None)
