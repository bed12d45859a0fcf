"""A Python without the global lock: refused with one line, wherever one asks.

Such a build is taken for one by what `sysconfig` says of it, which is what is changed
here; none is needed for these tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler

from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.checks.watched import Watched
from scrapy_leakwatch.commands.exits import ERROR
from scrapy_leakwatch.foundation import collector
from scrapy_leakwatch.remote import attached
from tests.commanding import leakwatch

ROOT = Path(__file__).parent.parent
WITHOUT_LOCK = """
import sysconfig
known = sysconfig.get_config_var
sysconfig.get_config_var = lambda name: 1 if name == "Py_GIL_DISABLED" else known(name)
"""
LINE = (
    f"Python {collector.version()} is a free-threaded build, whose collector does not"
    " tell what is alive: crawl with the usual build of Python"
)


@pytest.fixture
def without_lock(monkeypatch):
    known = collector.sysconfig.get_config_var
    monkeypatch.setattr(
        collector.sysconfig,
        "get_config_var",
        lambda name: 1 if name == "Py_GIL_DISABLED" else known(name),
    )


def test_this_python_is_not_refused() -> None:
    assert collector.refusal() == ""
    assert LeakWatch.from_crawler(get_crawler())


@pytest.mark.usefixtures("without_lock")
@pytest.mark.parametrize("locked", [True, False])
def test_a_free_threaded_build_is_refused_also_with_its_lock_on(
    monkeypatch, locked
) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: locked, raising=False)
    with pytest.raises(NotConfigured, match="free-threaded build") as refused:
        LeakWatch.from_crawler(get_crawler())
    assert str(refused.value) == LINE


@pytest.mark.usefixtures("without_lock")
def test_who_is_switched_off_is_not_told_why_it_would_not_work() -> None:
    with pytest.raises(NotConfigured) as refused:
        LeakWatch.from_crawler(get_crawler(settings_dict={"LEAKWATCH_ENABLED": False}))
    assert str(refused.value) == ""


@pytest.mark.parametrize(
    "settings",
    [{}, {"EXTENSIONS": {}, "ADDONS": {"scrapy_leakwatch.LeakWatchAddon": 1}}],
    ids=["extension", "add-on"],
)
def test_a_crawl_goes_on_unwatched_and_its_log_says_why_once(crawl, settings) -> None:
    result = crawl("Healthy", prelude=WITHOUT_LOCK, **settings)
    assert result.items == 420
    assert sum(LINE in line for line in result.log.splitlines()) == 1
    assert "Traceback" not in result.log
    assert not any(key.startswith("leakwatch/") for key in result.stats)


def test_the_part_in_c_is_not_imported_there() -> None:
    code = f"""{WITHOUT_LOCK}
import sys
from scrapy_leakwatch import LeakWatch
from scrapy_leakwatch.heap import graph
print(any(name.endswith("._graph") for name in sys.modules), graph._graph)
"""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False None\n", "")


@pytest.mark.usefixtures("without_lock")
def test_nobody_attaches_to_such_a_crawl() -> None:
    assert json.loads(attached.attach(None, {}, "me", "")) == {"refused": LINE}


@pytest.mark.usefixtures("without_lock")
def test_no_crawl_is_run_to_be_watched(capsys) -> None:
    assert leakwatch("run", "shop") == ERROR
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"LeakWatch can't watch: {LINE}.\n")


@pytest.mark.usefixtures("without_lock")
def test_a_test_fails_with_the_reason(tmp_path) -> None:
    crawler = Crawler(Spider, Settings())
    watched = Watched(crawler, tmp_path / "none.jsonl", {})
    assert watched.complaint([]) == f"LeakWatch did not watch a crawl: {LINE}"
