"""What the page on alarms shows is run, each with an end on the loopback."""

from __future__ import annotations

import json
import textwrap
from itertools import takewhile
from pathlib import Path

import pytest

from tests import ends
from tests.conftest import ASYNCIO, recorded

PAGE = (Path(__file__).parent.parent / "docs" / "alerting.rst").read_text()
LEAKWATCH = "scrapy_leakwatch.LeakWatch"


def shown(caption: str) -> str:
    """Return the code on the page that is to be in one file."""
    mark = f".. code-block:: python\n   :caption: {caption}\n\n"
    code = ""
    for block in PAGE.split(mark)[1:]:
        lines = takewhile(lambda line: line[:1] in " ", block.splitlines())
        code += textwrap.dedent("\n".join(lines)) + "\n"
    return code


@pytest.fixture
def alarmed(crawl, tmp_path):
    """Crawl with an alarm of the page; return the crawl and its first leak."""
    (tmp_path / "alarms.py").write_text(shown("alarms.py"))
    record = tmp_path / "record.jsonl"

    def run(alarm: str, **settings):
        result = crawl(
            "Leaking",
            prelude="import sys; sys.path.insert(0, '')",
            EXTENSIONS={LEAKWATCH: 500, f"alarms.{alarm}": 510},
            LEAKWATCH_RECORD=str(record),
            **ASYNCIO,
            **settings,
        )
        assert "Traceback" not in result.log
        leak = next(each for each in recorded(record) if each["type"] == "verdict")
        return result, leak

    return run


def says(text: str, leak: dict[str, object]) -> bool:
    """Tell whether a text has the verdict, the line and the fix."""
    parts = (f"leaking: {leak['message']}", "spiders.py:57", "fix: pass what parse")
    return all(part in text for part in parts)


def test_a_leak_is_mailed(alarmed) -> None:
    with ends.mail() as end:
        result, _ = alarmed(
            "MailAlarm",
            MAIL_HOST="127.0.0.1",
            MAIL_PORT=end.port,
            MAIL_FROM="crawls@example.com",
            LEAK_MAIL_TO="you@example.com",
        )
    (to, mail), *_ = end.received
    assert to == "you@example.com"
    assert b"Subject: leaking: HtmlResponse is leaking" in mail
    assert len(result.lines("WARNING")) == len(end.received)


@pytest.mark.slow
def test_a_leak_is_told_in_slack(alarmed) -> None:
    with ends.http() as end:
        webhook = f"http://127.0.0.1:{end.port}/services/T0/B0/x"
        result, leak = alarmed("SlackAlarm", LEAK_SLACK_WEBHOOK=webhook)
    (path, body), *_ = end.received
    assert path == "/services/T0/B0/x"
    assert says(json.loads(body)["text"], leak)
    assert len(result.lines("WARNING")) == len(end.received)


def events(end: ends.End) -> list[dict[str, object]]:
    """Return what came to Sentry: a header, then each item below its own."""
    lines = [line for _, body in end.received for line in body.splitlines()]
    found = [json.loads(line) for line in lines if line]
    return [each for each in found if "fingerprint" in each]


@pytest.mark.slow
def test_a_leak_is_an_issue_in_sentry_by_its_signature(alarmed) -> None:
    pytest.importorskip("sentry_sdk")
    with ends.http(b"{}") as end:
        dsn = f"http://key@127.0.0.1:{end.port}/1"
        _, leak = alarmed("SentryAlarm", SENTRY_DSN=dsn)
    event, *_ = events(end)
    assert event["fingerprint"] == ["scrapy-leakwatch", leak["signature"]]
    assert says(event["message"], leak)
    assert event["tags"] == {"spider": "leaking", "verdict": "leak"}
