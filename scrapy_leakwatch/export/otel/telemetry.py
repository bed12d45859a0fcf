"""Hands the numbers and verdicts of the crawls of a process to OpenTelemetry."""

from __future__ import annotations

import inspect
import os
import time
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics

import scrapy_leakwatch
from scrapy_leakwatch.export.otel import events
from scrapy_leakwatch.export.otel.instruments import INSTRUMENTS, points

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry._logs import Logger
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

    from scrapy_leakwatch.export.otel.instruments import Instrument
    from scrapy_leakwatch.records import Numbers, Verdict

SCOPE = "scrapy_leakwatch"
NOWHERE = (
    "LEAKWATCH_OTEL: no SDK of OpenTelemetry is set up, so the numbers go nowhere until"
    " one is; opentelemetry-instrument does that, or set_meter_provider"
)
NO_EVENTS = (
    "LEAKWATCH_OTEL: this API of OpenTelemetry knows no events, so verdicts are only"
    ' counted: pip install -U "scrapy-leakwatch[otel]"'
)

MOST_CLOSED = 100
"""Crawls that close between two times that the SDK asks; the latest are kept."""


@cache
def of_process() -> Process:
    """Return the instruments of this process; the SDK would warn of a second set."""
    version = scrapy_leakwatch.__version__
    named = inspect.signature(_logs.LogRecord.__init__).parameters
    logger = _logs.get_logger(SCOPE, version) if "event_name" in named else None
    return Process(metrics.get_meter(SCOPE, version), logger)


class Process:
    """The instruments, shared by the crawls of a process.

    They are asked in a thread of the SDK's, for the newest numbers of each crawl that
    is open. Those of one that has closed are told once more, so that the last of them
    are seen, and forgotten then. ``logger`` takes events, None where the API does not
    know them.
    """

    def __init__(self, meter: Meter, logger: Logger | None) -> None:
        self.logger = logger
        self._pid = os.getpid()
        self._lock = Lock()
        self._open: dict[Telemetry, Numbers] = {}
        self._last: dict[str, list[Numbers]] = {each.name: [] for each in INSTRUMENTS}
        making = {
            "gauge": meter.create_observable_gauge,
            "counter": meter.create_observable_counter,
        }
        for each in INSTRUMENTS:
            making[each.kind](
                each.name, [partial(self._observe, each)], each.unit, each.description
            )

    def keep(self, crawl: Telemetry, numbers: Numbers) -> None:
        """Have these be the numbers of a crawl."""
        with self._lock:
            self._open[crawl] = numbers

    def end(self, crawl: Telemetry, numbers: Numbers) -> None:
        """Have these be the last numbers of a crawl, where anybody will ask."""
        with self._lock:
            self._open.pop(crawl, None)
            if nobody_asks():
                return
            for last in self._last.values():
                last.append(numbers)
                del last[:-MOST_CLOSED]

    def _observe(
        self, instrument: Instrument, _: CallbackOptions
    ) -> Iterable[Observation]:
        if os.getpid() != self._pid:  # the SDK goes on in a child that looks for us
            return []
        with self._lock:
            crawls = [*self._open.values(), *self._last[instrument.name]]
            self._last[instrument.name] = []
        return [
            metrics.Observation(point.value, point.attributes)
            for point in points(instrument, crawls)
        ]


def nobody_asks() -> bool:
    """Tell whether the meter provider is the API's own, which does nothing."""
    provider = type(metrics.get_meter_provider())
    return provider.__module__.startswith(metrics.__name__)


def _lacks(process: Process) -> str:
    """Return what is missing for all to be seen, "" for nothing."""
    if nobody_asks():
        return NOWHERE
    return NO_EVENTS if process.logger is None else ""


class Telemetry:
    """Hands over what is of one crawl of a ``project``: an `Exporter`."""

    does = "hand its numbers to OpenTelemetry"

    def __init__(self, process: Process, project: str) -> None:
        self._process = process
        self._project = project
        self.begun = _lacks(process)

    def numbers(self, numbers: Numbers) -> None:
        """Take the numbers, after a sample or a verdict."""
        self._process.keep(self, numbers)

    def verdict(self, verdict: Verdict, found: object) -> None:
        """Emit an event, unless the verdict is accepted."""
        if self._process.logger is None or verdict.suppressed:
            return
        event = events.of_verdict(self._project, verdict, found)
        level = _logs.SeverityNumber.WARN if event.alarm else _logs.SeverityNumber.INFO
        record: Any = _logs.LogRecord(
            timestamp=time.time_ns(),
            severity_number=level,
            severity_text=level.name,
            body=event.body,
            attributes=event.attributes,
            event_name=events.NAME,
        )
        self._process.logger.emit(record)

    async def close(self, numbers: Numbers) -> None:
        """Leave the last numbers, for the next time that somebody asks."""
        self._process.end(self, numbers)
