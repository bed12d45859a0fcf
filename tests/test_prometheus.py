"""The metrics of Prometheus, without a crawl."""

from __future__ import annotations

import asyncio
import base64
import math
import os
import shutil
import socket
import stat
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families

from scrapy_leakwatch.export.exporter import ExportError
from scrapy_leakwatch.export.places import Place
from scrapy_leakwatch.export.prometheus import endpoint, pushgateway
from scrapy_leakwatch.export.prometheus.endpoint import Endpoint
from scrapy_leakwatch.export.prometheus.metrics import OF_CRAWL, PREFIX
from scrapy_leakwatch.export.prometheus.page import Page
from scrapy_leakwatch.export.prometheus.pushgateway import Pushgateway, group_of
from scrapy_leakwatch.export.prometheus.textfile import Textfile
from scrapy_leakwatch.records import SEVERITY, Costs, LiveCount, Numbers
from tests.conftest import needs_loop_alone
from tests.gateways import free_port, gateway, odd_gateway
from tests.test_numbers import hostile

if TYPE_CHECKING:
    from pathlib import Path

FULL = Numbers(
    project="shop",
    spider="somenasty",
    samples=3,
    received=400,
    live=(LiveCount("Request", 90, 95, 7.0), LiveCount("HtmlResponse", 40, 41, 7.0)),
    requests={"live": 90, "unaccounted": 5},
    responses={"live": 40, "unaccounted": 39},
    memory={"rss": 100_000_000, "children": 2_000_000},
    resources={"threads": 9, "sockets": 3},
    owners={"spider somenasty": 7_000_000},
    level=2,
    verdicts={**dict.fromkeys(SEVERITY, 0), "leak": 1},
    forecast_s=800.0,
    costs=Costs(0.003, 0.002, 0.001, 0.008, 0.5, 0.6, 9_000_000),
)
OTHER = replace(FULL, spider="other", level=0)


def values(text: str, spider: str = "somenasty") -> dict[str, float]:
    """Return the values of a spider by name and own label."""
    found = {}
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            own = [v for k, v in each.labels.items() if k not in OF_CRAWL]
            if each.labels.get("spider") == spider:
                found[" ".join([each.name.removeprefix(PREFIX), *own])] = each.value
    return found


def page(*crawls: Numbers) -> str:
    return Page(lambda: crawls).text().decode()


def test_every_number_has_its_metric_in_base_units() -> None:
    assert values(page(FULL)) == {
        "live_objects Request": 90,
        "live_objects HtmlResponse": 40,
        "unaccounted_objects Request": 5,
        "unaccounted_objects Response": 39,
        "responses_total": 400,
        "owner_bytes spider somenasty": 7_000_000,
        "memory_bytes": 100_000_000,
        "children_bytes": 2_000_000,
        "verdict_level": 2,
        **{f"verdicts_total {kind}": float(kind == "leak") for kind in SEVERITY},
        "forecast_seconds": 800,
        "resources threads": 9,
        "resources sockets": 3,
        "samples_total": 3,
        "sample_seconds_total": 0.003,
        "sample_seconds_max": 0.002,
        "audit_seconds_max": 0.001,
        "stall_seconds_max": 0.008,
        "explain_seconds_max": 0.5,
        "bill_seconds_max": 0.6,
        "child_bytes_max": 9_000_000,
    }


def test_before_the_first_sample_nothing_is_known_but_that_nothing_was_told() -> None:
    found = values(page(Numbers("shop", "somenasty")))
    assert "memory_bytes" not in found
    assert "sample_seconds_max" not in found
    assert found["verdicts_total leak"] == found["samples_total"] == 0
    assert found["forecast_seconds"] == math.inf


def test_crawls_of_one_spider_are_added_up_and_what_is_of_the_process_is_not() -> None:
    again = replace(FULL, level=0, forecast_s=None, received=100, samples=5)
    found = values(page(FULL, again))
    assert found["responses_total"] == 500
    assert found["samples_total"] == 8
    assert found["verdicts_total leak"] == 2
    assert found["memory_bytes"] == 100_000_000
    assert found["live_objects Request"] == 90
    assert found["verdict_level"] == 2
    assert found["forecast_seconds"] == 800


