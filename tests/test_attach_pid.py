"""``scrapy leakwatch attach PID``, at crawls that have no remote control."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from scrapy_leakwatch.commands import attach, wired
from scrapy_leakwatch.commands.session import Session
from scrapy_leakwatch.remote import arrival
from tests.commanding import IMPORTS, SCRAPY, leakwatch
from tests.conftest import MODES, start_crawl

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs sockets of Unix")
needs_remote_exec = pytest.mark.skipif(
    not hasattr(sys, "remote_exec") or not sys.is_remote_debug_enabled(),
    reason="needs sys.remote_exec, of Python 3.14 and newer",
)
WITHOUT = {"EXTENSIONS": {}, "LEAKWATCH_INTERVAL": 0.1, "LEAKWATCH_BILL": False}
TRACES = """
import gc, json, logging, os, signal, sys, threading
from pydispatch import dispatcher
gc.collect()
receivers = [r for each in dispatcher.connections.values() for r in each.values()]
everything = gc.get_objects()
kinds = [type(each) for each in everything]
calls = [
    getattr(each, "f", None) or getattr(each, "_func", None)
    for each, kind in zip(everything, kinds) if kind.__name__.endswith("LoopingCall")
]
from scrapy.crawler import Crawler
loggers = [logging.root, *logging.root.manager.loggerDict.values()]
found = {
    "gc.callbacks": len(gc.callbacks),
    "receivers": sum(map(len, receivers)),
    "looping calls": sum(call.__module__.startswith("scrapy_leakw") for call in calls),
    "ours": sorted(
        k.__name__ for k in kinds
        if k.__name__ in {"Watch", "Sampler", "Attachment", "Wire", "LeakWatch"}
    ),
    "registered": sum(
        len(getattr(sys.modules.get(module), name)._all)
        for module, name in (
            ("scrapy_leakwatch.remote.wire", "Wire"),
            ("scrapy_leakwatch.crawl.rounds", "Rounds"),
        )
        if module in sys.modules
    ),
    "stats": sorted(
        key
        for each, kind in zip(everything, kinds) if kind is Crawler
        for key in each.stats.get_stats() if key.startswith("leakw")
    ),
    "threads": sorted(
        each.name for each in threading.enumerate() if "PoolThread" not in each.name
    ),
    "handlers of logs": sum(len(getattr(each, "handlers", ())) for each in loggers),
    "handlers of signals": [repr(signal.getsignal(n)) for n in range(1, 32)],
    "main": sorted(sys.modules["__main__"].__dict__),
    "path": sys.path,
    "unix sockets": sum(
        type(each).__name__ == "socket" and each.fileno() >= 0 and each.family == 1
        for each in everything
    ),
    "frozen": gc.get_freeze_count(),
}
with open(WHERE + ".part", "w") as file:
    json.dump(found, file)
