"""The metrics of Prometheus: at a port, in a file, and at a Pushgateway.

Its client is imported only by who calls one of these.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from scrapy_leakwatch.foundation.files import named

if TYPE_CHECKING:
    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.export.exporter import Exporter
    from scrapy_leakwatch.records import Numbers


def at_port(config: Config, _: Numbers) -> Exporter:
    """Return what serves the metrics at LEAKWATCH_PROMETHEUS_PORT."""
    from scrapy_leakwatch.export.prometheus.endpoint import Endpoint  # noqa: PLC0415

    host, port = config.prometheus_host, config.prometheus_port
    return Endpoint.join("serve its metrics", host, port)


def in_file(config: Config, numbers: Numbers) -> Exporter:
    """Return what keeps the metrics in LEAKWATCH_PROMETHEUS_FILE."""
    from scrapy_leakwatch.export.prometheus.textfile import Textfile  # noqa: PLC0415

    path = named(cast("str", config.prometheus_file), numbers.spider)
    return Textfile.join("write its metrics", Path.cwd() / path)


def pushed(config: Config, numbers: Numbers) -> Exporter:
    """Return what pushes the metrics to LEAKWATCH_PUSHGATEWAY."""
    from scrapy_leakwatch.export.prometheus import pushgateway  # noqa: PLC0415

    url = cast("str", config.pushgateway)
    group = pushgateway.group_of(url, numbers.project, numbers.spider)
    return pushgateway.Pushgateway.join("push its metrics", url, group)
