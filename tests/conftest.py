"""A local site, and crawls of it in processes of their own.

A crawl is a real one, with the real engine: a process can run only one
reactor, and a test may want any of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from scrapy import version_info
from scrapy.settings import default_settings
from scrapy.utils.reactor import install_reactor

from scrapy_leakwatch.foundation import free_list
from tests import synthetic
from tests.synthetic import RUN

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).parent.parent / "example_project"
HARNESS = Path(__file__).parent / "harness.py"
ROW = Path(__file__).parent / "row.py"
TIMEOUT = 300

ASYNCIO = {
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
}
SELECT = {"TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor"}
SLOW = {"DOWNLOAD_DELAY": 0.05}
"""For a test that looks at the healthy spider: it ends some time."""
REACTORLESS = {"TWISTED_REACTOR_ENABLED": False}
HTTP_CLIENT = (
    "aiohttp"
    if version_info >= (2, 19)
    else ("httpx2" if version_info >= (2, 18) else "httpx")
)
"""What this Scrapy downloads with where there is no reactor."""
needs_loop_alone = pytest.mark.skipif(
    version_info < (2, 14),
    reason="before Scrapy 2.14 there is no timer without a reactor",
)
MODES = [
    pytest.param(ASYNCIO, id="asyncio"),
    pytest.param(SELECT, id="select"),
    pytest.param(
        REACTORLESS,
        id="reactorless",
        marks=[
            pytest.mark.skipif(
                not hasattr(default_settings, "TWISTED_REACTOR_ENABLED"),
                reason="this Scrapy always needs a reactor",
            ),
            pytest.mark.skipif(
                find_spec(HTTP_CLIENT) is None,
                reason=f"without a reactor this Scrapy needs {HTTP_CLIENT}",
            ),
        ],
    ),
]
QUICK_MODES = [
    MODES[0],
    *(
        pytest.param(*mode.values, id=mode.id, marks=[*mode.marks, pytest.mark.slow])
        for mode in MODES[1:]
    ),
]
"""The same for a test that is run in the first of them where time is short."""

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@dataclass
class Crawl:
    """What is left of a crawl."""

    log: str
    stats: dict[str, Any]
    left: dict[str, Any]
    others: list[dict[str, Any]] = field(default_factory=list)

    @property
    def items(self) -> int:
        return self.stats.get("item_scraped_count", 0)

    def lines(self, level: str, logger: str = "scrapy_leakwatch") -> list[str]:
        mark = f"[{logger}] {level}: "
        return [line for line in self.log.splitlines() if mark in line]


if (2, 13) <= version_info < (2, 15):
    # In those the `get_crawler` of Scrapy's tests wants one.
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")


@pytest.fixture(autouse=True)
def free_list_emptied():
    """Have no test that walks what pytest has meet it."""
    with free_list.emptied():
        yield


@pytest.fixture(scope="session")
def shop():
    """The URL of the example project's shop."""
    command = [sys.executable, "-m", "shop.site", "--port", "0"]
    with subprocess.Popen(
        command, cwd=EXAMPLE, stdout=subprocess.PIPE, text=True
    ) as site:
        try:
            yield site.stdout.readline().strip()
        finally:
            site.terminate()


@pytest.fixture
def crawl(shop, tmp_path):
    """Run spiders of ``tests/spiders.py`` and return what is left of the first."""

    def run(*spiders: str, prelude: str = "", **settings: Any) -> Crawl:
        process = start_crawl(shop, tmp_path, *spiders, prelude=prelude, **settings)
        try:
            _, log = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
        assert process.returncode == 0, log
        outcome = json.loads((tmp_path / "outcome.json").read_text())
        first, *others = outcome["stats"]
        return Crawl(log, first, outcome["left"], others)

    return run


@pytest.fixture
def record(tmp_path):
    """Write a recording of so many samples, and what is said in it."""

    def record(name: str, *said: dict, samples: int = 40, **run: object) -> str:
        lines = [RUN | run, *(synthetic.sample(number) for number in range(samples))]
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, *said]))
        return str(path)

    return record


def start_crawl(
    shop: str,
    folder: Path,
    *spiders: str,
    prelude: str = "",
    script: Path = HARNESS,
    times: int = 1,
    **settings: Any,
) -> subprocess.Popen[str]:
    """Start a crawl; its log comes from stderr. ``times`` is for `ROW`."""
    job = {
        "shop": shop,
        "spiders": spiders,
        "prelude": prelude,
        "times": times,
        "outcome": str(folder / "outcome.json"),
        "settings": {
            "LOG_LEVEL": "INFO",
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
            "DOWNLOAD_DELAY": 0,
            "EXTENSIONS": {"scrapy_leakwatch.LeakWatch": 500},
            "LEAKWATCH_INTERVAL": 0.1,
            **settings,
        },
    }
    path = [str(HARNESS.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, str(script), json.dumps(job)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        stderr=subprocess.PIPE,
        text=True,
    )


def recorded(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a recording."""
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def in_utc(monkeypatch):
    """Have the times that are shown be those of one zone."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def walk_on_each_look(monkeypatch):
    """Have the census of containers walk whenever it looks."""
    name = "scrapy_leakwatch.observe.census.containers.BETWEEN_WALKS_S"
    monkeypatch.setattr(name, 0.0)
