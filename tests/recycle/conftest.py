from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from scrapy_leakwatch.recordings import read
from tests.commanding import IMPORTS, SCRAPY
from tests.recycle import numbers

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 120


class Site(NamedTuple):
    url: str
    fetched: Counter[str]


@pytest.fixture
def site():
    fetched: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            fetched[self.path] += 1
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "13")
            self.end_headers()
            self.wfile.write(b"<html></html>")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_address[1]}", fetched)
    server.shutdown()
    server.server_close()
    thread.join()


class Done(NamedTuple):
    code: int
    said: str
    errors: str
    folder: Path

    @property
    def recording(self):
        (path,) = (self.folder / "leakwatch").glob("*.jsonl")
        return read(path)


@pytest.fixture
def recycle(site, tmp_path):
    def run(spider: str, *argv: str, **settings: Any) -> Done:
        settings = {
            "TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "INFO", "JOBDIR": "job",
            **settings,
        }  # fmt: skip
        options = [f"-s{name}={value}" for name, value in settings.items()]
        file = tmp_path / f"{spider}.py"
        file.write_text(
            "from tests.recycle import numbers\n\n\n"
            f"class Spider(numbers.{spider}): ...\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", SCRAPY, "run", str(file), "--recycle", *argv]
            + options,
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            cwd=tmp_path,
            env={
                "PATH": "",
                "PYTHONPATH": IMPORTS,
                "SITE": site.url,
                "MARKS": str(tmp_path),
            },
        )
        return Done(done.returncode, done.stdout, done.stderr, tmp_path)

    return run


@pytest.fixture
def all_pages():
    return {f"/{n}" for n in range(numbers.PAGES)}
