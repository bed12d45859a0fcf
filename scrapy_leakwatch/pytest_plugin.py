"""The pytest plugin: ``--leakwatch``, its marker, and the fixture ``leakwatch``.

pytest loads this module in every project that has scrapy-leakwatch installed,
so it imports nothing else of it, and no Scrapy, before a test asks for it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scrapy_leakwatch.checks.crawling import Crawling

MARKER = (
    "leakwatch(watched=True, **settings): fail the test if a crawl in its process"
    " leaks, or measures too little to tell; LEAKWATCH_* settings can be given, and"
    " False leaves the test out of --leakwatch."
)
BASELINES = "leakwatch-baselines"
BASELINE = (
    "compare how many objects and bytes stay per 1,000 responses of each watched crawl"
    " with the last good run, which FILE has; tests that pass are written to it"
)
FAIL = "fail a test of which more stays than in the last good run"
HELP = "watch the crawls of every test for memory leaks, as if it were so marked"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--leakwatch``."""
    group = parser.getgroup("leakwatch", "memory leaks in Scrapy crawls")
    group.addoption("--leakwatch", action="store_true", help=HELP)
    group.addoption("--leakwatch-baseline", metavar="FILE", help=BASELINE)
    group.addoption("--leakwatch-fail-on-increase", action="store_true", help=FAIL)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)
    baseline = config.getoption("leakwatch_baseline")
    failing = config.getoption("leakwatch_fail_on_increase")
    if failing and baseline is None:
        raise pytest.UsageError(
            "--leakwatch-fail-on-increase needs --leakwatch-baseline FILE, which has"
            " the last good run"
        )
    if baseline is not None:
        from scrapy_leakwatch.checks.baselines import Baselines  # noqa: PLC0415

        path = config.invocation_params.dir / baseline
        config.pluginmanager.register(Baselines(path, failing=failing), BASELINES)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Load what watches crawls, if a test wants it."""
    everywhere = config.getoption("leakwatch")
    if everywhere or any(item.get_closest_marker("leakwatch") for item in items):
        from scrapy_leakwatch.checks.suite import Suite  # noqa: PLC0415

        baselines = config.pluginmanager.get_plugin(BASELINES)
        suite = Suite(everywhere, baselines)
        config.pluginmanager.register(suite, "leakwatch-suite")


@pytest.fixture
def leakwatch(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Crawling:
    """Crawl in a process of its own, and fail the test if that leaks.

    ``leakwatch(ShopSpider, start_url=site.url, settings={...})`` returns a
    `scrapy_leakwatch.checks.Checked` when nothing was found.
    """
    from scrapy_leakwatch.checks.crawling import Crawling  # noqa: PLC0415

    baselines = request.config.pluginmanager.get_plugin(BASELINES)
    compare = baselines and partial(baselines.complaint, request.node)
    return Crawling(tmp_path_factory.mktemp("leakwatch"), compare)
