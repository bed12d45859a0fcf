"""Writes the page of a crawl, ``LEAKWATCH_REPORT``, when the crawl has closed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy_leakwatch import recordings
from scrapy_leakwatch.crawl.guard import log
from scrapy_leakwatch.crawl.own_folder import OwnFolder
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.foundation.files import named
from scrapy_leakwatch.judge.sufficiency import too_little

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy import Spider

    from scrapy_leakwatch.config import Config

LONGEST = 1000


class ClosingReport:
    """The page of one crawl, made of its recording.

    Where the crawl keeps no recording, this has one, which ends with it.
    """

    def __init__(self, config: Config, spider: Spider) -> None:
        self._spider = spider
        self._path = named(config.report, spider.name) if config.report else None
        self._folder: OwnFolder | None = None

    def record(self) -> str | None:
        """Return the template of a recording for this alone, if there is a page."""
        if self._path is None:
            return None
        try:
            self._folder = OwnFolder()
        except OSError as error:
            self._path = None
            self._tell(
                f"there is no place for temporary files ({error.strerror}), so there is"
                " no report: set TMPDIR to a folder, or LEAKWATCH_RECORD to a file."
            )
            return None
        return str(self._folder.path / "record.jsonl").replace("%", "%%")

    def write(self, record: Path | None) -> None:
        """Write the page, made of the recording; a failure is one line in the log."""
        path, self._path = self._path, None
        if path is None:
            return
        try:
            if record is None:
                self._tell("nothing was recorded, so there is no report")
            else:
                self._write(record, path)
        finally:
            if self._folder is not None:
                self._folder.cleanup()

    def write_so_far(self, record: Path) -> None:
        """Write the page of what is recorded by now; it is written again at the end."""
        if self._path is not None:
            self._write(record, self._path)

    def _write(self, record: Path, path: Path) -> None:
        # Jinja2 takes time and memory that a crawl without a report should keep.
        from scrapy_leakwatch.report import html  # noqa: PLC0415

        try:
            crawl = recordings.read(record)
            html.write(crawl, path, too_little(crawl))
        except (recordings.UnreadableRecording, html.ReportError) as error:
            self._tell(redact.text(str(error), LONGEST))
        else:
            shown = redact.text(str(path), LONGEST)
            log(logging.INFO, "LeakWatch wrote its report to %s", shown)

    def _tell(self, what: str) -> None:
        text, extra = "LEAKWATCH_REPORT: %s", {"spider": self._spider}
        log(logging.ERROR, text, what, extra=extra)
