"""What the process that crawls for a test is told, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy import Spider


@dataclass(frozen=True, slots=True)
class Job:
    """One crawl, and the folder for what is left of it."""

    spider: type[Spider]
    arguments: dict[str, Any]
    settings: dict[str, Any]
    folder: Path

    @property
    def recording(self) -> Path:
        """The recording."""
        return self.folder / "0.jsonl"

    @property
    def log(self) -> Path:
        """All that the process wrote."""
        return self.folder / "log"

    @property
    def errors(self) -> Path:
        """What LeakWatch could not do, if there was anything."""
        return self.folder / "errors"
