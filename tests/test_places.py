"""Where code is, told also in places where not much is left of the file system."""

from __future__ import annotations

import os

import pytest

from scrapy_leakwatch.foundation import places


@pytest.fixture
def folder_is_gone(monkeypatch, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    places._real_folder.cache_clear()
    places.origin_of_file.cache_clear()
    yield
    places._real_folder.cache_clear()
    places.origin_of_file.cache_clear()


def test_a_file_is_told_as_it_is_typed_in_the_working_directory(
    monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert places.relative(str(tmp_path / "shop" / "spiders.py")) == os.path.join(
        "shop", "spiders.py"
    )
    assert places.relative("shop/spiders.py") == "shop/spiders.py"


@pytest.mark.usefixtures("folder_is_gone")
def test_a_file_is_told_where_the_working_directory_is_gone() -> None:
    assert places.relative("/srv/shop/spiders.py") == "spiders.py"
    assert places.relative("shop/spiders.py") == "spiders.py"
    assert places.origin_of_file("nowhere/spiders.py") == "project"