def test_a_crawl_has_at_most_sixty_series_whatever_it_does() -> None:
    text = page(hostile().numbers)
    series = [line for line in text.splitlines() if not line.startswith("#")]
    assert 40 < len(series) <= 60
    assert all(len(line) < 500 for line in series)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "line\nbreak", "ключ", ""])
def test_a_name_can_not_forge_a_line(name) -> None:
    odd = replace(FULL, spider=name, owners={name: 1})
    assert values(page(odd), name)[f"owner_bytes {name}"] == 1


def test_the_page_has_no_other_registry_s_metrics_and_the_process_s_on_demand() -> None:
    assert "process_resident" not in page(FULL)
    assert "python_gc" not in page(FULL)
    whole = Page(lambda: [FULL], of_process=True).text().decode()
    assert "python_gc_collections_total" in whole
    names = [each.name for each in text_string_to_metric_families(whole)]
    assert len(names) == len(set(names))


def test_promtool_finds_nothing_to_say_against_the_names() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here")
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=page(FULL, OTHER),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout + checked.stderr == ""
    assert checked.returncode == 0


def get(url: str, accept: str = "*/*") -> tuple[str, str]:
    asked = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def ours() -> list[str]:
    return [each.name for each in threading.enumerate() if "leakwatch" in each.name]


def close(*joined, numbers: Numbers = FULL) -> None:
    async def all_of_them() -> None:
        for each in joined:
            await each.close(numbers)

    asyncio.run(all_of_them())


def at_port(port: int = 0):
    return Endpoint.join("serve its metrics", "127.0.0.1", port)


def url_of(joined) -> str:
    return joined.begun.rpartition(" ")[2]


def test_the_port_has_the_latest_numbers_until_the_crawl_closes() -> None:
    joined = at_port()
    url = url_of(joined)
    assert values(get(url)[0]) == {}
    joined.numbers(FULL)
    assert values(get(url)[0])["responses_total"] == 400
    joined.numbers(replace(FULL, received=500))
    text, content_type = get(url.removesuffix("/metrics") + "/?any=thing")
    assert values(text)["responses_total"] == 500
    assert content_type.startswith("text/plain; version=")
    close(joined)
    with pytest.raises(urllib.error.URLError):
        get(url)
    assert ours() == []
    assert Place._all == {}


def test_who_asks_for_open_metrics_gets_them() -> None:
    joined = at_port()
    joined.numbers(FULL)
    text, content_type = get(
        url_of(joined), "application/openmetrics-text; version=1.0.0"
    )
    close(joined)
    assert content_type.startswith("application/openmetrics-text")
    names = {family.name for family in open_metrics(text)}
    assert f"{PREFIX}verdict_level" in names


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"200"),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /secret HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"\xff\xfe\r\n\r\n", b""),
        (b"x" * 100_000, b""),
    ],
)
def test_what_is_no_request_for_the_page_gets_none(request_, status) -> None:
    joined = at_port()
    joined.numbers(FULL)
    answered = b""
    with socket.create_connection(("127.0.0.1", port_of(joined)), 30) as asking:
        try:
            asking.sendall(request_)
            while part := asking.recv(65536):
                answered += part
        except ConnectionError:
            pass
    assert answered[9:12] == status
    assert (b"responses_total" in answered) == request_.startswith(b"GET /metrics")
    close(joined)


def port_of(joined) -> int:
    return int(url_of(joined).rpartition(":")[2].partition("/")[0])


def test_slow_and_silent_scrapers_hold_up_nobody_and_are_gone_at_the_close() -> None:
    joined = at_port()
    joined.numbers(FULL)
    slow = [
        socket.create_connection(("127.0.0.1", port_of(joined)), 30) for _ in range(5)
    ]
    for each in slow:
        each.sendall(b"GET /metr")
    assert "responses_total" in get(url_of(joined))[0]
    close(joined)
    assert ours() == []
    for each in slow:
        with each:
            assert is_closed(each)


