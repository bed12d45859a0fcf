"""Whether a crawl was watched long enough for the rules to have had a chance.

Nothing found means nothing where nothing could be: whoever says that a crawl is
healthy, or that a leak is gone, asks here first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy_leakwatch.records import Story, Told

WARM_UP = 2
"""Samples besides those of growth: the first is left out, one begins the steps."""
USUAL = {"MIN_SAMPLES": 4, "MIN_OBJECTS": 100}
"""Where the recording does not say."""
NOT_CLOSED = "it did not close, and what is not given back shows only then: let it end"


def too_little(story: Story) -> str:
    """Return why the rules could not judge a crawl; empty: they could."""
    config = story.run.config
    needed = _count(config, "MIN_SAMPLES") + WARM_UP
    if story.samples < needed:
        return (
            f"{_many(story.samples, 'sample')}, and the rules need {needed}"
            f" (LEAKWATCH_MIN_SAMPLES + {WARM_UP}):"
            f" crawl longer, or lower LEAKWATCH_INTERVAL{_interval(config)}"
        )
    received, least = received_since_warm_up(story), _count(config, "MIN_OBJECTS")
    if received is not None and received < least:
        return (
            f"{_many(received, 'response')} came after the second sample, and the"
            f" rules need {least} (LEAKWATCH_MIN_OBJECTS): crawl more pages, or lower"
            f" LEAKWATCH_INTERVAL{_interval(config)}"
        )
    return ""


def could_not_show(story: Story, told: Told) -> str:
    """Return why a crawl without it does not prove that a verdict is gone.

    At its former rate too few would be held in so short a crawl to be accused; what
    is not given back is told when a crawl closes.
    """
    if told.verdict.kind == "unreleased":
        return "" if story.complete else NOT_CLOSED
    rate, received = (
        told.verdict.growth.per_1000_responses,
        received_since_warm_up(story),
    )
    if told.verdict.kind == "native" or rate <= 0 or received is None:
        return ""
    least = _count(story.run.config, "MIN_OBJECTS")
    expected = rate * received / 1000
    if expected >= least:
        return ""
    return (
        f"{told.verdict.subject} grew by {rate:,.0f} per 1,000 responses before, which"
        f" makes {expected:,.0f} in the {_many(received, 'response')} after the second"
        f" sample, and the rules need {least} (LEAKWATCH_MIN_OBJECTS): crawl"
        f" {1000 * least / rate:,.0f} pages or more"
    )


def received_since_warm_up(story: Story) -> int | None:
    """Return the responses that the rules saw come, None where it is not known.

    Of a thinned timeline the first two points are of more than one sample.
    """
    timeline = story.timeline
    skip = 1 if story.samples <= len(timeline.times) else 0
    received = [each for each in timeline.received[skip:] if each is not None]
    return int(received[-1] - received[0]) if received else None


def _count(config: Mapping[str, object], name: str) -> int:
    value = config.get(f"LEAKWATCH_{name}")
    return value if isinstance(value, int) else USUAL[name]


def _interval(config: Mapping[str, object]) -> str:
    interval = config.get("LEAKWATCH_INTERVAL")
    return f" ({interval:g} s)" if isinstance(interval, (int, float)) else ""


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
