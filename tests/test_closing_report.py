"""The page that a crawl writes when it closes: ``LEAKWATCH_REPORT``."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from tests.conftest import QUICK_MODES, recorded


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_a_leaking_crawl_leaves_a_page(crawl, tmp_path, mode) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    result = crawl(
        "Leaking",
        prelude=f"import tempfile; tempfile.tempdir = {str(temporary)!r}",
        LEAKWATCH_REPORT=str(tmp_path / "reports" / "%(name)s.html"),
        **mode,
    )
    path = tmp_path / "reports" / "leaking.html"
    page = path.read_text()
    assert "HtmlResponse leaks: Request.meta[&#39;referer&#39;] keeps them" in page
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(temporary.iterdir()) == []
    (told,) = [line for line in result.lines("INFO") if "report" in line]
    assert told.endswith(f"LeakWatch wrote its report to {path}")
    assert "LeakWatch records to" not in result.log
    assert "the crawl was killed" not in page


def test_the_page_is_of_the_recording_where_there_is_one(crawl, tmp_path) -> None:
    crawl("Healthy", LEAKWATCH_RECORD="crawl.jsonl", LEAKWATCH_REPORT="crawl.html")
    page = (tmp_path / "crawl.html").read_text()
    assert recorded(tmp_path / "crawl.jsonl")[-1]["type"] == "summary"
    assert "No leak found in" in page
    assert "crawl.jsonl" in page


def test_the_page_of_a_crawl_that_was_too_short_says_so(crawl, tmp_path) -> None:
    crawl("Healthy", LEAKWATCH_REPORT="crawl.html", LEAKWATCH_MIN_OBJECTS=1_000_000)
    page = (tmp_path / "crawl.html").read_text()
    assert "Measured too little: " in page
    assert "No leak found in" not in page


def test_a_page_that_can_not_be_written_is_one_line(crawl, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    result = crawl("Healthy", LEAKWATCH_REPORT=str(tmp_path / "file" / "a.html"))
    (error,) = result.lines("ERROR")
    assert "LEAKWATCH_REPORT: the report " in error
    assert "or name another file." in error
    assert "Traceback" not in result.log
    assert result.items == 420
    assert result.stats["finish_reason"] == "finished"


@pytest.mark.parametrize(
    ("there", "what"),
    [
        (lambda path: path.symlink_to("theirs"), "a link"),
        (os.mkfifo, "a pipe"),
        (os.mkdir, "a folder"),
        (lambda path: path.write_text("<p>theirs"), "a file of another kind"),
    ],
)
def test_a_page_replaces_only_a_page(crawl, tmp_path, there, what) -> None:
    (tmp_path / "theirs").write_text("theirs")
    there(tmp_path / "a.html")
    result = crawl("Healthy", LEAKWATCH_REPORT="a.html")
    (error,) = result.lines("ERROR")
    assert error.endswith(
        f"LEAKWATCH_REPORT: the report a.html would replace {what}: name another"
        " file, or remove what is there."
    )
    assert result.items == 420
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_without_a_place_for_temporary_files_there_is_no_page(crawl, tmp_path) -> None:
    prelude = f"import tempfile; tempfile.tempdir = {str(tmp_path / 'absent')!r}"
    result = crawl("Leaking", prelude=prelude, LEAKWATCH_REPORT="a.html")
    (error,) = result.lines("ERROR")
    assert "LEAKWATCH_REPORT: there is no place for temporary files" in error
    assert "set TMPDIR to a folder, or LEAKWATCH_RECORD to a file." in error
    assert "Traceback" not in result.log
    assert result.stats["leakwatch/verdict"] == "leak"
    assert not (tmp_path / "a.html").exists()


def test_a_page_without_a_recording_is_one_line(crawl, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    result = crawl(
        "Healthy",
        LEAKWATCH_RECORD=str(tmp_path / "file" / "a.jsonl"),
        LEAKWATCH_REPORT="a.html",
    )
    first, second = result.lines("ERROR")
    assert "LEAKWATCH_RECORD: can't write" in first
    assert second.endswith("nothing was recorded, so there is no report")
    assert "Traceback" not in result.log


def test_a_crawl_without_a_report_does_not_load_jinja2() -> None:
    code = "import scrapy_leakwatch.extension, sys; sys.exit('jinja2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
