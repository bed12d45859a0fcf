"""The ways in which the numbers of a crawl leave it, and what each takes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.config import PREFIX
from scrapy_leakwatch.export import otel, prometheus

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.export.exporter import Exporter
    from scrapy_leakwatch.records import Numbers


class Way(NamedTuple):
    """A way that is gone where ``field`` of the settings is set.

    ``package`` is imported for it, which the ``extra`` of this package brings. ``make``
    gets the numbers as the crawl begins; it may raise `ExportError`.
    """

    field: str
    package: str
    extra: str
    make: Callable[[Config, Numbers], Exporter]

    @property
    def setting(self) -> str:
        """Return the name of the setting."""
        return f"{PREFIX}{self.field.upper()}"

    @property
    def remedy(self) -> str:
        """Return what installs the package."""
        return f'pip install "scrapy-leakwatch[{self.extra}]"'

    @property
    def is_possible(self) -> bool:
        """Tell whether the package is there."""
        return find_spec(self.package) is not None


WAYS = (
    Way("prometheus_port", "prometheus_client", "prometheus", prometheus.at_port),
    Way("prometheus_file", "prometheus_client", "prometheus", prometheus.in_file),
    Way("pushgateway", "prometheus_client", "prometheus", prometheus.pushed),
    Way("otel", "opentelemetry", "otel", otel.handed_over),
)


def wanted(config: Config) -> list[Way]:
    """Return the ways that the settings ask for."""
    given = {way: getattr(config, way.field) for way in WAYS}
    return [way for way in WAYS if given[way] is not None and given[way] is not False]
