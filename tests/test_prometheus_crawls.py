"""Real crawls whose metrics are scraped, filed and pushed while they run."""

from __future__ import annotations

import json
import os
import re
import threading
import urllib.request

import pytest

pytest.importorskip("prometheus_client")

from tests.conftest import ASYNCIO, QUICK_MODES, start_crawl
from tests.gateways import gateway, odd_gateway
from tests.test_prometheus import values

SERVES = re.compile(r"serves its metrics at (\S+)")
TIMEOUT_S = 300


class Scraped:
    """A crawl in a process, and its metrics after the first line that has ``after``."""

    def __init__(self, shop, folder, *spiders, after: str, **settings) -> None:
        self.log, self.page = "", ""
        process = start_crawl(shop, folder, *spiders, **settings)
        late = threading.Timer(TIMEOUT_S, process.kill)
        late.start()
        try:
            with process:
                for line in process.stderr:
                    self.log += line
                    if after in line and not self.page:
                        self.page = self._get()
                        self.files = os.listdir(folder)
            assert process.returncode == 0, self.log
        finally:
            late.cancel()
            process.kill()
        outcome = json.loads((folder / "outcome.json").read_text())
        self.stats, self.left = outcome["stats"], outcome["left"]

    def _get(self) -> str:
        with urllib.request.urlopen(SERVES.search(self.log)[1], timeout=60) as answer:
            return answer.read().decode()

    def warnings(self) -> list[str]:
        lines = self.log.splitlines()
        return [line for line in lines if "[scrapy_leakwatch] WARNING: Leak" in line]


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_a_leak_is_in_the_metrics_while_the_crawl_runs(shop, tmp_path, mode) -> None:
    file = tmp_path / "%(name)s.prom"
    with gateway() as there:
        crawl = Scraped(
            shop,
            tmp_path,
            "Leaking",
            after="HtmlResponse is leaking",
            LEAKWATCH_PROMETHEUS_PORT=0,
            LEAKWATCH_PROMETHEUS_FILE=str(file),
            LEAKWATCH_PUSHGATEWAY=there.url,
            **mode,
        )
        pushed = values(there.pushes[-1][2], "leaking")
    found = values(crawl.page, "leaking")
    assert found["live_objects HtmlResponse"] > 0
    assert found["unaccounted_objects Response"] > 0
    assert found["resources threads"] >= 1
    assert "process_resident_memory_bytes" in crawl.page
    assert "leaking.prom" in crawl.files
    (stats,) = crawl.stats
    assert pushed["verdict_level"] == stats["leakwatch/verdict_level"] == 2
    assert pushed["verdicts_total leak"] == stats["leakwatch/verdicts/leak"] == 1
    assert pushed["samples_total"] == stats["leakwatch/samples"]
    assert not (tmp_path / "leaking.prom").exists()
    assert crawl.warnings() == []
    assert set(crawl.left.values()) == {0}


def test_what_leakwatch_itself_has_open_is_no_leak_of_the_crawl(shop, tmp_path) -> None:
    with gateway() as there:
        crawl = Scraped(
            shop,
            tmp_path,
            "Healthy",
            after="Live References",
            LEAKWATCH_LOG_INTERVAL=0.3,
            LEAKWATCH_PROMETHEUS_PORT=0,
            LEAKWATCH_PROMETHEUS_FILE=str(tmp_path / "a.prom"),
            LEAKWATCH_PUSHGATEWAY=there.url,
            **ASYNCIO,
        )
    (stats,) = crawl.stats
    assert stats["leakwatch/verdicts/unreleased"] == 0
    assert stats["leakwatch/verdict"] == "healthy"
    assert stats["item_scraped_count"] == 420
    assert crawl.left["threads"] == 0


@pytest.mark.slow
def test_five_crawls_of_a_process_share_a_port_and_only_one_leaks(
    shop, tmp_path
) -> None:
    spiders = ("Leaking", "Healthy", "Backlog", "Elsewhere", "HoardsUrls")
    crawl = Scraped(
        shop,
        tmp_path,
        *spiders,
        after="HtmlResponse is leaking",
        LEAKWATCH_PROMETHEUS_PORT=0,
        **ASYNCIO,
    )
    assert len(set(SERVES.findall(crawl.log))) == 1
    assert values(crawl.page, "leaking")["responses_total"] > 0
    assert values(crawl.page, "backlog")["samples_total"] > 0
    assert crawl.left["threads"] == 0


@pytest.mark.parametrize("says", [None, b"", b"\x00 no HTTP"])
def test_a_gateway_that_is_no_use_costs_a_warning_and_nothing_else(
    crawl, tmp_path, says
) -> None:
    with odd_gateway(says or b"") as there:
        url = there.url.replace("//", "//some:hunter2@")
        if says is None:
            url = "http://some:hunter2@127.0.0.1:1"
        record = tmp_path / "record.jsonl"
        result = crawl(
            "Healthy", LEAKWATCH_PUSHGATEWAY=url, LEAKWATCH_RECORD=str(record)
        )
    (told,) = result.lines("WARNING")
    assert "can't push its metrics to http://some:***@127.0.0.1:" in told
    assert "hunter2" not in result.log + record.read_text()
    assert result.lines("ERROR") == []
    assert result.items == 420
    assert '"type": "summary"' in record.read_text()
    assert result.left["threads"] == result.left["watches"] == 0


def test_a_port_that_is_taken_is_one_warning(crawl) -> None:
    with gateway() as there:
        port = int(there.url.rpartition(":")[2])
        result = crawl("Healthy", LEAKWATCH_PROMETHEUS_PORT=port)
    (warning,) = result.lines("WARNING")
    assert "(Address already in use)" in warning
    assert result.items == 420
