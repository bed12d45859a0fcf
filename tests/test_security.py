"""What ``SECURITY.rst`` promises, where no other test holds it."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import scrapy_leakwatch

PACKAGE = Path(scrapy_leakwatch.__file__).parent
HERE = Path(__file__).parent
PROMISES = HERE.parent / "SECURITY.rst"
HUSH = "hush-hush"

SPEAKS = frozenset(
    ["ftplib", "http", "requests", "smtplib", "socket", "socketserver"]
    + ["ssl", "urllib", "xmlrpc"]
)
"""Modules that can speak to another machine, or listen to one."""
QUIET = ("urllib.parse",)
LOOK_AT_OTHERS = frozenset(
    [
        "observe/resources/kinds/listening_port.py",
        "observe/resources/kinds/open_socket.py",
    ]
)
"""They import `socket` to know those of the crawl."""


ASK = {
    "commands/remote.py",
    "commands/wired.py",
    "export/prometheus/endpoint.py",
    "export/prometheus/pushgateway.py",
    "remote/arrival.py",
    "remote/wire.py",
}
"""Those of `export` where a setting asks for it. All but these and the first know
sockets of Unix only, which are in a folder."""


def modules_of(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{e.name}" for e in node.names)}
    return found


def test_only_what_asks_a_running_crawl_speaks_to_a_socket() -> None:
    speaking = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for name in modules_of(ast.parse(path.read_text()))
        if name.partition(".")[0] in SPEAKS and not name.startswith(QUIET)
    }
    assert speaking - LOOK_AT_OTHERS == ASK


WATCHED = """
import os, sys

def hook(event, args):
    if event in {"socket.connect", "socket.bind", "socket.sendto", "os.exec",
                 "os.posix_spawn", "os.system", "subprocess.Popen"}:
        frame = sys._getframe(1)
        while frame is not None:
            if "scrapy_leakwatch" in frame.f_code.co_filename:
                with open(%r, "a") as file:
                    file.write(event + "\\n")
                return
            frame = frame.f_back

sys.addaudithook(hook)
"""

SECRET = """
import spiders
from scrapy import Request

class Silent(spiders.Leaking):
    name = "silent"
    pages = 250

    def start_requests(self):
        for request in super().start_requests():
            yield request.replace(
                headers={"X-Mine": "hush-hush header"},
                cookies={"mine": "hush-hush cookie"},
                body="hush-hush body",
            )

    def follow(self, response):
        response = response.replace(body=response.body + b"<p>hush-hush page</p>")
        self.text = [*getattr(self, "text", []), response.text]
        for request in super().follow(response):
            yield request.replace(
                headers={"X-Mine": "hush-hush header"},
                cookies={"mine": "hush-hush cookie"},
                body="hush-hush body",
            )

spiders.Silent = Silent
"""


def test_no_body_header_or_cookie_leaves_a_crawl_and_nobody_is_called(
    crawl, tmp_path
) -> None:
    called = tmp_path / "called"
    result = crawl(
        "Silent",
        prelude=SECRET + WATCHED % str(called),
        LEAKWATCH_RECORD="record.jsonl",
        LEAKWATCH_REPORT="report.html",
        LEAKWATCH_LOG_INTERVAL=1,
    )
    assert result.stats["leakwatch/verdict"] == "leak"
    assert '"type": "bill"' in (tmp_path / "record.jsonl").read_text()
    for text in (result.log, *map(str, result.stats.items())):
        assert HUSH not in text
    for name in ("record.jsonl", "report.html"):
        assert HUSH not in (tmp_path / name).read_text()
    assert not called.exists()


ORPHAN = """
import os, time
from scrapy_leakwatch.explain.border import child
print(child.start(lambda: time.sleep(600), 0.1).pid, flush=True)
os._exit(1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_whose_crawl_is_gone_ends_by_itself() -> None:
    started = subprocess.run(
        [sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False
    )
    child = int(started.stdout)
    for _ in range(600):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.1)
                continue
        return
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child of a crawl that is gone still runs")


@pytest.mark.skipif(not PROMISES.exists(), reason="not from the repository")
def test_each_promise_names_a_test_that_there_is() -> None:
    named = re.findall(r"``(tests/\S+?\.py)::(\w+)``", PROMISES.read_text())
    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (HERE.parent / file).read_text(), f"{file}::{test}"
