"""Prometheus and its Pushgateway as Debian has them, each on a free port."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTRIB = Path(__file__).parents[1] / "contrib"
RULES = CONTRIB / "prometheus" / "leakwatch.rules.yml"
RULE_TESTS = RULES.with_name("leakwatch.rules.test.yml")
DASHBOARD = CONTRIB / "grafana" / "leakwatch.json"

PATIENCE_S = 30.0
MINUTES = re.compile(r"(?<!\w)(\d+)m\b")


def installed(name: str) -> bool:
    """Return whether the command is there."""
    return shutil.which(name) is not None


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def shortened(rules: str, by: float) -> str:
    """Return the rules with all times divided, for crawls that go so much faster."""
    return MINUTES.sub(lambda found: f"{int(found[1]) * 60_000 // by:.0f}ms", rules)


def wait_for(found: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Return what is found as soon as there is something, or the last nothing."""
    until = time.monotonic() + patience_s
    while not (seen := found()) and time.monotonic() < until:
        time.sleep(0.1)
    return seen


class Prometheus:
    """One that runs, and answers."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid

    def ask(self, what: str, **query: object) -> Any:
        """Return what its API answers."""
        address = f"{self.url}/api/v1/{what}?{urlencode(query)}"
        with urlopen(address, timeout=PATIENCE_S) as answer:
            said = json.load(answer)
        assert said["status"] == "success", said
        return said["data"]

    def now(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an expression as they are now."""
        return self.ask("query", query=expression)["result"]

    def over(self, expression: str, last_s: float, step_s: float) -> list[Any]:
        """Return the series of an expression over the last seconds."""
        now = time.time()
        query = {"query": expression, "start": now - last_s, "end": now, "step": step_s}
        return self.ask("query_range", **query)["result"]

    def firing(self) -> set[tuple[str, str]]:
        """Return each alert that fires, with its spider."""
        return {
            (alert["labels"]["alertname"], alert["labels"]["spider"])
            for alert in self.ask("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def own(self, metric: str) -> float:
        """Return a number of its own, the sum over its labels."""
        with urlopen(f"{self.url}/metrics", timeout=PATIENCE_S) as answer:
            page = answer.read().decode()
        values = re.findall(rf"^{metric}(?:{{.*}})? (.*)$", page, re.MULTILINE)
        return sum(map(float, values))


@contextmanager
def prometheus(
    folder: Path,
    scrapes: list[dict[str, Any]],
    *,
    every_s: float = 1.0,
    sped_up: float = 1.0,
) -> Iterator[Prometheus]:
    """Run one with the rules of ``contrib/``, for crawls so much faster than real."""
    rules = shortened(RULES.read_text(), sped_up)
    (folder / "rules.yml").write_text(rules)
    every = f"{1000 * every_s:.0f}ms"
    config = {
        "global": {
            "scrape_interval": every,
            "scrape_timeout": every,
            "evaluation_interval": every,
        },
        "rule_files": ["rules.yml"],
        "scrape_configs": scrapes,
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with _running(command, folder, f"http://{address}/-/ready") as process:
        yield Prometheus(f"http://{address}", process.pid)


@contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """Run a Pushgateway, and return its address."""
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus-pushgateway", f"--web.listen-address={address}"]
    with _running(command, folder, f"http://{address}/-/ready"):
        yield address


@contextmanager
def _running(
    command: list[str], folder: Path, ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / f"{command[0]}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=file)
    try:
        assert wait_for(lambda: _answers(ready)), log.read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=PATIENCE_S) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def substituted(expression: str, variables: dict[str, str]) -> str:
    """Return a query of the dashboard with its variables filled in."""
    return re.sub(
        r"\$(?:\{(\w+)\}|(\w+))",
        lambda found: variables[found[1] or found[2]],
        expression,
    )


def queries(dashboard: dict[str, Any]) -> list[tuple[str, str]]:
    """Return each query of a dashboard, with the panel or note that asks it."""
    panels = [
        (panel["title"], target["expr"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    ]
    notes = [
        (note["name"], note["expr"])
        for note in dashboard["annotations"]["list"]
        if "expr" in note
    ]
    return panels + notes
