"""Tables of Scrapy and of libraries, and what keeps each of them small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.known import is_there
from scrapy_leakwatch.internals.tables import TABLES

if TYPE_CHECKING:
    from scrapy_leakwatch.internals.tables import Table

REMEDIES = {
    "scrapy-cookie-jars": (
        "there is a cookie jar for each meta['cookiejar']: use fewer of them, or "
        "COOKIES_ENABLED = False if the site works without"
    ),
    "scrapy-cookies": (
        "the cookies of each domain stay until the crawl ends: COOKIES_ENABLED = False "
        "if the sites work without, or split the crawl"
    ),
    "scrapy-fingerprints": (
        "Scrapy keeps a fingerprint of each request to drop duplicates, with a JOBDIR "
        "too: split the crawl, or set DUPEFILTER_CLASS to a filter that has them on "
        "disk; dont_filter=True does without for requests that can't come twice"
    ),
    "scrapy-robots": (
        "Scrapy keeps the robots.txt of each domain: split the crawl by domains, or "
        "ROBOTSTXT_OBEY = False where you may"
    ),
    "scrapy-offsite": (
        "Scrapy keeps the name of each offsite domain: extract fewer links to them "
        "(allow_domains of the LinkExtractor)"
    ),
    "scrapy-live-refs": (
        "Scrapy before 2.18 keeps each class of items and requests for ever: "
        "make the class once, at the top of its module, or update Scrapy"
    ),
    "scrapy-media": (
        "the pipeline keeps the result of each file, to download it once: let "
        "media_downloaded() return no more than its path and size, and split the crawl"
    ),
    "scrapy-folders": (
        "the store remembers each folder that it has made: let file_path() use few, "
        "such as one for the first two digits of the file's name"
    ),
    "scrapy-stats": (
        "each stat stays until the crawl ends: count by what has few values, such as a"
        " status or a domain"
    ),
    "scrapy-proxies": (
        "Scrapy has a client for each proxy URL, with its user and password, until the"
        " crawl ends: take turns with a few of them, or set DOWNLOAD_HANDLERS to"
        " another handler"
    ),
    "labels": (
        "a metric keeps an entry for each combination of its labels: label by what has "
        "few values, such as the status or the site, never by the URL"
    ),
    "sqlalchemy-session": (
        "the SQLAlchemy session keeps each object that is add()ed to it: call commit() "
        "and expunge_all() every thousand"
    ),
    "redis-pipeline": (
        "the Redis pipeline keeps each command until it is sent: execute() it every "
        "thousand"
    ),
    "openpyxl": (
        "an openpyxl Workbook keeps each cell: make it with write_only=True, which "
        "writes rows to a file as they come, or write CSV"
    ),
    "requests-cookies": (
        "the cookies of each domain stay in the Session: session.cookies.clear() when "
        "a site is done"
    ),
    "aiohttp-cookies": (
        "the cookies of each domain stay in the ClientSession: "
        "session.cookie_jar.clear() when a site is done, or give it an "
        "aiohttp.DummyCookieJar()"
    ),
}
"""By the ids of the tables."""


def table_on(way: tuple[Any, ...]) -> Table | None:
    """Return the table that the end of ``way`` is in, None if in none.

    ``way`` are live objects, from what a root begins with down to what grows.
    """
    return next((table for table in TABLES if is_there(table, way)), None)


def remedy(way: tuple[Any, ...]) -> str:
    """Return what keeps the table small that ``way`` ends in, empty if in none."""
    table = table_on(way)
    return REMEDIES[table.id] if table is not None else ""
