"""A page in a headless Chromium, driven over a pipe.

The DevTools protocol on two file descriptors (``--remote-debugging-pipe``)
needs neither a driver nor a library nor a port.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_S = 60.0
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)

PIPED = """
import fcntl, os, sys
read, write, *command = sys.argv[1:]
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in (read, write)]
for end, number in zip(ends, (3, 4)):
    os.dup2(end, number)
os.execv(command[0], command)
"""
"""Gives a command the descriptors 3 and 4, where Chromium has its pipe."""


def installed() -> str | None:
    """Return the path of a Chromium that starts, None where there is none."""
    for path in filter(None, map(shutil.which, NAMES)):
        with suppress(OSError, subprocess.SubprocessError):
            asked = [path, "--version"]
            subprocess.run(asked, check=True, capture_output=True, timeout=PATIENCE_S)
            return path
    return None


class Page:
    """A page: what it logged, what it asked the network for, and its content."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    @property
    def complaints(self) -> list[str]:
        """What stands in the console: errors, warnings, and all that was logged."""
        return [
            json.dumps(params)
            for name, params in self._browser.events
            if name
            in {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
        ]

    @property
    def requests(self) -> list[str]:
        """The addresses that were asked for, beside the page itself and data."""
        asked = [
            params["request"]["url"]
            for name, params in self._browser.events
            if name == "Network.requestWillBeSent"
        ]
        return [url for url in asked[1:] if not url.startswith("data:")]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Return what a method of the protocol returns."""
        return self._browser.ask(method, params, self._session)

    def close(self) -> None:
        """Close the page."""
        self._browser.ask("Target.closeTarget", {"targetId": self._target})

    def open(self, path: Path, width: int = 1280, height: int = 900, **media) -> None:
        """Open a file, as on a screen of that size, and with features of media."""
        self.size(width, height)
        features = [{"name": f"prefers-{name.replace('_', '-')}", "value": value}
                    for name, value in media.items()]  # fmt: skip
        self.ask("Emulation.setEmulatedMedia", features=features)
        self.ask("Page.navigate", url=path.resolve().as_uri())
        self.until("document.readyState === 'complete'")

    def size(self, width: int, height: int, scale: float = 1) -> None:
        """Set the size of the screen."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=scale, mobile=width < 600)  # fmt: skip

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.run(condition):
            assert time.monotonic() < deadline, condition
            time.sleep(0.02)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Do with the mouse what a hand would do."""
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the button at one point and let it go at another."""
        pressed = {"button": "left", "clickCount": 1}
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start, **pressed)
        for part in (0.2, 0.6, 1.0):
            way = [a + (b - a) * part for a, b in zip(start, end, strict=True)]
            self.mouse("mouseMoved", *way, buttons=1, **pressed)
        self.mouse("mouseReleased", *end, **pressed)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Take a screenshot, of the whole page or of what the screen shows."""
        more: dict[str, Any] = {}
        if whole:
            size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
            more = {"clip": {**size, "scale": 1}, "captureBeyondViewport": True}
        found = self.ask("Page.captureScreenshot", format="png", **more)
        path.write_bytes(base64.b64decode(found["data"]))

    def printed(self) -> bytes:
        """Return the page as PDF."""
        found = self.ask(
            "Page.printToPDF", printBackground=True, preferCSSPageSize=True
        )
        return base64.b64decode(found["data"])


class Browser:
    """The process and its pipe: messages are JSON, each ended by a zero byte."""

    def __init__(self, process: subprocess.Popen, send: int, receive: int) -> None:
        self._process = process
        self._send, self._receive = send, receive
        self._rest = b""
        self._number = 0
        self.events: list[tuple[str, dict[str, Any]]] = []

    def page(self) -> Page:
        """Return a new page."""
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        found = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        return Page(self, target, found["sessionId"])

    def ask(self, method: str, params: dict, session: str = "") -> dict[str, Any]:
        """Return the answer to a message; events that come before it are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append((answer.get("method", ""), answer.get("params", {})))

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._rest:
            left = max(deadline - time.monotonic(), 0)
            ready, _, _ = select.select([self._receive], [], [], left)
            assert ready, "Chromium does not answer"
            read = os.read(self._receive, 1 << 20)
            assert read, f"Chromium is gone ({self._process.poll()})"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextmanager
def browser(chromium: str, folder: Path) -> Iterator[Browser]:
    """Start a Chromium that keeps what it keeps in ``folder``, and end it."""
    theirs, ours = os.pipe(), os.pipe()
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    piped = [sys.executable, "-c", PIPED, str(theirs[0]), str(ours[1])]
    process = subprocess.Popen(
        [*piped, chromium, *FLAGS, *root, f"--user-data-dir={folder}"],
        pass_fds=(theirs[0], ours[1]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(theirs[0])
    os.close(ours[1])
    try:
        driven = Browser(process, theirs[1], ours[0])
        yield driven
        driven.ask("Browser.close", {})
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()
        os.close(theirs[1])
        os.close(ours[0])