os.rename(WHERE + ".part", WHERE)
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    """Have all temporary files in one folder, which is empty again at the end."""
    with tempfile.TemporaryDirectory(prefix="lw") as folder:  # sockets need a short one
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture
def start(shop, tmp_path):
    """Start crawls in one process without a remote control, and return that."""
    with contextlib.ExitStack() as stack:

        def start(
            *spiders: str, prelude: str = "", opened: str = "opened", **settings: object
        ):
            endless = "\n".join(f"spiders.{spider}.pages = 0" for spider in spiders)
            process = start_crawl(
                shop,
                tmp_path,
                *spiders,
                prelude=f"{endless}\n{OPENED}\n{prelude}",
                **settings,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            wait_until((tmp_path / opened).exists)
            return process

        yield start


OPENED = """
def follow(self, response):
    open("opened", "w").close()
    yield from kept(self, response)
kept, spiders.Leaking.follow = spiders.Leaking.follow, follow
"""


def wait_until(true) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def traces(process, tmp_path) -> dict:
    """Return what is found in a process, by a script of this test."""
    where, script = tmp_path / "traces.json", tmp_path / "traces.py"
    script.write_text(f"WHERE = {str(where)!r}\n{TRACES}")
    for _ in range(100):
        where.unlink(missing_ok=True)
        wait_until(lambda: ran(process, script, where))
        found = json.loads(where.read_text())
        if not found["frozen"]:  # else a child looks, and what is frozen is not listed
            break
        time.sleep(0.1)
    return found


def ran(process, script, where) -> bool:
    """Tell whether a script has run; Python may forget it, see `wired.TRIES`."""
    sys.remote_exec(process.pid, str(script))
    deadline = time.monotonic() + 10
    while not where.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return where.exists()


WITHOUT_BUILTINS = """
import time
now = time.monotonic
print(flush=True)
exec("while now() < end: pass", {"__builtins__": {}, "now": now, "end": now() + 4})
while True: time.sleep(0.05)
"""


@needs_remote_exec
def test_a_script_that_python_forgets_is_given_again(temporary, capsys) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WITHOUT_BUILTINS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.readline()
        try:
            assert leakwatch("attach", str(process.pid)) == 1
            assert "Scrapy is not imported there" in capsys.readouterr().err
        finally:
            process.kill()
        assert "Can't open debugger script" in process.stderr.read()
    assert list(temporary.iterdir()) == []


@pytest.fixture
def until_told(monkeypatch):
    """Have somebody press Ctrl-C once there is a verdict."""
    tell, pressed = attach._tell, []

    def press(crawl, already, patience_s) -> int:
        told = tell(crawl, already, patience_s)
        if told and not pressed:
            pressed.append(told)
            raise KeyboardInterrupt
        return told

    monkeypatch.setattr(attach, "_tell", press)


@needs_remote_exec
@pytest.mark.usefixtures("until_told")
@pytest.mark.parametrize("mode", MODES)
def test_a_crawl_is_watched_by_its_pid_and_left_as_it_was(
    start, tmp_path, temporary, capsys, mode
) -> None:
    process = start("Leaking", **WITHOUT, **mode)
    before = traces(process, tmp_path)
    assert before["ours"] == before["stats"] == []
    code = leakwatch("attach", str(process.pid), "--for", "60")
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "Live References" in shown.out
    assert "LEAK: HtmlResponse is leaking" in shown.out
    assert "held by   Request.meta['referer']" in shown.out
    assert code == 3
    wait_until(lambda: traces(process, tmp_path) == before)
    assert list(temporary.iterdir()) == []
    assert process.poll() is None


@needs_remote_exec
def test_who_is_killed_is_noticed_at_once(start, tmp_path, temporary) -> None:
    process = start("Leaking", **WITHOUT)
    before = traces(process, tmp_path)
    with attaching(process, temporary) as command:
        assert command.stdout.readline() == "Live References\n"
        assert traces(process, tmp_path)["ours"]
        command.kill()
    wait_until(lambda: traces(process, tmp_path) == before)
    assert list(temporary.iterdir()) == []


@contextlib.contextmanager
def attaching(process, temporary):
    """Attach by a command in a process of its own."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    if os.geteuid() and scope.exists() and scope.read_text().strip() != "0":
        pytest.skip("kernel.yama.ptrace_scope lets only parents attach")
    with subprocess.Popen(
        [sys.executable, "-c", SCRAPY, "attach", str(process.pid)],
        env=os.environ | {"PYTHONPATH": IMPORTS, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        try:
            yield command
        finally:
            command.kill()


STANDING = """
import os, time
def follow(self, response):
    if not os.path.exists("stands"):
        open("stands", "w").close()
        {stand}
    yield from further(self, response)
further, spiders.Leaking.follow = spiders.Leaking.follow, follow
"""
OF_THE_LOOP = 2
"""Sockets by which asyncio's loop wakes itself."""
IN_PYTHON = """while not os.path.exists("go"): time.sleep(0.02)"""
IN_A_CALL = """open("go").read()"""


@pytest.fixture(params=[IN_PYTHON, IN_A_CALL], ids=["in Python", "in a call"])
def standing(request, start, tmp_path):
    """A crawl that stands in a callback, and what has it go on."""
    if request.param == IN_A_CALL:
        os.mkfifo(tmp_path / "go")
    prelude = STANDING.format(stand=request.param)
    process = start("Leaking", prelude=prelude, opened="stands", **WITHOUT)

    def go() -> str:
        """Have it go on and end, and return its log."""
        (tmp_path / "go").write_text("go")
        wait_until((tmp_path / "opened").exists)
        assert traces(process, tmp_path)["unix sockets"] == OF_THE_LOOP
        process.kill()
        return process.stderr.read()

    stands = "run no line of Python" if request.param == IN_A_CALL else "not come round"
    return SimpleNamespace(process=process, go=go, told=stands)


@needs_remote_exec
def test_a_crawl_that_stands_is_not_waited_for_and_goes_on_as_if_nobody_had_asked(
    standing, temporary, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(wired, "CALLS_WITHIN_S", 1.0)
    monkeypatch.setattr(wired, "COMES_ROUND_WITHIN_S", 1.0)
    assert leakwatch("attach", str(standing.process.pid)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert standing.told in line
    assert list(temporary.iterdir()) == []
    log = standing.go()
    assert "arrival" not in log
    assert "debugger" not in log
    assert "scrapy_leakwatch" not in log
    assert list(temporary.iterdir()) == []


@needs_remote_exec
def test_who_is_killed_while_a_crawl_stands_leaves_nothing_once_it_goes_on(
    standing, temporary
) -> None:
    with attaching(standing.process, temporary) as command:
        wait_until(lambda: list(temporary.glob("*/*")))
        time.sleep(1)
        command.kill()
    assert "scrapy_leakwatch" not in standing.go()
    wait_until(lambda: list(temporary.iterdir()) == [])


@needs_remote_exec
def test_one_of_several_crawls_is_named(start, tmp_path, temporary, capsys) -> None:
    process = start("Leaking", "Backlog", **WITHOUT)
    before = traces(process, tmp_path)
    assert leakwatch("attach", f"{process.pid}") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("'PID:NUMBER', where NUMBER is 1 (leaking), 2 (backlog).")
    assert leakwatch("attach", f"{process.pid}:3") == 1
    assert "where NUMBER is 1 (leaking)" in capsys.readouterr().err
    for which in ("backlog", "2"):
        leakwatch("attach", f"{process.pid}:{which}", "--for", "0")
        assert "Live References" in capsys.readouterr().out
    wait_until(lambda: traces(process, tmp_path) == before)
    assert list(temporary.iterdir()) == []


@needs_remote_exec
def test_two_may_look_and_the_last_puts_out_the_light(start, tmp_path) -> None:
    process = start("Leaking", **WITHOUT)
    before = traces(process, tmp_path)
    with wired.wired(process.pid, "") as late, Session(late) as second:
        with wired.wired(process.pid, "") as early, Session(early) as first:
            assert first.path == second.path
        assert "Live References" in second.status()
    wait_until(lambda: traces(process, tmp_path) == before)


@needs_remote_exec
def test_a_crawl_that_ends_takes_its_connection_along(
    start, tmp_path, temporary, capsys
) -> None:
    process = start("Leaking", prelude="spiders.Leaking.pages = 900", **WITHOUT)
    assert leakwatch("attach", str(process.pid)) == 3
    assert "LEAK: HtmlResponse is leaking" in capsys.readouterr().out
    assert process.wait(60) == 0
    assert "Traceback" not in process.stderr.read()
    assert list(temporary.iterdir()) == []


@needs_remote_exec
def test_a_crawl_takes_a_bill_for_who_names_its_pid(
    start, tmp_path, temporary, capsys
) -> None:
    process = start("Leaking", **WITHOUT)
    before = traces(process, tmp_path)
    assert leakwatch("bill", str(process.pid)) == 0
    assert "code and modules" in capsys.readouterr().out
    wait_until(lambda: traces(process, tmp_path) == before)
    assert list(temporary.iterdir()) == []


ABSENT = """
import sys
class Absent:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "scrapy_leakwatch":
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Absent)
"""


@needs_remote_exec
def test_where_leakwatch_is_not_installed_that_is_said(
    start, tmp_path, temporary, capsys
) -> None:
    process = start("Leaking", prelude=ABSENT, **WITHOUT)
    before = traces(process, tmp_path)
    assert leakwatch("attach", str(process.pid)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "environment without this version of scrapy-leakwatch: install it" in line
    assert traces(process, tmp_path) == before
    assert list(temporary.iterdir()) == []


SLEEPS = "import time\nprint(flush=True)\nwhile True: time.sleep(0.05)"
OTHERS = {
    "is no Python": ["/bin/sh", "-c", "echo; exec sleep 60"],
    "Scrapy is not imported there": [sys.executable, "-c", SLEEPS],
    "no event loop runs there": [
        sys.executable,
        "-c",
        f"import scrapy.crawler\n{SLEEPS}",
    ],
    "remote debugging switched off": [
        sys.executable, "-X", "disable-remote-debug", "-c", SLEEPS,
    ],
}  # fmt: skip


@needs_remote_exec
@pytest.mark.parametrize("reason", OTHERS)
def test_a_process_that_can_not_be_attached_to_is_told_why(
    temporary, capsys, reason
) -> None:
    with subprocess.Popen(
        OTHERS[reason], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        try:
            assert leakwatch("attach", str(process.pid)) == 1
            (line,) = capsys.readouterr().err.splitlines()
            assert reason in line
            assert str(process.pid) in line
            assert list(temporary.iterdir()) == []
            assert process.poll() is None
        finally:
            process.kill()
        assert process.stderr.read() == ""


@needs_remote_exec
def test_a_path_too_long_for_a_socket_is_told(temporary, capsys, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / ("long" * 30)))
    os.mkdir(tempfile.tempdir)
    assert leakwatch("attach", str(os.getpid())) == 1
    assert "set TMPDIR to a folder of a shorter name" in capsys.readouterr().err
    assert os.listdir(tempfile.tempdir) == []
    os.rmdir(tempfile.tempdir)


def test_who_arrives_where_nobody_waits_does_nothing(tmp_path, temporary) -> None:
    arrival.arrive(str(tmp_path / "gone"), "")
    left = Path(tempfile.mkdtemp())
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(left / arrival.SOCKET))
    (left / "arrival.py").touch()
    arrival.arrive(str(left), "")
    assert not left.exists()


def test_who_has_hung_up_is_not_answered(monkeypatch) -> None:
    later = []
    left = Path(tempfile.mkdtemp())
    monkeypatch.setattr(arrival, "_scheduler", lambda: later.append)
    monkeypatch.setitem(sys.modules, "scrapy_leakwatch.remote.wire", None)
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.bind(str(left / arrival.SOCKET))
        waiting.listen()
        arrival.arrive(str(left), "")
        waiting.accept()[0].close()
    (begin,) = later
    begin()
    assert not left.exists()


def test_the_loop_is_asked_in_the_way_that_handlers_of_signals_may(
    monkeypatch,
) -> None:
    reactor = SimpleNamespace(running=False, callFromThread=object())
    monkeypatch.setitem(sys.modules, "twisted.internet.reactor", reactor)
    assert arrival._scheduler() is None
    reactor.running = True
    assert arrival._scheduler() is reactor.callFromThread
    monkeypatch.delitem(sys.modules, "twisted.internet.reactor")

    async def within():
        return arrival._scheduler()

    assert asyncio.run(within()).__name__ == "call_soon_threadsafe"
