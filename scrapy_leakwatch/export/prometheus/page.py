"""The text in which Prometheus reads metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.registry import Collector

from scrapy_leakwatch.export.prometheus.metrics import families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.core import Metric as Family

    from scrapy_leakwatch.records import Numbers

    Crawls = Callable[[], Iterable[Numbers]]


class _Crawls(Collector):
    def __init__(self, crawls: Crawls) -> None:
        self._crawls = crawls

    def collect(self) -> Iterable[Family]:
        """Return the metrics as they are now."""
        return families(self._crawls())


class Page:
    """The metrics of ``crawls``, in a registry of their own: no other's are served.

    ``of_process``: with those that the client has of a process and of its collector.
    """

    def __init__(self, crawls: Crawls, *, of_process: bool = False) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Crawls(crawls))
        if of_process:
            ProcessCollector(registry=self._registry)
            GCCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return the page in the text format, which a file and the gateway take."""
        return generate_latest(self._registry)

    def accepted(self, accept: str) -> tuple[bytes, str]:
        """Return the page, and its content type, for the ``Accept`` of a request."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
