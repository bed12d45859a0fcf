"""Watches the crawls that tests run in pytest's own process."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scrapy_leakwatch.checks.watched import watching

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from scrapy_leakwatch.checks.baselines import Baselines
    from scrapy_leakwatch.checks.watched import Crawls

NONE = (
    "No crawl ran in this test, and it is marked with leakwatch: run one in it, or use"
    " the fixture leakwatch for one in a process of its own"
)


class Suite:
    """The plugin that pytest gets when a test is to be watched."""

    def __init__(self, everywhere: bool, baselines: Baselines | None = None) -> None:
        self._everywhere = everywhere
        self._baselines = baselines
        self._watch = ExitStack()
        self._crawls: Crawls | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """Watch each crawl that begins from here on."""
        marker = item.get_closest_marker("leakwatch")
        if marker.args[:1] != (False,) if marker else self._everywhere:
            self._begin(marker.kwargs if marker else {})
        yield

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Fail a test that would pass, if a crawl in it is not healthy."""
        yield
        if self._crawls is None:
            return
        complaints = self._crawls.complaints()
        if not complaints and self._baselines is not None:
            said = [
                self._baselines.complaint(item, crawl) for crawl in self._crawls.read()
            ]
            complaints = [each for each in said if each]
        alone = "leakwatch" in getattr(item, "fixturenames", ())
        if not self._crawls.opened and item.get_closest_marker("leakwatch"):
            complaints += [] if alone else [NONE]
        if complaints:
            pytest.fail("\n\n".join(complaints), pytrace=False)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self) -> Generator[None]:
        """Leave crawls alone."""
        try:
            return (yield)
        finally:
            self._crawls = None
            self._watch.close()

    def _begin(self, settings: Mapping[str, Any]) -> None:
        folder = tempfile.TemporaryDirectory(prefix="leakwatch-")
        path = Path(self._watch.enter_context(folder))
        self._crawls = self._watch.enter_context(watching(path, settings))
