"""Crawls that stand still, and twins that only take long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import SELECT, Row

ROOT = Path(__file__).parents[3]
FILE = "tests/zoo/animals/stalls.py"
ANIMALS = "tests.zoo.animals.stalls"
LONGER = {"CLOSESPIDER_TIMEOUT": 9}


def _stalled(name: str, story: str, cls: str, holder: str, **fields: Any) -> Row:
    return Row(
        name=name,
        story=story,
        spiders=(f"{ANIMALS}.{cls}",),
        truth="stalled",
        subjects=("callbacks",),
        holders=(holder,),
        line=place_of(fields.pop("mark", name), ROOT, FILE),
        least_received=50,
        curfew_s=15,
        **fields,
    )


def _healthy(name: str, story: str, cls: str, **fields: Any) -> Row:
    fields = {"settings": LONGER, "least_received": 50, **fields}
    return Row(name=name, story=story, spiders=(f"{ANIMALS}.{cls}",), **fields)


def _stored_by(cls: str) -> dict[str, Any]:
    return {**LONGER, "ITEM_PIPELINES": {f"{ANIMALS}.{cls}": 1}}


STALLS = (
    _stalled(
        "never_answered",
        "60 callbacks wait for answers that nobody gives",
        "NeverAnswered",
        "NeverAnswered.parse",
    ),
    _healthy(
        "answered_late", "60 callbacks wait for answers, 5 seconds long", "AnsweredLate"
    ),
    _stalled(
        "never_stored",
        "a pipeline returns Deferreds that nobody fires",
        "NeverStored",
        "Forgetful.process_item",
        settings=_stored_by("Forgetful"),
        reactor=SELECT,
    ),
    _healthy(
        "stored_in_batches",
        "a pipeline fires its Deferreds every 4 seconds",
        "NeverStored",
        settings=_stored_by("StoresInBatches"),
        reactor=SELECT,
    ),
    _stalled(
        "keeps_the_lock",
        "a lock is not released after an error",
        "KeepsTheLock",
        "KeepsTheLock.parse",
    ),
    _healthy(
        "releases_the_lock", "a lock is released after an error", "ReleasesTheLock"
    ),
    _stalled(
        "some_never_end",
        "one callback of ten waits for an answer that nobody gives",
        "SomeNeverEnd",
        "NeverAnswered.parse",
        mark="never_answered",
        settings=LONGER,
        also=frozenset({"backlog", "recovered"}),
        reactor=SELECT,
    ),
    _healthy(
        "pausing",
        "the engine is paused while callbacks wait",
        "Pausing",
        reactor=SELECT,
    ),
)
