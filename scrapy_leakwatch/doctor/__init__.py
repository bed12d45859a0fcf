"""Examines what works here: the machine, this Python, and the project's settings.

Each check asks what a crawl would ask, so that it says what a crawl would do; what can
be tried is tried. A file for each thing that LeakWatch is for, and `CHECKS` in the
order in which a person reads them. ``report/doctor`` has the words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.doctor import keeping, looking, outside, watching
from scrapy_leakwatch.doctor.patient import Patient, patient, reason
from scrapy_leakwatch.records.diagnosed import Examined, Finding, Part, Unexamined

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.settings import Settings

__all__ = ["CHECKS", "examine"]


class Check(NamedTuple):
    """What is examined, by its name; ``essential``: else no crawl is watched."""

    name: str
    part: Part
    look: Callable[[Patient], Finding]
    essential: bool = False


CHECKS = (
    Check("Python", "watch", watching.python, essential=True),
    Check("Scrapy", "watch", watching.scrapy_itself, essential=True),
    Check("settings", "watch", watching.settings, essential=True),
    Check("extension", "watch", watching.extension, essential=True),
    Check("live objects", "watch", watching.live_objects, essential=True),
    Check("memory", "watch", watching.memory, essential=True),
    Check("memory limit", "watch", watching.memory_limit),
    Check("child processes", "watch", watching.children),
    Check("fork", "look", looking.fork),
    Check("room for a child", "look", looking.room),
    Check("C walk", "look", looking.walk),
    Check("memory bill", "look", looking.bill),
    Check("malloc", "look", looking.malloc),
    Check("Guppy", "look", looking.guppy),
    Check("recording", "keep", keeping.recording),
    Check("report", "keep", keeping.report),
    Check("temporary files", "keep", keeping.temporary_files),
    Check("remote control", "outside", outside.remote_control),
    Check("attach by pid", "outside", outside.by_pid),
    Check("terminal", "outside", outside.terminal),
)


def examine(settings: Settings) -> tuple[Examined, ...]:
    """Return what each check found, for crawls with these settings."""
    examined = patient(settings)
    return tuple(
        Examined(check.name, check.part, _finding(check, examined), check.essential)
        for check in CHECKS
    )


def _finding(check: Check, examined: Patient) -> Finding:
    try:
        return check.look(examined)
    except Exception as error:  # noqa: BLE001, one that fails must not hide the others
        return Unexamined("no", reason(error))
