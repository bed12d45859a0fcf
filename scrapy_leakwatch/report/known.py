"""What is said of a leak that is known upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.internals.known_leaks import KNOWN_LEAKS

if TYPE_CHECKING:
    from scrapy_leakwatch.internals.known_leaks import KnownLeak


class KnownWords(NamedTuple):
    """What a known leak keeps, and what one can do about it."""

    keeps: str
    help: str


WORDS: dict[str, KnownWords] = {
    "aiohttp-cookie-jar": KnownWords(
        "a CookieJar gets two empty entries for each path of a URL that is asked for",
        "update aiohttp, or give sessions without cookies an aiohttp.DummyCookieJar()",
    ),
    "boto3-session-handlers": KnownWords(
        "each boto3.Session that is made on one botocore session leaves its handlers"
        " there",
        "make one boto3.Session when the spider opens, and use it for all",
    ),
    "dateparser-dictionaries": KnownWords(
        "its word lists are kept once more for each different settings argument, such"
        " as a RELATIVE_BASE of now",
        "update dateparser, or give it the same settings each time",
    ),
    "dateparser-settings": KnownWords(
        "a Settings object is kept for each different settings argument, such as a"
        " RELATIVE_BASE of now",
        "update dateparser, or give it the same settings each time",
    ),
    "python-await-graph": KnownWords(
        "a future that stays open remembers each task that asyncio.wait(), or shield(),"
        " has had wait for it",
        "update Python, or have an asyncio.Event waited for in a task of its own, and"
        " cancel that afterwards",
    ),
    "python-warning-registry": KnownWords(
        "a module keeps the text of each different warning that is raised in it",
        "have it ignored: warnings.filterwarnings('ignore', category=...), or 'always'"
        " instead of 'default' to see each",
    ),
    "scrapy-cookie-jars": KnownWords(
        "there is no way to drop the cookie jar of a meta['cookiejar'] that is done",
        "use a few keys in turn, or COOKIES_ENABLED = False if the site works without",
    ),
    "scrapy-fingerprints": KnownWords(
        "the fingerprint of each request stays in memory, with a JOBDIR too",
        "split the crawl, or set DUPEFILTER_CLASS to a filter that has them on disk",
    ),
    "scrapy-media-failures": KnownWords(
        "the failure of each download is kept, and with its traceback the request,"
        " since 2.14 (#7177) the response and the item too",
        "in item_completed() of a subclass, after that of the base, set __traceback__"
        " and __context__ of the value of each failure in results to None",
    ),
    "scrapy-media-results": KnownWords(
        "the result of each file is kept to download it once",
        "split the crawl, or info.downloaded.clear() in item_completed() of a subclass"
        " where no file comes twice",
    ),
    "sentry-propagator": KnownWords(
        "each request that SentryPropagator adds its headers to leaves one more event"
        " processor",
        "update sentry-sdk, or take SentryPropagator out of set_global_textmap()",
    ),
}
"""By the ids of the catalogue."""

_BY_ID = {leak.id: leak for leak in KNOWN_LEAKS}


def said(name: str) -> str:
    """Return what is known of the leak with that id, empty where there is none."""
    leak = _BY_ID.get(name)
    if leak is None:
        return ""
    words = WORDS[name]
    until = "until it is mended" if leak.mended is None else f"before {leak.mended}"
    return f"{leak.issue}, {versions(leak)}: {words.keeps}; {until}: {words.help}"


def helps(name: str) -> str:
    """Return what one can do about the leak with that id, empty where it is none."""
    words = WORDS.get(name)
    return words.help if words else ""


def versions(leak: KnownLeak) -> str:
    """Say which versions have it, as in ``Scrapy 2.14.0 and later``."""
    if leak.mended is None:
        return f"{leak.package} {leak.since} and later"
    return f"{leak.package} {leak.since} to {leak.mended}, which mends it"
