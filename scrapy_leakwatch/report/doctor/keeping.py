"""Where a crawl writes, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.report.amounts import size
from scrapy_leakwatch.report.doctor.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.records.diagnosed import PlaceFound


def _kept(found: PlaceFound) -> Said:
    unset = "not set; 'scrapy leakwatch run' writes to "
    text = f"{'' if found.of else unset}{found.folder}"
    if not found.failed:
        return _with_space(found, text)
    other = f"name another file in {found.of}" if found.of else "change to another"
    return Said(
        f"{found.folder} can't be written to",
        found.failed,
        f"make the folder writable, or {other}",
    )


def _temporary(found: PlaceFound) -> Said:
    if found.failed:
        return Said(
            "there is no place for them",
            f"{found.folder} {found.failed}".strip(),
            "set TMPDIR to a folder that can be written: attach, top and reports need"
            " one",
        )
    return _with_space(found, found.folder)


def _with_space(found: PlaceFound, text: str) -> Said:
    text = f"{text}, {size(found.free)} free"
    if found.level == "ok":
        return Said(text)
    return Said(
        text,
        "a long crawl writes more: a full disk ends the recording, not the crawl",
        "free some of it, or name another folder",
    )


WORDS: dict[str, Callable[[Any], Said]] = {
    "recording": _kept,
    "report": _kept,
    "temporary files": _temporary,
}
