"""Crawls with a handler that keeps the records of the log, and what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import SELECT, Row

ROOT = Path(__file__).parents[3]
FILE = "tests/zoo/animals/records.py"
MODULE = "tests.zoo.animals.records"
PARTS = ("HtmlResponse", "Request", "Entry")
"""What a record of Scrapy's may carry."""


def _row(name: str, extension: str, story: str, **fields: Any) -> Row:
    settings = {"EXTENSIONS": {f"{MODULE}.{extension}": 100}}
    settings |= fields.pop("settings", {})
    spider = fields.pop("spider", "Logs")
    return Row(
        name=name,
        story=story,
        spiders=(f"{MODULE}.{spider}",),
        settings=settings,
        line=place_of(name, ROOT, FILE),
        **fields,
    )


RECORDS: tuple[Row, ...] = (
    _row(
        "buffered_records",
        "Buffering",
        "a MemoryHandler that is never flushed: its records have pages and items",
        truth="leak",
        subjects=PARTS,
        holders=("MemoryHandler.buffer[*]",),
    ),
    _row(
        "kept_records",
        "Recording",
        "a handler keeps records of errors: a traceback keeps the page",
        truth="leak",
        subjects=PARTS,
        # Its handler is the extension's alone once the spider has closed.
        holders=("Recorder.records[*]", "Recording.handler.records[*]"),
        spider="LogsErrors",
        settings={"ITEM_PIPELINES": {f"{MODULE}.Dropping": 1}},
        reactor=SELECT,
    ),
    _row(
        "flushed_records",
        "Flushing",
        "a MemoryHandler that writes a hundred records at a time",
        reactor=SELECT,
    ),
    _row(
        "texts_of_records",
        "Formatting",
        "a handler keeps the texts of the latest records of errors",
        spider="LogsErrors",
        settings={"ITEM_PIPELINES": {f"{MODULE}.Dropping": 1}},
    ),
)
