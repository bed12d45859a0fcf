"""The instruments and events of OpenTelemetry.

Only its API is used, and imported only by who calls this: who sets up an SDK decides
where all goes, how often and in which thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.export.exporter import Exporter
    from scrapy_leakwatch.records import Numbers


def handed_over(_: Config, numbers: Numbers) -> Exporter:
    """Return what hands the numbers over, LEAKWATCH_OTEL."""
    from scrapy_leakwatch.export.otel import telemetry  # noqa: PLC0415

    return telemetry.Telemetry(telemetry.of_process(), numbers.project)
