"""Says why a crawl was watched too briefly to be judged, and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.records import TooLittle
    from scrapy_leakwatch.records.sufficiency import Lack


def outcome(too_little: TooLittle) -> str:
    """Return what became of the crawl instead of a verdict, and why."""
    word = "Unwatched" if too_little.lack == "looks" else "Measured too little"
    return f"{word}: {reason(too_little)}"


def in_words(too_little: TooLittle) -> str:
    """Return why, and after a colon what helps."""
    return f"{reason(too_little)}: {advice(too_little)}"


def reason(too_little: TooLittle) -> str:
    """Return why, as a part of a sentence."""
    return _REASONS[too_little.lack](too_little)


def advice(too_little: TooLittle) -> str:
    """Return what helps, as a part of a sentence."""
    return _ADVICE[too_little.lack](too_little)


def _too_few_looks(it: TooLittle) -> str:
    failed = it.needed - it.count
    return f"{failed:,} of {_many(it.needed, 'look')} at it failed ({it.subject})"


def _too_few_samples(it: TooLittle) -> str:
    return (
        f"{_many(it.count, 'sample')}, and the rules need {it.needed}"
        f" (LEAKWATCH_MIN_SAMPLES + {it.warm_up})"
    )


def _too_few_responses(it: TooLittle) -> str:
    return (
        f"{_many(it.count, 'response')} came after the second sample, and the"
        f" rules need {it.needed} (LEAKWATCH_MIN_OBJECTS)"
    )


def _too_little_growth(it: TooLittle) -> str:
    return (
        f"{it.subject} grew by {it.rate:,.0f} per 1,000 responses before, which"
        f" makes {it.rate * it.count / 1000:,.0f} in the {_many(it.count, 'response')}"
        f" after the second sample, and the rules need {it.needed}"
        " (LEAKWATCH_MIN_OBJECTS)"
    )


def _interval(it: TooLittle) -> str:
    seconds = "" if it.interval is None else f" ({it.interval:g} s)"
    return f"lower LEAKWATCH_INTERVAL{seconds}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


_REASONS: dict[Lack, Callable[[TooLittle], str]] = {
    "looks": _too_few_looks,
    "samples": _too_few_samples,
    "responses": _too_few_responses,
    "end": lambda _: "it did not close, and what is not given back shows only then",
    "growth": _too_little_growth,
}
_ADVICE: dict[Lack, Callable[[TooLittle], str]] = {
    "looks": lambda _: "its log has the error",
    "samples": lambda it: f"crawl longer, or {_interval(it)}",
    "responses": lambda it: f"crawl more pages, or {_interval(it)}",
    "end": lambda _: "let it end",
    "growth": lambda it: f"crawl {1000 * it.needed / it.rate:,.0f} pages or more",
}
