"""Where a crawl writes, in each state."""

from __future__ import annotations

import errno
import os

from scrapy_leakwatch.doctor import keeping
from tests.doctor.examining import of


def test_a_folder_that_is_a_file_can_not_be_written_to(tmp_path) -> None:
    (tmp_path / "file").touch()
    record = str(tmp_path / "file" / "below" / "r.jsonl")
    found = keeping.recording(of(LEAKWATCH_RECORD=record))
    assert (found.level, found.of) == ("no", "LEAKWATCH_RECORD")
    assert found.failed == os.strerror(errno.ENOTDIR)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path) -> None:
    found = keeping.report(of(LEAKWATCH_REPORT=str(tmp_path)))
    assert (found.level, found.failed) == ("no", "a folder")


def test_a_full_disk_is_told(tmp_path, monkeypatch) -> None:
    found = keeping.place(tmp_path / "new")
    assert (found.level, found.folder) == ("ok", str(tmp_path / "new"))
    monkeypatch.setattr(keeping, "LEAST_FREE", found.free * 2)
    assert keeping.place(tmp_path).level == "limited"
    assert not list(tmp_path.iterdir())


def test_without_a_recording_that_of_the_command_run_is_told(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = keeping.recording(of())
    assert (found.folder, found.of) == (str(tmp_path / "leakwatch"), "")


def test_a_missing_folder_for_temporary_files_is_told(monkeypatch) -> None:
    def none():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory")

    monkeypatch.setattr(keeping.tempfile, "gettempdir", none)
    assert keeping.temporary_files(of()).level == "no"
