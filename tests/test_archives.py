"""Source lines of a project that runs from an egg."""

from __future__ import annotations

import time
import zipfile

import pytest

from scrapy_leakwatch.foundation import archives


@pytest.fixture
def egg(tmp_path):
    path = tmp_path / "shop.egg"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("shop/spiders/one.py", "x = 1\n")
    return path


def test_a_file_in_an_egg_is_read_as_any_other(egg, tmp_path) -> None:
    inside = str(egg / "shop" / "spiders" / "one.py")
    later = time.time() + 1
    assert archives.read(inside, 100, until=later) == b"x = 1\n"
    assert archives.read(inside, 2, until=later) == b""
    assert archives.read(inside, 100, until=0) == b""
    beside = tmp_path / "two.py"
    beside.write_text("y = 2")
    assert archives.read(str(beside), 100, until=later) == b"y = 2"
    assert archives.read(str(beside), 2, until=later) == b""
    assert archives.read(str(beside), 100, until=0) == b""


def test_what_is_no_archive_or_not_in_it_is_refused(egg, tmp_path) -> None:
    (tmp_path / "text").write_text("no archive")
    for path in (
        egg / "shop" / "two.py",
        tmp_path / "text" / "x.py",
        tmp_path / "none",
    ):
        with pytest.raises(OSError, match=r"none|can't read"):
            archives.read(str(path), 100, until=time.time() + 1)
