"""Whatever is in a recording: an answer or one clear line, and nothing lost."""

from __future__ import annotations

import argparse
import gzip
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

from scrapy_leakwatch import recordings
from scrapy_leakwatch.commands.leakwatch import Command
from scrapy_leakwatch.commands.screen import Screen, painted
from scrapy_leakwatch.commands.top import Recorded
from tests.fuzz.effort import fuzzed
from tests.fuzz.recorded import (
    LENGTH,
    MARK,
    damaged,
    encoded,
    hits,
    mutated,
    mutated_lines,
    whole,
)

EXITS = {0, 1, 3, 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def healthy(folder):
    path = folder / "healthy.jsonl"
    path.write_bytes(b"".join(map(encoded, whole())))
    return path


def leakwatch(*argv):
    """Run a subcommand in this process, and return its exit code and what it said."""
    command = Command()
    command.settings = Settings()
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    opts, rest = parser.parse_known_args([str(each) for each in argv])
    command.process_options(rest, opts)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        command.run(rest, opts)
    return command.exitcode, out.getvalue(), err.getvalue()


def check_text(text):
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text) < 10**6


class Elements(HTMLParser):
    def handle_starttag(self, tag, attrs):
        assert MARK not in tag
        for name, value in attrs:
            assert MARK not in name
            if name in {"href", "src"}:
                assert not (value or "").startswith("javascript:")


def check_page(path):
    page = path.read_text()
    assert f"<{MARK}" not in page
    Elements().feed(page)
    assert len(page) < 5 * 10**6


def check_commands(path, healthy):
    """Have each command that reads recordings read one."""
    for argv in (
        ("show", path),
        ("diff", path, healthy),
        ("diff", healthy, path),
        ("bill", path),
        ("top", path),
    ):
        code, out, err = leakwatch(*argv)
        assert code in EXITS, argv
        check_text(out)
        check_text(err)
        if code == 1:
            assert err.count("\n") == 1
            assert str(path) in err
            assert not out
        else:
            assert out
            assert not err
    for argv in (("show", path), ("diff", path, healthy), ("bill", path)):
        code, out, err = leakwatch(*argv, "--json")
        assert code in EXITS
        if out:
            json.loads(out, parse_constant=pytest.fail)
    for more in ((), ("--json",)):  # the healthy one is there too
        code, out, err = leakwatch("history", path.parent, *more)
        assert code in EXITS - {1}
        check_text(out)
        assert out
        assert not err
    page = path.with_suffix(".html")
    page.unlink(missing_ok=True)
    code, _, err = leakwatch("report", path)
    assert code in {0, 1}
    if code == 0:
        check_page(page)
        _check_screen(path)


def _check_screen(path):
    drawn = Screen(Recorded(path, Settings())).drawn(80, 24)
    check_text(painted(drawn).plain)


@fuzzed(few=12, share=0.2)
@given(lines=mutated())
def test_every_command_answers_whatever_the_lines_have(folder, healthy, lines) -> None:
    path = folder / "mutated.jsonl"
    path.write_bytes(b"".join(map(encoded, lines)))
    check_commands(path, healthy)


@fuzzed(few=12, share=0.2)
@given(hit=hits, end=st.none() | st.integers(0, LENGTH))
def test_every_command_answers_whatever_the_bytes_are(
    folder, healthy, hit, end
) -> None:
    path = folder / "damaged.jsonl"
    path.write_bytes(damaged(hit, end))
    check_commands(path, healthy)


def read(path, data):
    path.write_bytes(data)
    try:
        return recordings.read(path)
    except recordings.UnreadableRecording as error:
        message = str(error)
    assert message.startswith(str(path))
    assert message.isprintable()
    return None


@fuzzed(few=40)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_recording_or_one_line_that_names_the_file(
    folder, data
) -> None:
    read(folder / "bytes.jsonl", data)


@fuzzed(few=60)
@given(cut=st.integers(0, 60_000))
def test_of_a_file_cut_off_the_whole_lines_are_read(folder, healthy, cut) -> None:
    data = healthy.read_bytes()[:cut]
    kept = data[: data.rfind(b"\n") + 1]
    path = folder / "cut.jsonl"
    if data[len(kept) :].endswith(b"}") and json_ends(data[len(kept) :]):
        return
    assert read(path, data) == read(path, kept) or not kept


def json_ends(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@fuzzed(few=150)
@given(line=mutated_lines(), at=st.integers(1, len(whole())))
def test_a_line_that_is_broken_takes_nothing_with_it(folder, line, at) -> None:
    lines = list(map(encoded, whole()))
    path = folder / "one.jsonl"
    before = read(path, b"".join(lines))
    after = read(path, b"".join([*lines[:at], encoded(line), *lines[at:]]))
    assert after.broken in {0, 1}
    if after.broken:
        assert replace(after, broken=0) == before


@fuzzed(few=60)
@given(
    junk=st.binary(max_size=100).filter(lambda junk: b"\n" not in junk),
    at=st.integers(1, len(whole())),
)
def test_junk_between_lines_is_left_out(folder, junk, at) -> None:
    lines = list(map(encoded, whole()))
    path = folder / "junk.jsonl"
    before = read(path, b"".join(lines))
    after = read(path, b"".join([*lines[:at], junk + b"\n", *lines[at:]]))
    assert replace(after, broken=0) == before
    assert after.broken == 1


@fuzzed(few=15)
@given(share=st.floats(0, 1))
def test_an_archive_whole_or_cut_short_is_one_line(folder, healthy, share) -> None:
    data = gzip.compress(healthy.read_bytes(), mtime=0)
    path = folder / "archive.jsonl"
    assert read(path, data[: int(share * len(data))]) is None
    code, out, err = leakwatch("show", path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(str(path))
