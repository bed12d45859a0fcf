"""Tables of Scrapy and of libraries that grow with what they are given.

What helps is said in ``explain/things/tables.py``, by their ``id``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Where a table is, in the way of `internals.known_leaks.KnownLeak`."""

    id: str
    holder: str
    kept: tuple[str, ...] = ()
    then: tuple[str, ...] | None = None


_COOKIES = "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"

TABLES: tuple[Table, ...] = (
    Table("scrapy-cookie-jars", _COOKIES, ("jars",), then=()),
    Table("scrapy-cookies", _COOKIES, ("jars",)),
    Table(
        "scrapy-fingerprints",
        "scrapy.dupefilters.RFPDupeFilter",
        ("fingerprints", "_fingerprints"),
    ),
    Table(
        "scrapy-robots",
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware",
        ("_parsers",),
    ),
    Table(
        "scrapy-offsite",
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware",
        ("domains_seen",),
    ),
    Table(
        "scrapy-offsite",
        "scrapy.spidermiddlewares.offsite.OffsiteMiddleware",
        ("domains_seen",),
    ),
    Table("scrapy-live-refs", "scrapy.utils.trackref", ("live_refs",)),
    Table(
        "scrapy-media",
        "scrapy.pipelines.media.MediaPipeline",
        ("spiderinfo.downloaded",),
    ),
    Table(
        "scrapy-folders",
        "scrapy.pipelines.files.FSFilesStore",
        ("created_directories",),
    ),
    Table("scrapy-stats", "scrapy.statscollectors.StatsCollector", ("_stats",)),
    Table(
        "scrapy-proxies",
        "scrapy.core.downloader.handlers._httpx.HttpxDownloadHandler",
        ("_proxy_clients",),
    ),
    Table("labels", "prometheus_client.metrics.MetricWrapperBase", ("_metrics",)),
    Table(
        "labels",
        "opentelemetry.sdk.metrics._internal._view_instrument_match"
        "._ViewInstrumentMatch",
        ("_attributes_aggregation",),
    ),
    Table("sqlalchemy-session", "sqlalchemy.orm.session.Session"),
    Table("redis-pipeline", "redis.client.Pipeline"),
    Table("redis-pipeline", "redis.asyncio.client.Pipeline"),
    Table("openpyxl", "openpyxl.workbook.workbook.Workbook"),
    Table("requests-cookies", "requests.cookies.RequestsCookieJar", ("_cookies",)),
    Table("aiohttp-cookies", "aiohttp.cookiejar.CookieJar", ("_cookies",)),
)
"""Of two that fit, the first is meant."""
