"""``scrapy leakwatch attach`` and ``top``, at crawls that run."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from types import SimpleNamespace

import jsonschema
import pytest
from scrapy.settings import Settings
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler

from scrapy_leakwatch import recordings
from scrapy_leakwatch.commands import asked, attach, bill, remote, session
from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.foundation.freezer import OF_THE_INTERPRETER
from scrapy_leakwatch.recordings.writing import of_bill
from scrapy_leakwatch.remote.attached import Attachment, _our_stats
from scrapy_leakwatch.report.bill import table
from scrapy_leakwatch.report.machine.answer import schema
from tests.billing import BILL
from tests.commanding import leakwatch
from tests.conftest import SLOW, start_crawl
from tests.synthetic import RUN, verdict

needs_remote_control = pytest.mark.skipif(
    find_spec("scrapy.extensions.remote_control") is None,
    reason="this Scrapy has no remote control",
)
TRACES = """
import gc, json, sys
from pydispatch import dispatcher
gc.collect()
connected = [r for each in dispatcher.connections.values() for r in each.values()]
everything = gc.get_objects()
kinds = [type(each) for each in everything]
calls = [
    getattr(each, "f", None) or getattr(each, "_func", None)
    for each, kind in zip(everything, kinds) if kind.__name__.endswith("LoopingCall")
]
print(json.dumps({
    "gc.callbacks": len(gc.callbacks),
    "receivers": sum(map(len, connected)),
    "looping calls": sum(call.__module__.startswith("scrapy_leakw") for call in calls),
    "ours": sorted({k.__name__ for k in kinds if k.__name__ in {"Watch", "Sampler"}}),
    "stash": sorted(stash),
    "stats": sorted(k for k in crawler.stats.get_stats() if k.startswith("leakw")),
    "frozen": gc.get_freeze_count(),
}))
"""
FULL = """
import os
from scrapy_leakwatch.extension import LeakWatch
recorder = crawler.get_extension(LeakWatch).watch._recorder
os.dup2(os.open("/dev/full", os.O_WRONLY), recorder._record._fd)
"""
IS_RECORDING = """
from scrapy_leakwatch.extension import LeakWatch
print(crawler.get_extension(LeakWatch).watch.is_recording)
"""
WITHOUT = {"EXTENSIONS": {}, "LEAKWATCH_INTERVAL": 0.1}


@pytest.fixture
def start(shop, tmp_path):
    """Start a crawl with a remote control, and return what its job is called."""
    with contextlib.ExitStack() as stack:

        def start(spider: str = "Leaking", **settings: object) -> remote.Job:
            process = start_crawl(
                shop,
                tmp_path,
                spider,
                prelude=f"spiders.{spider}.pages = 0",
                REMOTE_CONTROL_ENABLED=True,
                REMOTE_CONTROL_JOBS_DIR=str(tmp_path / "jobs"),
                **settings,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            deadline = time.monotonic() + 60
            while not (found := jobs(tmp_path)):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            return found[0]

        yield start


def jobs(tmp_path) -> list[remote.Job]:
    return remote.jobs(Settings({"REMOTE_CONTROL_JOBS_DIR": str(tmp_path / "jobs")}))


def at(tmp_path) -> tuple[str, str]:
    return "-s", f"REMOTE_CONTROL_JOBS_DIR={tmp_path / 'jobs'}"


def traces(job: remote.Job) -> dict:
    for _ in range(100):
        found = json.loads(remote.execute(job, TRACES))
        # While a child looks, what is frozen is not listed.
        if found["frozen"] < OF_THE_INTERPRETER:
            break
        time.sleep(0.1)
    return found


@needs_remote_control
@pytest.mark.parametrize("settings", [{"LEAKWATCH_INTERVAL": 0.2}, WITHOUT])
def test_why_tells_programs_of_a_crawl_that_runs_what_to_do(
    start, tmp_path, capsys, settings
) -> None:
    job = start(**settings)
    before = traces(job)
    deadline = time.monotonic() + 60
    answers: list[dict] = []
    while not any(each["location"] for each in answers):
        assert time.monotonic() < deadline
        assert leakwatch("why", job.spider, "--json", "--for", "30", *at(tmp_path)) == 0
        found = json.loads(capsys.readouterr().out)
        jsonschema.validate(found, json.loads(schema()))
        answers = found["answers"]
    assert found["outcome"] == "leaks"
    (leak,) = [each for each in answers if each["verdict"] == "leak"]
    assert leak["holder"] == "Request.meta['referer']"
    assert leak["file"].endswith("spiders.py")
    assert found["recording"] is None
    assert traces(job)["ours"] == before["ours"]


@needs_remote_control
def test_a_crawl_without_leakwatch_is_watched_and_left_clean(
    start, tmp_path, capsys
) -> None:
    job = start(**WITHOUT)
    before = traces(job)
    assert before["ours"] == before["stats"] == []
    for seconds in ("12", "60"):  # where the machine is busy it takes longer
        code = leakwatch("attach", job.spider, "--for", seconds, *at(tmp_path))
        shown = capsys.readouterr().out
        if code == 3:
            break
    assert "Live References" in shown
    assert "LEAK: HtmlResponse is leaking" in shown
    assert "held by   Request.meta['referer']" in shown
    assert code == 3
    assert traces(job) == before


class Ending:
    """A crawl that can be read a few times more, each time with more lines."""

    def __init__(self, *crawls) -> None:
        self.crawls = list(crawls)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass

    @property
    def alive(self) -> bool:
        return len(self.crawls) > 1

    def crawl(self):
        return self.crawls.pop(0) if self.alive else self.crawls[0]

    def status(self) -> str:
        return "Live References"

    def stay(self) -> None:
        pass


@pytest.mark.parametrize(
    ("age", "times"), [(0, 2), (60, 1)], ids=["not yet explained", "told last"]
)
def test_what_is_told_as_a_crawl_ends_is_shown(
    tmp_path, capsys, monkeypatch, age, times
) -> None:
    def read(*said):
        path = tmp_path / "record.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in (RUN, *said)))
        return recordings.read(path)

    first = verdict(time.time() - 60, "leak", "Item", **{"class": "Item"})
    late = verdict(time.time() - age, "leak", "HtmlResponse", signature="7296c8ac")
    session = Ending(read(first), *[read(first, late)] * times)
    monkeypatch.setattr(attach, "POLL_S", 0)
    monkeypatch.setattr(attach, "Session", lambda job: session)
    monkeypatch.setattr(attach, "interruptible", lambda: None)
    monkeypatch.setattr(remote, "job_named", lambda name, settings: None)
    assert leakwatch("attach", "leaking") == 3
    shown = capsys.readouterr().out
    assert shown.count("LEAK: HtmlResponse is leaking") == 1
    assert shown.count("LEAK: Item is leaking") == 1


TAKING = """
from scrapy_leakwatch.remote.on_demand import OnDemand
from scrapy_leakwatch.recordings import parsing
from twisted.internet import reactor
def take(self):
    def give(tell):
        tell(None if self._closed else bill)
    self._take_bill = lambda tell: reactor.callLater(after_s, give, tell)
    return kept(self)
