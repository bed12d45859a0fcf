"""The telnet console, spoken to by a client that speaks telnet."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time

import pytest

from scrapy_leakwatch.remote.console import Hpy
from tests.conftest import ASYNCIO, SELECT, start_crawl
from tests.guppys import WITHOUT, needs_guppy

IAC, SB, SE = 255, 250, 240
WILL, WONT, DO, DONT = 251, 252, 253, 254
ANSWERS = {WILL: DO, WONT: DONT, DO: WONT, DONT: WONT}
ESCAPES = re.compile(r"\x1b[\[\]()][0-9;?]*[A-Za-z0-9]?|\x1b.")


class Telnet:
    """A client that lets the server have its options, and has none."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def close(self) -> None:
        self._socket.close()

    def send(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\r\n")

    def read_until(self, *wanted: str) -> str:
        text = ""
        deadline = time.monotonic() + 60
        while not all(each in text for each in wanted):
            assert time.monotonic() < deadline, text
            received = self._socket.recv(4096)
            assert received, text
            text += self._plain(received)
        return text

    def _plain(self, received: bytes) -> str:
        plain, rest = bytearray(), iter(received)
        for byte in rest:
            if byte != IAC:
                plain.append(byte)
            elif (command := next(rest)) == SB:
                while next(rest) != SE:
                    pass
            elif command in ANSWERS:
                answer = bytes([IAC, ANSWERS[command], next(rest)])
                self._socket.sendall(answer)
        return ESCAPES.sub("", plain.decode("utf-8", "replace"))


@pytest.fixture(params=[ASYNCIO, SELECT], ids=["asyncio", "select"])
def console(request, shop, tmp_path):
    settings = dict(request.param)
    process = start_crawl(
        shop,
        tmp_path,
        "Leaking",
        prelude="spiders.Leaking.pages = 0\n" + settings.pop("prelude", ""),
        TELNETCONSOLE_ENABLED=True,
        TELNETCONSOLE_PORT=[],
        TELNETCONSOLE_USERNAME="me",
        TELNETCONSOLE_PASSWORD="hush",
        **settings,
    )
    try:
        for line in process.stderr:
            if found := re.search(r"Telnet console listening on 127.0.0.1:(\d+)", line):
                break
        client = Telnet(int(found[1]))
        yield client
        client.close()
    finally:
        process.kill()
        process.communicate()


def log_in(client: Telnet, password: str) -> None:
    client.read_until("Username: ")
    client.send("me")
    client.read_until("Password: ")
    client.send(password)


def test_the_console_shows_what_is_alive_who_owns_it_and_the_verdicts(console) -> None:
    log_in(console, "hush")
    console.read_until(">>>")
    console.send("leakwatch.status()")
    shown = console.read_until("HtmlResponse  ", "Requests ", "Responses ", "healthy ")
    assert "Live References" in shown
    assert "queued in memory" in shown
    assert "not accounted for" in shown
    console.send("prefs()")
    assert "Leaking  " in console.read_until("Leaking  ")  # as Scrapy's, with spiders


def test_the_console_tells_who_holds_a_class(console) -> None:
    log_in(console, "hush")
    console.read_until(">>>")
    console.send("leakwatch")
    console.read_until("leakwatch.why('HtmlResponse')")
    console.send("leakwatch.why('Nothing')")
    console.read_until("Nothing called 'Nothing' is alive: there are ")
    time.sleep(0.5)  # some pages
    console.send("leakwatch.why('HtmlResponse')")
    shown = console.read_until("held by", "looked")
    assert "Request.meta['referer']" in shown


@needs_guppy
@pytest.mark.parametrize("question", ["hpy.heap()", "leakwatch.heap()"])
def test_the_console_has_guppys_heap(console, question) -> None:
    log_in(console, "hush")
    console.read_until(">>>")
    console.send(question)
    assert "Partition of a set of" in console.read_until("Partition of a set of")


@pytest.mark.parametrize(
    "console", [{**ASYNCIO, "prelude": WITHOUT}], ids=["asyncio"], indirect=True
)
def test_without_guppy_the_console_says_so_and_shows_what_there_is(console) -> None:
    log_in(console, "hush")
    console.read_until(">>>")
    console.send("hpy")
    console.read_until("hpy.heap() shows the memory bill instead")
    for question in ("hpy.heap()", "leakwatch.heap()"):
        console.send(question)
        shown = console.read_until("here is the memory bill instead.", "not named")
        assert "of it named" in shown
        assert "Traceback" not in shown
    time.sleep(0.5)  # some pages
    console.send("leakwatch.heap('HtmlResponse')")
    shown = console.read_until("here is what LeakWatch finds instead.", "looked")
    assert "Request.meta['referer']" in shown


def test_without_guppy_all_that_is_called_of_hpy_has_an_answer(monkeypatch) -> None:
    class Watching:
        def ask(self, question, name):
            return question, name

    monkeypatch.setitem(sys.modules, "guppy", None)
    hpy = Hpy(Watching())
    assert hpy.heap() == hpy.iso([]) == ("heap", None)
    assert not hasattr(hpy, "__wrapped__")


def test_the_console_has_the_memory_bill(console) -> None:
    log_in(console, "hush")
    console.read_until(">>>")
    console.send("leakwatch.bill()")
    shown = console.read_until("Memory: ", "not named")
    assert "of it named" in shown
    assert "code and modules" in shown


def test_a_wrong_password_shows_nothing(console) -> None:
    log_in(console, "guess")
    console.read_until("Authentication failed")


HPY = """
from scrapy_leakwatch.remote.console import Hpy

hpy = Hpy(None)
assert "heap" not in vars(hpy)
assert hpy.iso([]).count == 1
try:
    hpy.nothing
except AttributeError:
    print("right")
"""


@needs_guppy
def test_hpy_is_loaded_when_it_is_used_and_has_what_guppy_has() -> None:
    # A process of its own: Guppy asks all classes there are, hostile ones included.
    ended = subprocess.run(
        [sys.executable, "-c", HPY], capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.stderr) == ("right\n", "")
