"""Has the feeds of a crawl go on from process to process; none is written over."""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

APPENDED = frozenset({"jsonlines", "jsonl", "jl", "csv", "pickle", "marshal"})
"""Formats of which one file after the other is a file, too."""
ENDINGS = {"json": b"\n]", "xml": b"\n</items>"}
BATCH = ("%(batch_id)", "%(batch_time)")


def continued(feeds: Mapping[Any, Any], process: int) -> dict[str, dict[str, Any]]:
    """Return the feeds of the n-th process of a job, counted from 0."""
    return dict(
        _continued(str(uri), dict(options), process) for uri, options in feeds.items()
    )


def _continued(
    uri: str, options: dict[str, Any], process: int
) -> tuple[str, dict[str, Any]]:
    if process == 0 or urlsplit(uri).scheme == "stdout":
        return uri, options
    if is_appended(uri, options):
        options["overwrite"] = False
        if format_of(uri, options) == "csv":
            _go_on_with_columns(Path(_local(uri)), options)
    else:
        uri = _own(uri, process)
    return uri, options


def is_appended(uri: str, options: Mapping[str, Any]) -> bool:
    """Tell whether a process adds to what the one before has written."""
    return (
        format_of(uri, options) in APPENDED
        and not options.get("postprocessing")
        and is_local(uri)
        and not any(mark in uri for mark in BATCH)
    )


def format_of(uri: str, options: Mapping[str, Any]) -> str:
    """Return the format of a feed, which newer Scrapys take from its name."""
    return str(options.get("format") or uri.rpartition(".")[2])


def is_local(uri: str) -> bool:
    """Tell whether a feed is written into a file of its own as the crawl goes on."""
    return urlsplit(uri).scheme in {"", "file"} or Path(uri).drive != ""


def _local(uri: str) -> str:
    return urlsplit(uri).path if uri.startswith("file:") else uri


def _own(uri: str, process: int) -> str:
    """Return the name of the file that a process has for itself."""
    path = PurePosixPath(uri)
    name = path.name
    stem, dot, suffix = name.partition(".")
    return f"{uri.removesuffix(name)}{stem}-{process + 1}{dot}{suffix}"


def _go_on_with_columns(path: Path, options: dict[str, Any]) -> None:
    """Have no second line of headers, and the columns of the first."""
    try:
        with path.open(newline="", encoding=options.get("encoding") or "utf-8") as file:
            columns = next(csv.reader(file), None)
    except OSError:
        return
    if columns:
        options["fields"] = options.get("fields") or columns
        kwargs = dict(options.get("item_export_kwargs") or {})
        options["item_export_kwargs"] = {**kwargs, "include_headers_line": False}


def at_risk(feeds: Mapping[Any, Any]) -> list[str]:
    """Return the feeds whose items are nowhere before a process closes."""
    return [
        str(uri)
        for uri, options in feeds.items()
        if (not is_local(str(uri)) or options.get("postprocessing"))
        and urlsplit(str(uri)).scheme != "stdout"
    ]


def close_file(path: Path) -> bool:
    """End a JSON or XML file that is without an end; tell whether it is such a file."""
    ending = ENDINGS.get(path.suffix.removeprefix("."))
    if ending is None:
        return False
    if not path.stat().st_size:
        return True
    with path.open("r+b") as file:
        file.seek(max(path.stat().st_size - 64, 0))
        if not file.read().rstrip().endswith(ending.strip()):
            file.write(ending)
    return True
