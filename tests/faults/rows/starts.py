"""Settings that can't be used: the crawl goes on without LeakWatch."""

from __future__ import annotations

from tests.faults.fault import Fault

WRONG = {
    "an_interval_that_is_none": {"LEAKWATCH_INTERVAL": "soon"},
    "an_interval_without_end": {"LEAKWATCH_INTERVAL": "1" + "0" * 400},
    "an_unknown_setting": {"LEAKWATCH_INTERVALL": 3},
    "a_class_that_is_none": {"LEAKWATCH_TRACK": ["tests.faults.spiders.PAGES"]},
    "a_path_that_is_none": {"LEAKWATCH_RECORD": ["a", "list"]},
    "an_object_for_a_switch": {"LEAKWATCH_ENABLED": object()},
}

STARTS = tuple(
    Fault(name=name, story=f"{setting} can't be used", settings=settings)
    for name, settings in WRONG.items()
    for setting in settings
)
