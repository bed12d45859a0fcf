"""How a file is put where others may write too."""

from __future__ import annotations

import os
import stat

import pytest

from scrapy_leakwatch.foundation.files import OccupiedError, put


def is_ours(head: bytes) -> bool:
    return head.startswith(b"ours")


@pytest.mark.parametrize("earlier", [None, b"", b"ours, of yesterday"])
def test_what_is_absent_empty_or_ours_gives_way(tmp_path, earlier) -> None:
    path = tmp_path / "deep" / "file"
    if earlier is not None:
        path.parent.mkdir()
        path.write_bytes(earlier)
        path.chmod(0o666)
    put(path, b"ours, of today", is_ours)
    assert path.read_bytes() == b"ours, of today"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["file"]


def test_a_file_of_somebody_else_stays(tmp_path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"theirs")
    with pytest.raises(OccupiedError):
        put(path, b"ours", is_ours)
    assert path.read_bytes() == b"theirs"


@pytest.mark.parametrize("target", ["theirs", "ours", "absent", "/dev/null", "."])
def test_a_link_is_not_followed(tmp_path, target) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "ours").write_bytes(b"ours, of yesterday")
    path = tmp_path / "link"
    path.symlink_to(target)
    with pytest.raises(OccupiedError) as raised:
        put(path, b"ours", is_ours)
    assert raised.value.strerror == "a link"
    assert path.is_symlink()
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert (tmp_path / "ours").read_bytes() == b"ours, of yesterday"
    assert sorted(os.listdir(tmp_path)) == ["link", "ours", "theirs"]


def test_a_link_that_comes_after_the_look_is_not_followed(
    tmp_path, monkeypatch
) -> None:
    (tmp_path / "theirs").write_bytes(b"ours, it seems")
    (tmp_path / "link").symlink_to("theirs")
    plain = os.stat(tmp_path / "theirs")
    monkeypatch.setattr(os, "lstat", lambda path: plain)
    with pytest.raises(OSError, match="symbolic links"):
        put(tmp_path / "link", b"ours", is_ours)


def test_another_name_of_the_same_file_keeps_what_it_had(tmp_path) -> None:
    (tmp_path / "theirs").write_bytes(b"ours, of yesterday")
    os.link(tmp_path / "theirs", tmp_path / "file")
    put(tmp_path / "file", b"ours, of today", is_ours)
    assert (tmp_path / "theirs").read_bytes() == b"ours, of yesterday"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OccupiedError, match="a pipe"):
        put(tmp_path / "pipe", b"ours", is_ours)


def test_a_device_or_folder_is_left_alone(tmp_path) -> None:
    for path, what in ((tmp_path, "a folder"), (tmp_path / "/dev/null", "a device")):
        with pytest.raises(OccupiedError, match=what):
            put(path, b"ours", is_ours)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_on_a_full_disk_the_earlier_file_stays(tmp_path, monkeypatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"ours, of yesterday")
    opened = os.fdopen

    def full(fd, mode):
        os.dup2(os.open("/dev/full", os.O_WRONLY), fd)
        return opened(fd, mode)

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        put(path, b"ours, of today" * 10_000, is_ours)
    assert path.read_bytes() == b"ours, of yesterday"
    assert os.listdir(tmp_path) == ["file"]
