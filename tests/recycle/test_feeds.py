"""No feed is written over by the next process."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from scrapy_leakwatch.recycle.feeds import at_risk, close_file, continued


@pytest.mark.parametrize(
    ("uri", "options", "then"),
    [
        ("out.jsonl", {"format": "jsonlines", "overwrite": True}, "out.jsonl"),
        ("file:///a/out.jl", {"format": "jl"}, "file:///a/out.jl"),
        ("out.jsonl", {}, "out.jsonl"),
        ("out.json", {"format": "json"}, "out-3.json"),
        ("a.b/out.xml.gz", {"format": "xml"}, "a.b/out-3.xml.gz"),
        (
            "s3://bucket/%(name)s/out.csv",
            {"format": "csv"},
            "s3://bucket/%(name)s/out-3.csv",
        ),
        ("out-%(batch_id)d.jsonl", {"format": "jsonlines"}, "out-%(batch_id)d-3.jsonl"),
        ("out.csv", {"format": "csv", "postprocessing": ["x"]}, "out-3.csv"),
        ("stdout:", {"format": "jsonlines"}, "stdout:"),
    ],
)
def test_a_process_adds_to_a_feed_or_has_its_own(uri, options, then) -> None:
    assert dict(continued({uri: options}, 0)) == {uri: options}
    ((now, changed),) = continued({uri: options}, 2).items()
    assert now == then
    assert not (now == uri and changed.get("overwrite"))


def test_the_columns_of_a_csv_feed_stay(tmp_path) -> None:
    path = tmp_path / "out.csv"
    path.write_text('n,"a, b"\n1,2\n')
    ((_, options),) = continued({str(path): {"format": "csv"}}, 1).items()
    assert options["fields"] == ["n", "a, b"]
    assert options["item_export_kwargs"] == {"include_headers_line": False}
    path.write_text("")
    ((_, options),) = continued({str(path): {"format": "csv"}}, 1).items()
    assert "fields" not in options


def test_feeds_that_a_kill_takes_along_are_told() -> None:
    feeds = {
        "s3://bucket/out.jsonl": {}, "out.jsonl": {}, "stdout:": {},
        "out.gz": {"postprocessing": ["gzip"]},
    }  # fmt: skip
    assert at_risk(feeds) == ["s3://bucket/out.jsonl", "out.gz"]


@pytest.mark.parametrize("written", ['[\n{"n": 1},\n{"n": 2}', '[\n{"n": 1}\n]'])
def test_a_file_without_an_end_is_ended_once(written, tmp_path) -> None:
    path = tmp_path / "out.json"
    path.write_text(written)
    assert close_file(path)
    assert close_file(path)
    assert json.loads(path.read_text())[0] == {"n": 1}


def test_xml_is_ended_and_lines_need_no_end(tmp_path) -> None:
    path = tmp_path / "out.xml"
    path.write_text('<?xml version="1.0"?>\n<items>\n<item><n>1</n></item>')
    assert close_file(path)
    assert ET.parse(path).getroot().find("item/n").text == "1"
    (path := tmp_path / "out.jsonl").write_text("{}\n")
    assert not close_file(path)
    assert path.read_text() == "{}\n"
