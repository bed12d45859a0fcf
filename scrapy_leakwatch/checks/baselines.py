"""Compares the crawls of tests with the last good run, in a file between the runs.

With pytest-xdist the workers measure and compare, and the process that started them
writes the file.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from scrapy_leakwatch.judge.rates import increased, rates
from scrapy_leakwatch.judge.sufficiency import least_objects
from scrapy_leakwatch.records import Rates, fields_of
from scrapy_leakwatch.report.rates import changed

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy_leakwatch.records import Crawl

SCHEMA = 1
PROPERTY = "leakwatch_rates"
"""Under this name a worker hands on what a test measured."""


class Baselines:
    """The plugin that pytest gets with ``--leakwatch-baseline``.

    ``failing``: a test of which more stays than in the last good run fails.
    """

    def __init__(self, path: Path, *, failing: bool) -> None:
        self._path = path
        self._failing = failing
        self._before = _read(path)
        self._good: dict[str, Rates] = {}
        self._more: list[str] = []

    def complaint(self, item: pytest.Item, crawl: Crawl) -> str:
        """Note what a test's crawl leaves behind; say why the test fails, if so."""
        found = rates(crawl)
        if found is None:
            return ""
        noted = [name for name, _ in item.user_properties if name == PROPERTY]
        name = f"{item.nodeid}#{len(noted) + 1}" if noted else item.nodeid
        before = self._before.get(name)
        more = before and increased(before, found, least_objects(crawl))
        said = changed(before, found, more) if before and more else ""
        noted_now = {"name": name, "said": said, **fields_of(found)}
        item.user_properties.append((PROPERTY, noted_now))
        return said if self._failing else ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take over what a test measured, from a worker too."""
        if report.when != "call":
            return
        for name, noted in report.user_properties:
            if name == PROPERTY and isinstance(noted, dict):
                self._take(dict(noted), passed=report.passed)

    def _take(self, noted: dict[str, Any], *, passed: bool) -> None:
        name, said = noted.pop("name"), noted.pop("said")
        if said:
            self._more.append(f"{name}: {said}")
        elif passed:
            found, before = Rates(**noted), self._before.get(name)
            # The least that was seen stands, or many small steps would go unseen.
            self._good[name] = found if before is None else _least(before, found)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what the good tests measured, if anything did."""
        if hasattr(session.config, "workerinput") or not self._good:
            return
        known = {**self._before, **self._good}
        crawls = {name: fields_of(known[name]) for name in sorted(known)}
        text = json.dumps({"schema": SCHEMA, "crawls": crawls}, indent=2) + "\n"
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            beside.write_text(text, "utf-8")
            beside.replace(self._path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise pytest.UsageError(
                f"--leakwatch-baseline: {self._path} can't be written"
                f" ({error.strerror}): name a file in a folder that is there."
            ) from None

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Say of which tests more stays, where they did not fail for that."""
        if self._more and not self._failing:
            terminalreporter.section("leakwatch: more stays than in the last good run")
            for line in self._more:
                terminalreporter.line(line)


def _least(one: Rates, other: Rates) -> Rates:
    return Rates(
        other.responses, min(one.objects, other.objects), min(one.bytes, other.bytes)
    )


def _read(path: Path) -> dict[str, Rates]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:  # there was no run before
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(
            f"--leakwatch-baseline: {path} can't be read ({error}): name a file that"
            " it wrote, or a new one."
        ) from None
    try:
        return _parsed(json.loads(text))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise pytest.UsageError(
            f"--leakwatch-baseline: {path} is no baseline of this version: delete it"
            " to begin anew, or name another file."
        ) from None


def _parsed(found: Any) -> dict[str, Rates]:
    if found["schema"] != SCHEMA:
        raise ValueError(found["schema"])
    return {name: _rates(fields) for name, fields in found["crawls"].items()}


def _rates(fields: dict[str, Any]) -> Rates:
    if not all(type(value) in {int, float} for value in fields.values()):
        raise TypeError(fields)
    return Rates(**fields)
