"""The metrics as a file, for the textfile collector of node_exporter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy_leakwatch.export.courier import Courier
from scrapy_leakwatch.export.exporter import ExportError
from scrapy_leakwatch.export.places import Place
from scrapy_leakwatch.export.prometheus.metrics import PREFIX
from scrapy_leakwatch.export.prometheus.page import Page
from scrapy_leakwatch.foundation import files, redact

if TYPE_CHECKING:
    from pathlib import PurePath

READABLE = 0o644
"""For node_exporter, which has a user of its own."""
END_S = 1.0
"""How long the end of a crawl waits for the file to go."""
_BEGIN = f"# HELP {PREFIX}".encode()


class Textfile(Place):
    """Keeps the metrics of the crawls of this process in a file, as long as they run.

    It is written by a thread: a disk may be slow, and a file server may hang.
    """

    def __init__(self, path: PurePath) -> None:
        super().__init__()
        self._path = Path(path)
        self._page = Page(lambda: self.crawls)
        self._courier = Courier(self._write)

    @property
    def begun(self) -> str:
        """Where the file is."""
        return f"LeakWatch keeps its metrics in {redact.text(str(self._path), 1000)}"

    def changed(self) -> None:
        """Have the file replaced."""
        self._courier.give()
        if self._courier.failure:
            path = redact.text(str(self._path), 1000)
            raise ExportError(
                f"LeakWatch can't write its metrics to {path}"
                f" ({self._courier.failure}); set LEAKWATCH_PROMETHEUS_FILE to another"
            )

    async def end(self) -> None:
        """Have the file removed: a number that nobody keeps up to date is none."""
        self._courier.give()
        await self._courier.settled(END_S)
        await self._courier.end()

    def _write(self) -> None:
        if self.crawls:
            files.put(self._path, self._page.text(), _is_ours, READABLE)
        elif self._path.is_file() and not self._path.is_symlink():
            with self._path.open("rb") as file:
                ours = _is_ours(file.read(len(_BEGIN)))
            if ours:
                os.unlink(self._path)


def _is_ours(head: bytes) -> bool:
    return head.startswith(_BEGIN)