def test_too_many_scrapers_are_turned_away(monkeypatch) -> None:
    monkeypatch.setattr(endpoint, "MOST", 2)
    joined = at_port()
    slow = [
        socket.create_connection(("127.0.0.1", port_of(joined)), 30) for _ in range(3)
    ]
    try:
        for each in slow:
            each.settimeout(0.5)
            each.sendall(b"GET /metr")
        closed = [is_closed(each) for each in slow]
        assert closed == [False, False, True]
    finally:
        for each in slow:
            each.close()
    close(joined)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_a_scraper_that_takes_too_long_is_turned_away(monkeypatch) -> None:
    monkeypatch.setattr(endpoint, "LONGEST_S", 0.05)
    joined = at_port()
    with socket.create_connection(("127.0.0.1", port_of(joined)), 30) as slow:
        slow.sendall(b"GET /metr")
        assert is_closed(slow)
    close(joined)


def test_crawls_with_the_same_port_share_it_and_each_takes_its_series_along() -> None:
    one, other = at_port(), at_port()
    assert url_of(one) == url_of(other)
    one.numbers(FULL)
    other.numbers(OTHER)
    text, _ = get(url_of(one))
    assert values(text)["verdict_level"] == 2
    assert values(text, "other")["verdict_level"] == 0
    close(one)
    text, _ = get(url_of(other))
    assert values(text) == {}
    assert values(text, "other")["verdict_level"] == 0
    close(other)
    assert ours() == []


def test_the_port_is_free_for_the_next_crawl_at_once() -> None:
    port = free_port()
    for _ in range(3):
        joined = at_port(port)
        joined.numbers(FULL)
        assert "responses_total" in get(url_of(joined))[0]
        close(joined)


def test_a_port_that_is_taken_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = rf"at 127\.0\.0\.1 port {port} \(Address already in use\).*or to 0"
        with pytest.raises(ExportError, match=told):
            at_port(port)
    with pytest.raises(ExportError, match="no such host at all"):
        Endpoint.join("serve its metrics", "no such host at all", 0)
    assert Place._all == {}
    assert ours() == []


def in_file(path: Path):
    return Textfile.join("write its metrics", path)


def until(true) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come about")


@needs_loop_alone
def test_the_file_is_replaced_as_a_whole_and_gone_after_the_last_crawl(
    tmp_path,
) -> None:
    path = tmp_path / "made" / "shop.prom"
    one, other = in_file(path), in_file(path)
    one.numbers(FULL)
    until(path.exists)
    first = path.stat()
    assert stat.S_IMODE(first.st_mode) == 0o644
    assert values(path.read_text())["responses_total"] == 400
    other.numbers(OTHER)
    until(lambda: "other" in path.read_text())
    assert path.stat().st_ino != first.st_ino
    close(one)
    until(lambda: "somenasty" not in path.read_text().replace("spider somenasty", ""))
    close(other)
    assert os.listdir(path.parent) == []
    assert ours() == []


@needs_loop_alone
def test_a_file_of_somebody_else_is_left_alone(tmp_path) -> None:
    path = tmp_path / "node.prom"
    path.write_text("# HELP node_boots Boots.\n")
    joined = in_file(path)
    joined.numbers(FULL)
    told = "file of another kind.*LEAKWATCH_PROMETHEUS_FILE"
    until(lambda: joined._place._courier.failure)
    with pytest.raises(ExportError, match=told):
        joined.numbers(FULL)
    close(joined)
    assert path.read_text() == "# HELP node_boots Boots.\n"
    assert ours() == []


