"""The time of what is seen of a crawl, by a clock that nobody sets."""

from __future__ import annotations

import time

_WITH_SLEEP = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux's other clocks stand still while the machine sleeps."""


def _steady() -> float:
    if _WITH_SLEEP is None:
        return time.monotonic()
    return time.clock_gettime(_WITH_SLEEP)


_EPOCH = time.time() - _steady()


def now() -> float:
    """Return seconds of the epoch, as if nobody had set the clock since the start.

    Rates and durations are taken between such times: after a clock was set back or
    forward, a crawl would seem to grow by nothing, or for a day.
    """
    return _EPOCH + _steady()