kept, OnDemand.bill_record = OnDemand.bill_record, take
"""


def takes_a_bill(after_s: float) -> str:
    """Return the code that has a crawl give `BILL` to who asks, so much later."""
    line = json.dumps(of_bill(BILL))
    given = f"after_s, bill = {after_s}, parsing.bill(json.loads({line!r}))\n"
    return f"import json\n{TAKING}{given}"


@needs_remote_control
@pytest.mark.parametrize(
    # While a child of its own looks, the crawl's objects are frozen and not listed.
    "settings",
    [{"LEAKWATCH_BILL": False}, WITHOUT],
    ids=["own", "without"],
)
def test_a_crawl_takes_a_bill_for_who_asks_and_is_left_as_it_was(
    start, tmp_path, capsys, settings
) -> None:
    job = start(**settings)
    before = traces(job)
    remote.execute(job, takes_a_bill(0.2))
    assert leakwatch("bill", job.spider, *at(tmp_path)) == 0
    assert capsys.readouterr().out == f"{table(BILL)}\n"
    assert leakwatch("bill", "--json", *at(tmp_path)) == 0
    assert json.loads(capsys.readouterr().out) == of_bill(BILL)
    after = traces(job)
    kept = ("ours", "gc.callbacks", "receivers", "stash")
    assert [after[each] for each in kept] == [before[each] for each in kept]


@needs_remote_control
@pytest.mark.parametrize("settings", [{}, WITHOUT], ids=["own", "without"])
def test_the_bill_of_a_running_crawl_names_its_owners(
    start, tmp_path, capsys, settings
) -> None:
    job = start(**settings)
    assert leakwatch("bill", job.spider, *at(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "of it named" in shown
    assert "code and modules" in shown
    assert leakwatch("bill", "--json", *at(tmp_path)) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["type"] == "bill"
    assert {"spider", "code"} <= {owner["kind"] for owner in line["owners"]}


@needs_remote_control
def test_who_waits_for_a_bill_is_not_given_up(start, tmp_path, capsys) -> None:
    job = start(**WITHOUT)
    lease = "\nfrom scrapy_leakwatch.remote import attached\nattached.LEASE_S = 1\n"
    remote.execute(job, takes_a_bill(3) + lease)
    assert leakwatch("bill", job.spider, *at(tmp_path)) == 0
    assert "spider pagination" in capsys.readouterr().out


@needs_remote_control
def test_without_a_name_the_one_crawl_that_runs_is_asked(
    start, tmp_path, capsys
) -> None:
    assert leakwatch("bill", *at(tmp_path)) == 1
    shown = capsys.readouterr().err
    assert shown.endswith("\nName a crawl that runs, or a recording.\n")
    assert leakwatch("bill", "nobody", *at(tmp_path)) == 1
    assert "No running crawl of yours is called 'nobody'" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["", "[]", "7", "{}", '{"time": "now"}', "null"])
def test_what_is_no_bill_is_told_in_one_line(monkeypatch, capsys, answer) -> None:
    job = remote.Job("1", 1, 1, "secret", "a", "b", 0.0, "2.19")
    monkeypatch.setattr(remote, "job_named", lambda name, settings: job)
    monkeypatch.setattr(remote, "execute", lambda *asked: answer)
    monkeypatch.setattr(bill, "Session", lambda job: contextlib.nullcontext())
    monkeypatch.setattr(bill, "interruptible", lambda: None)
    assert leakwatch("bill", "a") == 1
    shown = capsys.readouterr().err
    assert shown == "What the crawl answers is no memory bill.\n"


@pytest.mark.parametrize(
    "last",
    [
        "AttributeError: module 'scrapy_leakwatch.remote.attached' has no attribute",
        "ModuleNotFoundError: No module named 'scrapy_leakwatch.remote'",
    ],
)
def test_a_crawl_with_an_older_version_is_told_so(monkeypatch, last) -> None:
    job = remote.Job("1", 1, 1, "secret", "a", "b", 0.0, "2.19")
    failed = {"status": "error", "traceback": f"Traceback\n{last}\n"}
    monkeypatch.setattr(remote, "_call", lambda *asked: failed)
    with pytest.raises(CommandError, match="older version of scrapy-leakwatch"):
        session.bill(job)


def test_stats_of_the_crawl_may_have_names_that_are_no_text() -> None:
    stats = MemoryStatsCollector(get_crawler())
    stats.set_stats({404: 1, ("a", 1): 2, "leakwatch/live/Request": 3})
    assert _our_stats(SimpleNamespace(stats=stats)) == {"leakwatch/live/Request"}


def test_an_error_at_an_end_that_nobody_waits_for_is_logged(caplog) -> None:
    async def fail():
        raise RuntimeError

    async def expire():
        attachment = Attachment.__new__(Attachment)
        attachment._crawler = SimpleNamespace(spider=None)
        attachment._lease = SimpleNamespace(running=True)
        attachment._asking, attachment._clients = 0, {}
        attachment._end = fail
        attachment.abandon()
        attachment._expire()
        await asyncio.sleep(0)

    asyncio.run(expire())
    errors = [each.message for each in caplog.records if each.levelname == "ERROR"]
    said = "LeakWatch can't detach from the crawl and does without for now"
    assert errors == [f"{said}; the crawl goes on"] * 2


@needs_remote_control
def test_who_goes_without_a_word_is_given_up(start, tmp_path) -> None:
    job = start("Backlog", **WITHOUT)
    before = traces(job)
    remote.execute(
        job,
        "from scrapy_leakwatch.remote import attached\nattached.LEASE_S = 0.4\n"
        f"print(attached.attach(crawler, stash, 'me', {str(tmp_path)!r}))",
    )
    deadline = time.monotonic() + 60
    while traces(job) != before:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@needs_remote_control
def test_a_crawl_with_leakwatch_keeps_its_own(start, tmp_path, capsys) -> None:
    job = start("Backlog", LEAKWATCH_BILL=False)
    before = traces(job)
    assert before["looping calls"] == 1
    leakwatch("attach", str(job.pid), "--for", "1", *at(tmp_path))
    assert "Live References" in capsys.readouterr().out
    after = traces(job)
    assert after["ours"] == before["ours"] == ["Sampler", "Watch"]
    assert after["gc.callbacks"] == before["gc.callbacks"]
    assert (after["receivers"], after["stash"]) == (before["receivers"], [])


@needs_remote_control
def test_running_crawls_are_listed_without_their_tokens(
    start, tmp_path, capsys
) -> None:
    assert leakwatch("attach", *at(tmp_path)) == 0
    assert "No crawl of yours runs" in capsys.readouterr().out
    job = start("Healthy", **WITHOUT, **SLOW)
    stale = tmp_path / "jobs" / "1-killed.json"
    stale.write_bytes((tmp_path / "jobs" / f"{job.id}.json").read_bytes())
    stale.chmod(0o644)  # not as Scrapy leaves it: not to be trusted
    assert leakwatch("attach", *at(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{job.id}  healthy (scrapybot), pid {job.pid}, Scrapy ")
    assert len(shown.splitlines()) == 1
    assert job.token not in shown
    assert job.token not in repr(job)
    with pytest.raises(CommandError, match="refused"):
        remote.execute(dataclasses.replace(job, token="guess"), "print(1)")


@needs_remote_control
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_crawl_whose_recording_has_failed_is_not_attached_to(
    start, tmp_path, capsys
) -> None:
    job = start("Backlog", LEAKWATCH_RECORD="record.jsonl")
    before = traces(job)
    remote.execute(job, FULL)
    deadline = time.monotonic() + 60
    while "True" in remote.execute(job, IS_RECORDING):  # until a sample was written
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert leakwatch("attach", job.spider, "--for", "1", *at(tmp_path)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("it can't be recorded: its log has the reason.")
    assert traces(job)["stash"] == before["stash"] == []


def test_a_token_goes_to_its_crawl_alone() -> None:
    asked = []

    class Redirecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *args) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        job = remote.Job("1", 1, server.server_port, "secret", "a", "b", 0.0, "2.19")
        with pytest.raises(CommandError, match="refused"):
            remote.execute(job, "print(1)")
        server.shutdown()
    assert asked == ["/execute"]


def test_no_certificates_are_loaded_for_a_crawl_on_this_machine(monkeypatch) -> None:
    monkeypatch.delattr(ssl.SSLContext, "load_default_certs")
    job = remote.Job("1", 1, 1, "secret", "a", "b", 0.0, "2.19")
    with pytest.raises(remote.CrawlGoneError):
        remote.execute(job, "print(1)")


@needs_remote_control
def test_a_crawl_that_does_not_run_is_told_in_one_line(tmp_path, capsys) -> None:
    assert leakwatch("attach", "nobody", *at(tmp_path)) == 1
    assert "No running crawl of yours is called 'nobody'" in capsys.readouterr().err


@pytest.mark.skipif(
    find_spec("scrapy.extensions.remote_control") is not None,
    reason="this Scrapy has a remote control",
)
def test_without_a_remote_control_that_is_said(capsys) -> None:
    assert leakwatch("attach") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "install Scrapy 2.19 or newer" in line


def test_without_a_place_for_temporary_files_nobody_attaches(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(asked.tempfile, "tempdir", str(tmp_path / "absent"))
    job = remote.Job("1", 1, 1, "secret", "a", "b", 0.0, "2.19")
    with pytest.raises(CommandError, match="set TMPDIR to a folder"):
        session.Session(job)
