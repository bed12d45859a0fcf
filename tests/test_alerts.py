"""The alert rules of ``contrib/``, and real crawls before a real Prometheus."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, contextmanager

import pytest

pytest.importorskip("prometheus_client")

from tests.conftest import start_crawl
from tests.monitoring import (
    RULE_TESTS,
    RULES,
    free_port,
    installed,
    prometheus,
    pushgateway,
    wait_for,
)

SPED_UP = 150.0
AS_LONG_AS_WATCHED = "spiders.ShopSpider.pages = spiders.Leaking.pages = 0\n"
UNHURRIED = {"DOWNLOAD_DELAY": 0.1, "RANDOMIZE_DOWNLOAD_DELAY": False}
PATIENCE_S = 100.0
"""For a busy machine; it takes a fifth of it on another."""
LEAK = ("LeakWatchLeak", "leaking")

needs_promtool = pytest.mark.skipif(
    not installed("promtool"), reason="Prometheus is not installed"
)
needs_prometheus = pytest.mark.skipif(
    not installed("prometheus"), reason="Prometheus is not installed"
)
needs_pushgateway = pytest.mark.skipif(
    not installed("prometheus-pushgateway"), reason="no Pushgateway is installed"
)


@needs_promtool
@pytest.mark.parametrize(
    "command", [("check", "rules", RULES.name), ("test", "rules", RULE_TESTS.name)]
)
def test_the_rules_are_sound_and_tell_leaks_from_their_healthy_twins(command):
    asked = subprocess.run(
        ["promtool", *command],
        check=False,
        cwd=RULES.parent,
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr


@needs_prometheus
def test_of_five_crawls_the_alert_is_on_the_leaking_one_alone(shop, tmp_path):
    with ExitStack() as running:
        ports = [
            running.enter_context(_crawl(shop, tmp_path, name, spider, **settings))
            for name, spider, settings in (
                ("leaking", "Leaking", {}),
                ("backlog", "Backlog", UNHURRIED),
                ("books", "Healthy", UNHURRIED),
                ("quotes", "Healthy", UNHURRIED),
                ("shoes", "Healthy", UNHURRIED),
            )
        ]
        targets = [f"127.0.0.1:{port}" for port in ports]
        scrape = {"job_name": "scrapy", "static_configs": [{"targets": targets}]}
        server = running.enter_context(prometheus(tmp_path, [scrape], sped_up=SPED_UP))
        everyone = "count(count by (spider) (scrapy_leakwatch_samples_total > 8)) == 5"
        wait_for(lambda: LEAK in server.firing() and server.now(everyone), PATIENCE_S)
        assert server.now(everyone), server.now("scrapy_leakwatch_samples_total")
        assert LEAK in server.firing()
        assert _told_of(server) == {"leaking"}


@needs_prometheus
@needs_pushgateway
def test_a_leak_that_was_pushed_is_told_after_its_crawl(shop, tmp_path):
    with ExitStack() as running:
        gateway = running.enter_context(pushgateway(tmp_path))
        scrape = {
            "job_name": "pushgateway",
            "honor_labels": True,
            "static_configs": [{"targets": [gateway]}],
        }
        server = running.enter_context(prometheus(tmp_path, [scrape], sped_up=SPED_UP))
        settings = {"LEAKWATCH_PUSHGATEWAY": f"http://{gateway}"}
        crawls = [
            start_crawl(shop, _folder(tmp_path / name), name, **settings)
            for name in ("Leaking", "Healthy")
        ]
        for crawl in crawls:
            running.callback(crawl.kill)
            _, log = crawl.communicate(timeout=PATIENCE_S)
            assert crawl.returncode == 0, log
        wait_for(lambda: LEAK in server.firing(), PATIENCE_S)
        assert LEAK in server.firing()
        assert _told_of(server) == {"leaking"}
        spiders = "count by (job, spider) (scrapy_leakwatch_verdict_level)"
        assert {each["metric"]["spider"] for each in server.now(spiders)} == {
            "leaking",
            "healthy",
        }


def _told_of(server):
    """Return the spiders of which any alert was ever told."""
    told = server.now('last_over_time(ALERTS{alertstate="firing"}[1h])')
    return {each["metric"]["spider"] for each in told}


@contextmanager
def _crawl(shop, folder, name, spider, **settings):
    """Run a crawl until it is not needed any more, and return the port it serves."""
    port = free_port()
    process = start_crawl(
        shop,
        _folder(folder / name),
        spider,
        prelude=f"{AS_LONG_AS_WATCHED}spiders.{spider}.name = {name!r}",
        LEAKWATCH_PROMETHEUS_PORT=port,
        LOG_LEVEL="ERROR",
        **settings,
    )
    try:
        yield port
    finally:
        process.kill()
        process.communicate()


def _folder(path):
    path.mkdir()
    return path