@needs_loop_alone
def test_a_folder_that_can_not_be_made_is_told(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    joined = in_file(tmp_path / "file" / "shop.prom")
    joined.numbers(FULL)
    until(lambda: joined._place._courier.failure)
    with pytest.raises(ExportError, match=r"\((File exists|Not a directory)\)"):
        joined.numbers(FULL)
    close(joined)


def test_the_group_is_that_of_the_spider_on_this_host_or_what_the_url_says() -> None:
    host = socket.gethostname()
    path = group_of("http://a:9091/", "shop", "some/nasty ü")
    spider = base64.urlsafe_b64encode("some/nasty ü".encode()).decode()
    assert path == f"/metrics/job/shop/spider@base64/{spider}/instance/{host}"
    assert group_of("http://a/gw", "", "s").startswith("/gw/metrics/job@base64/=/sp")
    assert group_of("http://a/metrics/job/x/y/z/", "shop", "s") == "/metrics/job/x/y/z"


def pushing_to(url: str, numbers: Numbers = FULL):
    group = group_of(url, numbers.project, numbers.spider)
    return Pushgateway.join("push its metrics", url, group)


@needs_loop_alone
def test_numbers_are_pushed_to_their_group_and_the_last_at_the_close() -> None:
    with gateway() as there:
        joined = pushing_to(there.url)
        joined.numbers(FULL)
        until(lambda: there.pushes)
        close(joined, numbers=replace(FULL, received=999))
        path, headers, body = there.pushes[-1]
    assert path == group_of(there.url, "shop", "somenasty")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert values(body)["responses_total"] == 999
    assert ours() == []
    assert Place._all == {}


@needs_loop_alone
def test_a_password_is_sent_and_never_told() -> None:
    with gateway(401) as there:
        url = there.url.replace("//", "//some%40one:hunter2@")
        joined = pushing_to(url)
        joined.numbers(FULL)
        until(lambda: joined._place._courier.failure)
        with pytest.raises(ExportError) as told:
            joined.numbers(FULL)
        with pytest.raises(ExportError):
            close(joined)
    assert "it answers 401" in str(told.value)
    assert "hunter2" not in str(told.value) + joined.begun
    given = there.pushes[0][1]["Authorization"]
    assert base64.b64decode(given.removeprefix("Basic ")) == b"some@one:hunter2"


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "it speaks no HTTP: BadStatusLine"),
        (b"\x00\xff" * 50_000, "it speaks no HTTP"),
        (b"HTTP/1.1 500 Oh\r\n\r\n", "it answers 500"),
        (b"HTTP/1.1 302 Elsewhere\r\nLocation: http://a/\r\n\r\n", "it answers 302"),
    ],
)
@needs_loop_alone
def test_a_gateway_that_sends_garbage_is_told_and_tried_again(says, told) -> None:
    with odd_gateway(says) as there:
        joined = pushing_to(there.url)
        joined.numbers(FULL)
        until(lambda: joined._place._courier.failure)
        assert told in joined._place._courier.failure
        with pytest.raises(ExportError, match="goes on trying"):
            close(joined)
    assert ours() == []


@needs_loop_alone
def test_a_gateway_that_hangs_or_refuses_holds_up_nobody(monkeypatch) -> None:
    monkeypatch.setattr(pushgateway, "LAST_S", 0.05)
    with odd_gateway() as hung:
        joined = [pushing_to(hung.url), pushing_to(f"http://127.0.0.1:{free_port()}")]
        for _ in range(100):
            for each in joined:
                with suppress(ExportError):
                    each.numbers(FULL)
        hangs, refuses = joined
        with suppress(ExportError):
            close(hangs)
        with pytest.raises(ExportError, match="Connection refused"):
            close(refuses)
        assert ours() == []


@needs_loop_alone
def test_two_crawls_of_a_spider_push_one_page() -> None:
    with gateway() as there:
        one, other = pushing_to(there.url), pushing_to(there.url)
        one.numbers(FULL)
        other.numbers(FULL)
        until(lambda: there.pushes and "responses_total" in there.pushes[-1][2])
        close(one)
        assert values(there.pushes[-1][2])["responses_total"] == 800
        close(other)
        assert values(there.pushes[-1][2])["responses_total"] == 400
    assert ours() == []
