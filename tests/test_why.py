"""What leaks and what to do about it, for programs: ``why``, SARIF, annotations."""

from __future__ import annotations

import json
import shlex
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.commands import session, why
from scrapy_leakwatch.judge.sufficiency import too_little
from scrapy_leakwatch.records import SEVERITY
from scrapy_leakwatch.report.machine.annotations import github
from scrapy_leakwatch.report.machine.answer import (
    LARGEST,
    answer,
    printed,
    schema,
)
from scrapy_leakwatch.report.machine.sarif import sarif
from tests import synthetic
from tests.commanding import FOUND, HOARD, HOSTILE, LEAK, RECOVERED, leakwatch
from tests.synthetic import RUN

SCHEMA = json.loads(schema())


def recorded(path: Path, *said: dict, samples: int = 20) -> Path:
    seen = [synthetic.sample(number) for number in range(samples)]
    path.write_text("".join(json.dumps(line) + "\n" for line in (RUN, *seen, *said)))
    return path


def answered(path: Path) -> dict:
    """Return the document of a recording, which is as its schema says, and small."""
    crawl = recordings.read(path)
    found = answer(crawl, too_little(crawl))
    jsonschema.validate(found, SCHEMA)
    assert len(printed(found).encode()) <= LARGEST
    return found


def test_the_schema_is_one_and_names_each_kind_of_verdict() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    properties = SCHEMA["$defs"]["answer"]["properties"]
    assert [*properties["verdict"]["examples"], "recovered"] == list(SEVERITY)


def test_it_has_all_that_is_needed_to_act(tmp_path) -> None:
    path = recorded(tmp_path / "before.jsonl", LEAK, FOUND)
    found = answered(path)
    assert (found["outcome"], found["left_out"]) == ("leaks", 0)
    (leak,) = found["answers"]
    assert leak["verdict"] == "leak"
    assert leak["level"] == "act"
    assert leak["owner"] == "scheduler memory queue"
    assert leak["path"].startswith("crawler.engine.scheduler.mqs → LifoMemoryQueue[*]")
    assert (leak["file"], leak["line"]) == ("shop/spiders/somenasty.py", 21)
    assert leak["location"] == "shop/spiders/somenasty.py:21"
    assert leak["code"] == FOUND["code"]
    assert leak["bytes"] == FOUND["retained_bytes_total"]
    assert leak["growth"]["per_1000_responses"] == 250.0
    assert leak["fix"] == FOUND["fix"]


def test_the_proof_is_a_command_that_compares_with_this_recording(tmp_path) -> None:
    path = recorded(tmp_path / "it's before.jsonl", LEAK, FOUND)
    run, _, diff = answered(path)["prove"].partition(" && ")
    assert shlex.split(run)[:4] == ["scrapy", "leakwatch", "run", "somenasty"]
    later = "it's before-fixed.jsonl"
    assert shlex.split(run)[-2:] == ["--record", later]
    assert shlex.split(diff) == ["scrapy", "leakwatch", "diff", str(path), later]


def test_a_spider_that_no_name_finds_is_run_by_its_file(tmp_path) -> None:
    path = recorded(tmp_path / "it.jsonl", LEAK, FOUND)
    crawl = recordings.read(path)
    run = replace(crawl.run, file="spiders/own one.py")
    found = answer(replace(crawl, run=run), None)
    assert shlex.split(found["prove"])[3] == "spiders/own one.py"


@pytest.mark.parametrize(
    ("said", "samples", "outcome"),
    [
        ((), 20, "healthy"),
        ((), 2, "too_little"),
        ((LEAK, RECOVERED), 20, "healthy"),
        (({**LEAK, "suppressed": True},), 20, "healthy"),
        (({**HOARD, "kind": "backlog"},), 20, "told"),
        ((LEAK,), 2, "leaks"),
    ],
)
def test_the_outcome_is_that_of_the_exit_code(tmp_path, said, samples, outcome) -> None:
    path = recorded(tmp_path / "it.jsonl", *said, samples=samples)
    assert answered(path)["outcome"] == outcome


def test_the_worst_come_first_and_the_accepted_last(tmp_path) -> None:
    accepted = {**LEAK, "suppressed": True, "subject": "Known"}
    notice = {**HOARD, "kind": "backlog", "subject": "Request"}
    found = answered(recorded(tmp_path / "it.jsonl", accepted, notice, HOARD, LEAK))
    told = [(each["verdict"], each["level"]) for each in found["answers"]]
    assert told == [
        ("leak", "act"), ("hoard", "act"), ("backlog", "look"), ("leak", "accepted"),
    ]  # fmt: skip


