"""Crawls that hand on more than is done, as people reported them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import SELECT, Named, Row

ROOT = Path(__file__).parents[3]
FOLDER = "tests/zoo/animals"
ANIMALS = "tests.zoo.animals"
UPLOADS = {
    "FILES_STORE": "slow://bucket",
    "ITEM_PIPELINES": {f"{ANIMALS}.handed.RemoteFiles": 1},
}


def _row(path: str, story: str, *named: Named, **fields: Any) -> Row:
    cls = path.partition(".")[2]
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return Row(
        name=name,
        story=story,
        named=named,
        **{
            "truth": "hoard",
            "spiders": (f"{ANIMALS}.{path}",),
            "least_received": 80,
            **fields,
            "settings": {"CLOSESPIDER_TIMEOUT": 9, **fields.get("settings", {})},
        },
    )


def _named(module: str, mark: str | None, *words: str) -> Named:
    line = mark and place_of(mark, ROOT, f"{FOLDER}/{module}.py")
    return Named(words, line)


HANDED = (
    _row(
        "handed.SlowUploads",
        "FilesPipeline with a store that uploads more slowly than files come",
        _named("handed", None, "thread pool|RemoteFiles|FilesPipeline"),
        settings=UPLOADS,
        also=frozenset({"unreleased"}),
        reactor=SELECT,
    ),
    _row(
        "handed.SlowLog",
        "a handler of the log has a queue of records, and a thread that is slower",
        _named("handed", None, "records"),
        also=frozenset({"unreleased"}),
        reactor=SELECT,
    ),
    _row(
        "handed.SmartStrings",
        "titles are kept as lxml's smart strings, each with the tree of its page",
        _named("handed", "smart_strings", "spider.titles"),
        settings={"CLOSESPIDER_PAGECOUNT": 450},  # by weight, and not by number
    ),
    _row(
        "sessions.PendingSession",
        "each item is added to a session of SQLAlchemy that is committed at the end",
        _named("sessions", "adds", "Adding.session"),
        settings={"ITEM_PIPELINES": {f"{ANIMALS}.sessions.Adding": 1}},
        reactor=SELECT,
        needs=("sqlalchemy",),
    ),
)
