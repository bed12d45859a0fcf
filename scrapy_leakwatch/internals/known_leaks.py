"""Leaks of Scrapy, Python and libraries that are known upstream, and where they show.

What is said of each is in ``report/known.py``, by its ``id``. Each was seen in a
version that has it, and not in the one that mended it; of ``python-await-graph`` only
the latter was at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

PYTHON = "Python"
"""Stands for the interpreter among the packages."""
MODULE = "builtins.module"
"""The holder of what any module may have."""


@dataclass(frozen=True, slots=True)
class KnownLeak:
    """A leak of ``package``, as it is called where one installs it.

    ``issue`` is ``owner/repository#number``. It is there from the version ``since`` on,
    and from ``mended`` on no more; None: in all that were seen.

    It is recognised by objects on the way to what grows: first one of the class
    ``holder`` or below, the class or the module itself, then what one of the attributes
    ``kept`` leads to, without any what the holder has. ``then`` are the classes of the
    next ones on the way; without any what is kept is itself what grows, ``None``: what
    grows is anywhere inside it.
    """

    id: str
    package: str
    issue: str
    since: str
    mended: str | None
    holder: str
    kept: tuple[str, ...] = ()
    then: tuple[str, ...] | None = ()


_MEDIA = "scrapy.pipelines.media.MediaPipeline"
_DICTIONARY = "dateparser.languages.dictionary.Dictionary"

KNOWN_LEAKS: tuple[KnownLeak, ...] = (
    KnownLeak(
        id="aiohttp-cookie-jar",
        package="aiohttp",
        issue="aio-libs/aiohttp#11052",
        since="3.10.0",
        mended="3.12.3",
        holder="aiohttp.cookiejar.CookieJar",
        kept=("_cookies",),
    ),
    KnownLeak(
        id="boto3-session-handlers",
        package="boto3",
        issue="boto/boto3#2176",
        since="1.10.0",
        mended=None,
        holder="botocore.session.Session",
        kept=("_events._emitter._handlers",),
        then=None,
    ),
    KnownLeak(
        id="dateparser-dictionaries",
        package="dateparser",
        issue="scrapinghub/dateparser#985",
        since="0.7.6",
        mended="1.1.8",
        holder=_DICTIONARY,
        kept=(
            "_sorted_words_cache",
            "_split_regex_cache",
            "_sorted_relative_strings_cache",
            "_split_relative_regex_cache",
            "_match_relative_regex_cache",
        ),
    ),
    KnownLeak(
        id="dateparser-settings",
        package="dateparser",
        issue="scrapinghub/dateparser#985",
        since="0.7.6",
        mended="1.5.0",
        holder="dateparser.conf.Settings",
        kept=("__registry_dict",),
    ),
    KnownLeak(
        id="python-await-graph",
        package=PYTHON,
        issue="python/cpython#152569",
        since="3.14.0",
        mended="3.14.8",
        holder="_asyncio.Future",
        then=("builtins.set", "_asyncio.Task"),
    ),
    KnownLeak(
        id="python-warning-registry",
        package=PYTHON,
        issue="python/cpython#97557",
        since="3.10.0",
        mended=None,
        holder=MODULE,
        kept=("__warningregistry__",),
    ),
    KnownLeak(
        id="scrapy-cookie-jars",
        package="Scrapy",
        issue="scrapy/scrapy#2986",
        since="2.12.0",
        mended=None,
        holder="scrapy.downloadermiddlewares.cookies.CookiesMiddleware",
        kept=("jars",),
    ),
    KnownLeak(
        id="scrapy-fingerprints",
        package="Scrapy",
        issue="scrapy/scrapy#5307",
        since="2.12.0",
        mended=None,
        holder="scrapy.dupefilters.RFPDupeFilter",
        kept=("fingerprints", "_fingerprints"),
    ),
    KnownLeak(
        id="scrapy-media-failures",
        package="Scrapy",
        issue="scrapy/scrapy#5566",
        since="2.12.0",
        mended=None,
        holder=_MEDIA,
        kept=("spiderinfo.downloaded",),
        then=("twisted.python.failure.Failure", "builtins.dict"),
    ),
    KnownLeak(
        id="scrapy-media-results",
        package="Scrapy",
        issue="scrapy/scrapy#939",
        since="2.12.0",
        mended=None,
        holder=_MEDIA,
        kept=("spiderinfo.downloaded",),
    ),
    KnownLeak(
        id="sentry-propagator",
        package="sentry-sdk",
        issue="getsentry/sentry-python#6267",
        since="1.40.0",
        mended="2.61.0",
        holder="sentry_sdk.scope",
        kept=("global_event_processors",),
    ),
)
"""By their ids; of two that fit, the first is told."""
