"""The example project as an egg, in a real Scrapyd."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil
import pytest

from scrapy_leakwatch import recordings
from tests.conftest import EXAMPLE, TIMEOUT

pytestmark = pytest.mark.skipif(
    find_spec("scrapyd") is None, reason="Scrapyd is not installed"
)

SETUP = """
from setuptools import setup
setup(
    name="shop", version="1", packages=["shop", "shop.spiders"],
    entry_points={"scrapy": ["settings = shop.settings"]},
)
"""


class Scrapyd:
    """A client of its web service."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, service: str, *form: tuple[str, str], **query: str):
        url = f"{self._url}/{service}.json"
        if query:
            url += f"?{urlencode(query)}"
        data = urlencode(form).encode() if form else None
        return self.send(Request(url, data))

    def send(self, request):
        with urlopen(request, timeout=30) as answer:
            said = json.load(answer)
        assert said["status"] == "ok", said
        return said

    def deploy(self, egg: bytes):
        edge = "e-g-g"
        fields = {"project": b"shop", "version": b"1", "egg": egg}
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"'
            f"{'; filename=shop.egg' if name == 'egg' else ''}\r\n\r\n".encode()
            + value
            + b"\r\n"
            for name, value in fields.items()
        ]
        return self.send(
            Request(
                f"{self._url}/addversion.json",
                b"".join([*parts, f"--{edge}--\r\n".encode()]),
                {"Content-Type": f"multipart/form-data; boundary={edge}"},
            )
        )


@pytest.fixture
def scrapyd(tmp_path, request):
    """A Scrapyd on a free port, with all its files in a folder of the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = [f"{name}_dir = {tmp_path / name}" for name in ("eggs", "logs", "dbs")]
    conf = [
        "[scrapyd]",
        "bind_address = 127.0.0.1",
        f"http_port = {port}",
        "poll_interval = 0.2",
        "max_proc = 2",
        *getattr(request, "param", ()),
        *folders,
    ]
    (tmp_path / "scrapyd.conf").write_text("\n".join(conf))
    with (tmp_path / "scrapyd.log").open("wb") as log:
        command = [sys.executable, "-m", "scrapyd", "--pidfile="]
        with subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log) as server:
            client = Scrapyd(f"http://127.0.0.1:{port}")
            try:
                wait(lambda: is_up(client))
                yield client
            finally:
                server.terminate()


def is_up(client) -> bool:
    with suppress(URLError, ConnectionError):
        return bool(client("daemonstatus"))
    return False


def wait(condition) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.fixture
def egg(tmp_path):
    """The example project, packed."""
    project = tmp_path / "project"
    shutil.copytree(EXAMPLE / "shop", project / "shop")
    (project / "setup.py").write_text(SETUP)
    command = [sys.executable, "setup.py", "-q", "bdist_egg"]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (packed,) = (project / "dist").glob("*.egg")
    return packed.read_bytes()


def test_each_job_of_scrapyd_has_its_own_record(scrapyd, egg, shop, tmp_path) -> None:
    assert scrapyd.deploy(egg)["spiders"] == 4
    settings = {
        "SHOP_URL": shop,
        "CLOSESPIDER_PAGECOUNT": "300",
        "LEAKWATCH_INTERVAL": "0.1",
        "LEAKWATCH_MIN_OBJECTS": "30",
        "LEAKWATCH_RECORD": str(tmp_path / "records" / "%(name)s-%(time)s.jsonl"),
    }
    jobs = {
        spider: scrapyd(
            "schedule",
            ("project", "shop"),
            ("spider", spider),
            *(("setting", f"{name}={value}") for name, value in settings.items()),
        )["jobid"]
        for spider in ("somenasty", "backlog")
    }
    wait(lambda: len(scrapyd("listjobs", project="shop")["finished"]) == len(jobs))
    records = {path.name.partition("-")[0]: path for path in tmp_path.glob("records/*")}
    assert set(records) == set(jobs)
    for spider, job in jobs.items():
        crawl = recordings.read(records[spider])
        log = (tmp_path / "logs" / "shop" / spider / f"{job}.log").read_text()
        assert (crawl.run.spider, crawl.run.project) == (spider, "shop")
        assert crawl.complete
        assert crawl.broken == 0
        assert crawl.summary.stats["finish_reason"] == "closespider_pagecount"
        assert f"'leakwatch/samples': {crawl.samples}," in log
        assert "Traceback" not in log
        leaks = spider == "somenasty"
        assert ("HtmlResponse is leaking: " in log) == leaks
        assert ("shop/spiders/somenasty.py:21  yield " in log) == leaks
        assert (crawl.summary.stats["leakwatch/verdict"] == "leak") == leaks


@pytest.mark.parametrize(
    "scrapyd", [("runner = scrapy_leakwatch.commands.scrapyd",)], indirect=True
)
def test_a_job_goes_on_in_a_fresh_process(scrapyd, egg, shop, tmp_path) -> None:
    scrapyd.deploy(egg)
    settings = {
        "SHOP_URL": shop,
        "CLOSESPIDER_PAGECOUNT": "400",
        "DOWNLOAD_DELAY": "0.01",
        "LEAKWATCH_RSS_LIMIT_MB": "4000",
        "LEAKWATCH_RECORD": str(tmp_path / "record.jsonl"),
        "JOBDIR": str(tmp_path / "job"),
    }
    job = scrapyd(
        "schedule",
        ("project", "shop"),
        ("spider", "backlog"),
        *(("setting", f"{name}={value}") for name, value in settings.items()),
    )["jobid"]
    log = tmp_path / "logs" / "shop" / "backlog" / f"{job}.log"
    wait(lambda: log.exists() and "Spider opened" in log.read_text())
    wait((tmp_path / "record.jsonl.part").exists)
    (running,) = scrapyd("listjobs", project="shop")["running"]
    (crawling,) = psutil.Process(running["pid"]).children()
    crawling.kill()
    wait(lambda: scrapyd("listjobs", project="shop")["finished"])
    crawl = recordings.read(tmp_path / "record.jsonl")
    assert [each.why for each in crawl.restarts] == ["killed by SIGKILL"]
    assert crawl.summary.stats["finish_reason"] == "closespider_pagecount"
