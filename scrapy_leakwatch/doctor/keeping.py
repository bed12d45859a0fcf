"""Where a crawl writes: its recording, its report, its temporary files."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy_leakwatch.commands.run import RECORD
from scrapy_leakwatch.foundation.files import check_free, named
from scrapy_leakwatch.records.diagnosed import PlaceFound

if TYPE_CHECKING:
    from scrapy_leakwatch.doctor.patient import Patient
    from scrapy_leakwatch.records.diagnosed import Level

LEAST_FREE = 100_000_000
"""Bytes: two to three days of a crawl that is looked at every 10 s."""
PROBE = b"leakwatch" * 1000


def recording(patient: Patient) -> PlaceFound:
    """Tell whether the recording can be written, without one that of ``run``."""
    template = patient.config.record
    return _file(patient, template or RECORD, "LEAKWATCH_RECORD" if template else "")


def report(patient: Patient) -> PlaceFound:
    """Tell whether the report can be written, without one that of ``run``."""
    template = patient.config.report
    return _file(patient, template or RECORD, "LEAKWATCH_REPORT" if template else "")


def temporary_files(_: Patient) -> PlaceFound:
    """Tell whether there is a folder for temporary files."""
    try:
        folder = Path(tempfile.gettempdir())
    except OSError as error:
        return PlaceFound("no", "", failed=_words(error))
    return place(folder)


def _file(patient: Patient, template: str, of: str) -> PlaceFound:
    path = named(template, patient.crawler.spidercls.name)
    try:
        check_free(path, or_link=True)
    except (OSError, ValueError) as error:
        return PlaceFound("no", str(path), of, _words(error))
    return place(path.parent, of)


def place(folder: Path, of: str = "") -> PlaceFound:
    """Write to a folder, or to the one in which it would be made; nothing stays."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(PROBE)
            file.flush()
        free = shutil.disk_usage(there).free
    except (OSError, ValueError) as error:
        return PlaceFound("no", os.path.abspath(folder), of, _words(error))
    level: Level = "ok" if free >= LEAST_FREE else "limited"
    return PlaceFound(level, os.path.abspath(folder), of, free=free)


def _words(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
