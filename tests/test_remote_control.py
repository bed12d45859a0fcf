"""Questions asked through Scrapy's remote control, of a running crawl."""

from __future__ import annotations

import json
import time
import urllib.request
from importlib.util import find_spec

import pytest

from tests.conftest import start_crawl
from tests.guppys import WITHOUT, needs_guppy

pytestmark = pytest.mark.skipif(
    find_spec("scrapy.extensions.remote_control") is None,
    reason="this Scrapy has no remote control",
)


PAGES = 'print(crawler.stats.get_value("item_scraped_count", 0))'


@pytest.fixture
def job(shop, tmp_path):
    """The port and token of a crawl that leaks, and has some pages by now."""
    process = start_crawl(
        shop,
        tmp_path,
        "Leaking",
        prelude="spiders.Leaking.pages = 0",
        REMOTE_CONTROL_ENABLED=True,
        REMOTE_CONTROL_JOBS_DIR=str(tmp_path / "jobs"),
    )
    try:
        deadline = time.monotonic() + 60
        while not (jobs := list(tmp_path.glob("jobs/*.json"))):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        job = json.loads(jobs[0].read_text())
        while not int(execute(job, PAGES)["output"]):
            assert time.monotonic() < deadline
        yield job
    finally:
        process.kill()
        process.communicate()


def execute(job, code: str) -> dict:
    request = urllib.request.Request(
        f"http://127.0.0.1:{job['port']}/execute",
        json.dumps({"code": code, "timeout_sec": 30}).encode(),
        {"Authorization": f"Bearer {job['token']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def test_who_holds_a_class_is_answered_while_the_crawl_goes_on(job) -> None:
    code = """
from scrapy_leakwatch import LeakWatch
before = crawler.stats.get_value("item_scraped_count", 0)
print(await crawler.get_extension(LeakWatch).why("HtmlResponse"))
print("items meanwhile:", crawler.stats.get_value("item_scraped_count", 0) - before)
"""
    answer = execute(job, code)
    assert answer["status"] == "ok", answer
    assert "held by   Request.meta['referer']" in answer["output"]
    assert int(answer["output"].rpartition(":")[2]) > 0


@needs_guppy
def test_the_heap_and_the_status_are_answered(job) -> None:
    code = """
from scrapy_leakwatch import LeakWatch
leakwatch = crawler.get_extension(LeakWatch)
print(await leakwatch.heap(), await leakwatch.heap("HtmlResponse"))
print(leakwatch.status())
"""
    answer = execute(job, code)
    assert answer["status"] == "ok", answer
    assert answer["output"].count("Partition of a set of") == 2
    assert "Live References" in answer["output"]


def test_without_guppy_the_heap_is_answered_by_the_bill_and_by_who_holds(job) -> None:
    code = f"""
{WITHOUT}
from scrapy_leakwatch import LeakWatch
leakwatch = crawler.get_extension(LeakWatch)
print(await leakwatch.heap(), await leakwatch.heap("HtmlResponse"))
"""
    answer = execute(job, code)
    assert answer["status"] == "ok", answer
    assert "here is the memory bill instead.\n\nMemory: " in answer["output"]
    assert "here is what LeakWatch finds instead." in answer["output"]
    assert "held by   Request.meta['referer']" in answer["output"]
