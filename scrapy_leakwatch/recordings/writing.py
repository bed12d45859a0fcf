"""Writes a recording: what was seen and said, as JSON Lines.

What a line has, ``parsing`` makes a record of again.
Each line goes to the file in one write of its own, nothing is buffered: a
crawl that is killed loses at most the line it was writing.
"""

from __future__ import annotations

import errno
import json
import math
import os
from contextlib import suppress
from types import NoneType
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.foundation.files import check_free, named
from scrapy_leakwatch.records import SCHEMA, NoBill, Unexplained, fields_of, flat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scrapy_leakwatch.recordings.lines import Line
    from scrapy_leakwatch.records import (
        Bill,
        BillOwner,
        Children,
        Explanation,
        Layers,
        Looks,
        Progress,
        Run,
        Sample,
        Trimmed,
        Verdict,
    )

LONGEST_PATH = 1000
MOST_NAMES = 10_000
"""Recordings of one name beside each other."""


class RecordingError(OSError):
    """The recording can't be written; the message says where and why."""


class Recording:
    """An open recording, mode 0600. Never replaces a file: it takes a free name."""

    def __init__(self, template: str, spider: str) -> None:
        self.path, self._fd = _open_new(named(template, spider))

    def write(self, line: Line) -> None:
        """Add a line. Raises `RecordingError`, after which the file is closed."""
        data = json.dumps(line, allow_nan=False).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            self.close()
            raise _refused(self.path, error) from error

    def close(self) -> None:
        """Close the file; safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)


def of_run(run: Run) -> Line:
    """Return the first line."""
    return {
        "type": "run",
        "time": run.time,
        "schema": SCHEMA,
        "spider": run.spider,
        "file": run.file,
        "project": run.project,
        "pid": run.pid,
        "versions": dict(run.versions),
        "config": dict(run.config),
        "process": run.process and fields_of(run.process),
    }


def of_exit(time: float) -> Line:
    """Return the line of a process that ends in order before the crawl has closed."""
    return {"type": "exit", "time": time}


def of_sample(sample: Sample) -> Line:
    """Return the line of a sample."""
    return {
        "type": "sample",
        "time": sample.time,
        "elapsed_s": round(sample.elapsed_s, 3),
        "received": sample.received,
        "live": {
            live.path: {"count": live.count, "oldest_s": round(live.oldest_s, 3)}
            for live in sample.live
        },
        "requests": fields_of(sample.requests),
        "responses": fields_of(sample.responses),
        "memory": fields_of(sample.memory),
        "memory_limit": sample.memory_limit,
        "resources": fields_of(sample.resources) if sample.resources else {},
        "containers": [
            {"name": each.name, "type": each.type, "len": each.len}
            for each in sample.containers
        ],
        "children": sample.children and _of_children(sample.children),
        "cost_ms": round(1000 * sample.cost_s, 3),
        "progress": _of_progress(sample.progress),
    }


def _of_progress(progress: Progress | None) -> Line | None:
    if progress is None:
        return None
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in fields_of(progress).items()
    }


def _of_children(children: Children) -> Line:
    programs = [fields_of(program) for program in children.programs]
    return {**fields_of(children), "programs": programs}


def of_looks(looks: Looks, time: float) -> Line:
    """Return the line of a look that failed: how many did so far."""
    return {"type": "looks", "time": time, **fields_of(looks)}


def of_verdict(verdict: Verdict, time: float) -> Line:
    """Return the line of a verdict reached at ``time``."""
    return {
        "type": "verdict",
        "time": time,
        "kind": verdict.kind,
        "subject": verdict.subject,
        "class": verdict.class_path,
        "spider": verdict.spider,
        "count": verdict.count,
        "unaccounted": verdict.unaccounted,
        "growth_per_1000_responses": round(verdict.growth.per_1000_responses, 3),
        "growth_per_min": round(verdict.growth.per_min, 3),
        "confidence": verdict.confidence,
        "message": verdict.message,
        "signature": verdict.signature,
        "limit_in_s": verdict.limit_in_s,
        "oldest_s": round(verdict.oldest_s, 3),
        "example_url": verdict.example_url,
        "limit": verdict.limit,
        "limit_of": verdict.limit_of,
        "caveat": verdict.caveat,
        "remedy": verdict.remedy,
        "suppressed": verdict.suppressed,
        "id": verdict.id,
        "cause": verdict.cause,
        "withdraws": verdict.withdraws,
        "bytes": verdict.bytes,
        "share_of_growth": verdict.share_of_growth,
    }


def of_explanation(
    found: Explanation | Unexplained, verdict: int | None, time: float
) -> Line:
    """Return the line of an answer to who holds some objects.

    Besides who holds them it has the other holders, and what else the examined
    objects are; without a holder it has only those, and why (``failed``).
    ``verdict`` is the id of the one that rests on it, None where none does.
    """
    line = {"type": "explanation", "time": time, "verdict": verdict}
    line |= flat(found)
    line["class"] = line.pop("class_path")
    if isinstance(found, Unexplained):
        line["failed"] = line.pop("reason")
        return line
    line["path"] = [fields_of(step) for step in found.path]
    line["others"] = [fields_of(other) for other in found.others]
    return line


def of_layers(layers: Layers, verdict: int | None, time: float) -> Line:
    """Return the line of a look at which layer the memory is in, bytes each.

    ``verdict`` is the id of the one that rests on it, None where none does.
    """
    return {**fields_of(layers), "type": "layers", "time": time, "verdict": verdict}


def of_bill(bill: Bill | NoBill) -> Line:
    """Return the line of a memory bill, or of why there is none (``failed``)."""
    line = {"type": "bill", **fields_of(bill)}
    if isinstance(bill, NoBill):
        line["failed"] = line.pop("reason")
        return line
    line["owners"] = [_of_owner(owner) for owner in bill.owners]
    line["layers"] = fields_of(bill.layers)
    if bill.since_layers is not None:
        line["since_layers"] = fields_of(bill.since_layers)
    return line


def _of_owner(owner: BillOwner) -> Line:
    return {**fields_of(owner), "paths": [fields_of(path) for path in owner.paths]}


def of_trim(trimmed: Trimmed, time: float) -> Line:
    """Return the line of memory that was given back to the system."""
    return {**fields_of(trimmed), "type": "trim", "time": time}


def of_summary(
    stats: Mapping[str, Any], verdicts: tuple[Verdict, ...], time: float
) -> Line:
    """Return the last line: the crawl's stats, not only those of LeakWatch."""
    plain = {_shown(str(name)): _plain(value) for name, value in stats.items()}
    said = [of_verdict(verdict, time) for verdict in verdicts]
    return {"type": "summary", "time": time, "stats": plain, "verdicts": said}


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (int, float, NoneType)) else _shown(str(value))


def _shown(text: str) -> str:
    return redact.url(text, redact.MOST)


def _open_new(path: Path) -> tuple[Path, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    free = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_free(path, or_link=True)  # no name beside a device or a folder is meant
        for number in range(2, MOST_NAMES):
            with suppress(FileExistsError):
                return free, os.open(free, flags, 0o600)
            free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        raise FileExistsError(errno.EEXIST, "it exists, and so do those numbered on")
    except (OSError, ValueError) as error:
        raise _refused(free, error) from error


def _refused(path: Path, error: OSError | ValueError) -> RecordingError:
    shown = redact.text(str(path), LONGEST_PATH)
    reason = getattr(error, "strerror", None) or error
    return RecordingError(
        f"LEAKWATCH_RECORD: can't write {shown} ({reason}); the crawl goes on without a"
        " recording. Free the disk or name another file."
    )
