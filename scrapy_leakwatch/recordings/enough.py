"""Whether a crawl was long enough for its verdict to mean anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL = {"LEAKWATCH_MIN_SAMPLES": 4, "LEAKWATCH_MIN_OBJECTS": 100}
"""Where the recording does not say."""
WARM_UP = 2
"""Samples besides those of growth: the first is left out, one begins the steps."""
TIMES = 2
"""As many responses as make an accusation, for the warm-up has some."""


def too_little(samples: int, received: int, config: Mapping[str, Any]) -> str | None:
    """Return why a crawl can't be judged, with the remedy; None: it can.

    ``config`` has the settings of LeakWatch by name, as in a recording.
    """
    settings = {**USUAL, **config}
    needed = settings["LEAKWATCH_MIN_SAMPLES"] + WARM_UP
    least = TIMES * settings["LEAKWATCH_MIN_OBJECTS"]
    if received < least:
        return (
            f"{received:,} responses, and {least:,} are needed"
            f" ({TIMES} x LEAKWATCH_MIN_OBJECTS); crawl more pages"
        )
    if samples < needed:
        interval = settings.get("LEAKWATCH_INTERVAL", "?")
        return (
            f"{samples:,} samples, and {needed:,} are needed (LEAKWATCH_MIN_SAMPLES +"
            f" {WARM_UP}); crawl more pages, or set LEAKWATCH_INTERVAL below"
            f" {interval} s"
        )
    return None