def test_many_and_long_verdicts_leave_a_small_document_that_counts_the_rest(
    tmp_path,
) -> None:
    said = [
        {**LEAK, "subject": f"Class{number}", "message": "→" * 3000, "signature": None}
        for number in range(60)
    ]
    found = answered(recorded(tmp_path / "it.jsonl", *said))
    assert 0 < len(found["answers"]) < 60
    assert len(found["answers"]) + found["left_out"] == 60


def test_a_recording_whose_names_are_too_long_still_has_a_document(tmp_path) -> None:
    crawl = recordings.read(recorded(tmp_path / "it.jsonl", LEAK, FOUND))
    run = replace(crawl.run, spider="→" * 100_000, project="→" * 100_000)
    found = answer(replace(crawl, run=run), None)
    jsonschema.validate(found, SCHEMA)
    assert len(printed(found).encode()) <= LARGEST


def test_a_hostile_recording_makes_valid_documents_that_can_only_be_read(
    tmp_path,
) -> None:
    found = answered(synthetic.hostile(tmp_path / "it.jsonl"))
    lines = list(github(found, tmp_path))
    texts = [*_texts(found), *_texts(sarif(found)), *lines]
    assert any("owned" in text for text in texts)
    assert all(text.isprintable() for text in texts)
    assert lines
    assert all(line.startswith(("::warning ", "::notice ")) for line in lines)


def _texts(value):
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def test_a_verdict_is_a_warning_on_its_line_of_a_pull_request(tmp_path) -> None:
    found = answered(recorded(tmp_path / "it.jsonl", LEAK, FOUND))
    (line,) = github(found, tmp_path)
    assert line.startswith(
        "::warning file=shop/spiders/somenasty.py,line=21,"
        "title=scrapy-leakwatch%3A leak::HtmlResponse is leaking: 1,200 alive"
    )
    assert f"Fix: {FOUND['fix']}" in line


def test_its_file_is_named_as_seen_from_what_was_checked_out(
    tmp_path, monkeypatch
) -> None:
    (tmp_path / "crawlers").mkdir()
    monkeypatch.chdir(tmp_path / "crawlers")
    found = answered(recorded(tmp_path / "it.jsonl", LEAK, FOUND))
    (line,) = github(found, tmp_path)
    assert "file=crawlers/shop/spiders/somenasty.py,line=21" in line


def test_what_is_accepted_is_no_warning(tmp_path) -> None:
    found = answered(recorded(tmp_path / "it.jsonl", {**LEAK, "suppressed": True}))
    assert list(github(found, tmp_path)) == []


def test_text_with_line_ends_can_not_begin_a_command() -> None:
    evil = {"level": "act", "file": "a,b:c", "line": 1, "verdict": "leak", "fix": None,
            "message": "100 %\n::error::forged"}  # fmt: skip
    (line,) = github({"answers": [evil]}, Path("/nowhere"))
    assert line == (
        "::warning file=a%2Cb%3Ac,line=1,title=scrapy-leakwatch%3A leak::"
        "100 %25%0A::error::forged."
    )


def test_sarif_has_the_line_the_rule_and_the_signature(tmp_path) -> None:
    log = sarif(answered(recorded(tmp_path / "it.jsonl", LEAK, FOUND)))
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], result["level"]) == ("2.1.0", "error")
    assert result["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "shop/spiders/somenasty.py"
    assert physical["region"]["startLine"] == 21
    assert result["partialFingerprints"] == {"leakwatch/v1": "7296c8ac"}


def test_the_command_prints_each_form(tmp_path, capsys) -> None:
    path = str(recorded(tmp_path / "it.jsonl", LEAK, FOUND))
    assert leakwatch("why", path, "--json") == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)
    assert leakwatch("why", path, "--format", "sarif") == 0
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    assert leakwatch("why", "--schema") == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    assert leakwatch("why", path) == 0
    text = capsys.readouterr().out
    assert "put there shop/spiders/somenasty.py:21" in text
    assert "To see whether a fix helps: scrapy leakwatch run somenasty" in text


def test_hostile_text_is_shown_as_text(tmp_path, capsys) -> None:
    path = recorded(tmp_path / "it.jsonl", {**LEAK, "message": HOSTILE})
    assert leakwatch("why", str(path)) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("nonsense", ["", "[", "[1]", "3"])
def test_a_crawl_that_answers_nonsense_is_an_error_in_one_line(
    monkeypatch, capsys, nonsense
) -> None:
    job = SimpleNamespace(ask=lambda question: nonsense)
    monkeypatch.setattr(why, "chosen", lambda name, settings: nullcontext(job))
    monkeypatch.setattr(why, "interruptible", lambda: None)
    assert leakwatch("why", "job") == 1
    assert capsys.readouterr().err == f"{session.NO_ANSWER}\n"
