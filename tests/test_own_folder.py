"""The temporary folder of a crawl, and those that killed crawls have left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from scrapy_leakwatch.crawl import own_folder
from scrapy_leakwatch.crawl.own_folder import OwnFolder

LATER = 3600.0
HOLD = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from scrapy_leakwatch.crawl.own_folder import OwnFolder
folder = OwnFolder()
(folder.path / "record.jsonl").write_text("{}")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def later(monkeypatch):
    now = own_folder.time.time
    monkeypatch.setattr(own_folder.time, "time", lambda: now() + LATER)


def test_a_folder_of_a_live_process_stays_and_that_of_a_killed_one_goes(
    folder, later
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        held = process.stdout.readline().strip()
        own_folder.sweep()
        assert os.listdir(held) == ["record.jsonl"]
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert os.path.exists(held)
        own_folder.sweep()
    assert os.listdir(folder) == []


def test_a_folder_is_swept_by_the_next_crawl_and_goes_with_its_own(
    folder, later
) -> None:
    left = folder / f"{own_folder.PREFIX}abc"
    left.mkdir()
    mine, other = OwnFolder(), OwnFolder()
    assert not left.exists()
    assert mine.path.exists()
    assert other.path.exists()
    mine.cleanup()
    other.cleanup()
    assert os.listdir(folder) == []


def test_a_folder_that_was_only_just_made_is_left_alone(folder) -> None:
    made = folder / f"{own_folder.PREFIX}abc"
    made.mkdir()
    own_folder.sweep()
    assert made.exists()


def test_links_files_and_what_has_another_name_are_left_alone(folder, later) -> None:
    (folder / "theirs").mkdir()
    (folder / "leakwatch-abc").mkdir()
    (folder / f"{own_folder.PREFIX}link").symlink_to("theirs")
    (folder / f"{own_folder.PREFIX}file").write_text("")
    before = sorted(os.listdir(folder))
    own_folder.sweep()
    assert sorted(os.listdir(folder)) == before


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs users")
def test_a_folder_of_another_user_is_left_alone(folder, later, monkeypatch) -> None:
    left = folder / f"{own_folder.PREFIX}abc"
    left.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: left.stat().st_uid + 1)
    own_folder.sweep()
    assert left.exists()


def test_no_more_than_so_many_entries_are_looked_at(folder, later, monkeypatch) -> None:
    monkeypatch.setattr(own_folder, "MOST", 3)
    for number in range(5):
        (folder / f"{own_folder.PREFIX}{number}").mkdir()
    own_folder.sweep()
    assert len(os.listdir(folder)) == 2
