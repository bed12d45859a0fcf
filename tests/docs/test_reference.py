"""The pages of the reference are made from the code; so what they rest on is so."""

from __future__ import annotations

import json
import re
import sys

import pytest

from scrapy_leakwatch import config
from scrapy_leakwatch.commands import exits
from scrapy_leakwatch.records import RequestLedger, ResourceCounts
from tests.conftest import recorded
from tests.docs.pages import DOCS, ROOT

STATS = (DOCS / "reference" / "stats.rst").read_text()
CODES = {value for name, value in vars(exits).items() if name.isupper()}


@pytest.fixture
def from_code(monkeypatch):
    """The directives; where there is Sphinx, as there is after ``make docs``."""
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    import from_code

    yield from_code
    sys.modules.pop("from_code")


def test_the_readme_has_each_setting_and_no_other(from_code):
    named = from_code.settings_in((ROOT / "README.rst").read_text())
    assert set(named) == set(config._READERS)
    assert all(named.values())


@pytest.mark.parametrize("name", config._READERS)
def test_what_a_setting_takes_is_said(from_code, name):
    assert from_code.taken_by(name).startswith(("must ", "needs "))


def test_each_exit_code_is_said(from_code):
    assert {int(code) for code, _ in from_code.exit_codes()} == CODES


def test_the_page_of_the_commands_has_each_exit_code():
    page = (DOCS / "commands.rst").read_text()
    assert {int(code) for code in re.findall(r"^(\d+)  ", page, re.M)} == {*CODES, 2}


def test_a_line_of_a_recording_has_the_fields_that_are_said(from_code, crawl, tmp_path):
    from scrapy_leakwatch import records
    from scrapy_leakwatch.recordings import writing

    crawl("Leaking", LEAKWATCH_RECORD=str(tmp_path / "x.jsonl"))
    said = {"run": "Run", "sample": "Sample", "verdict": "Verdict", "bill": "Bill"}
    found = {line["type"]: line for line in recorded(tmp_path / "x.jsonl")}
    for kind, record in said.items():
        fields = from_code.fields_written(
            getattr(writing, f"of_{kind}"), getattr(records, record)
        )
        tops = {re.split(r"[.\[]", name)[0] for name, _ in fields}
        assert set(found[kind]) <= tops
    summary = json.dumps(found["summary"]["stats"])
    named = set(re.findall(r'"(leakwatch/[a-z_]+)', summary))
    assert {name for name in named if name not in STATS} == set()


def test_the_page_of_the_stats_has_each_resource_and_each_place():
    fields = [*ResourceCounts.__slots__, *RequestLedger.__slots__]
    assert [each for each in fields if f"``{each}``" not in STATS] == []


def test_the_tables_of_the_metrics_have_all_of_them(from_code):
    for directive, of in (
        (from_code.Metrics, from_code.metrics.METRICS),
        (from_code.Instruments, from_code.INSTRUMENTS),
    ):
        page = "\n".join(directive.lines(None))
        assert page.count("    * - ") == len(of) + 1
        assert all(f"{each.name}``" in page for each in of)
