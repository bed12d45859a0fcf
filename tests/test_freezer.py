from __future__ import annotations

import gc

import pytest

from scrapy_leakwatch.foundation.freezer import Freezer
from scrapy_leakwatch.observe.full_collections import FullCollections


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


def test_old_objects_are_frozen_until_nobody_needs_it() -> None:
    freezer = Freezer()
    freezer.freeze()
    freezer.freeze()
    freezer.thaw()
    assert freezer.frozen
    assert gc.get_freeze_count() > 0
    freezer.thaw()
    assert not freezer.frozen
    assert gc.get_freeze_count() == 0


def test_what_others_froze_stays_frozen() -> None:
    gc.freeze()
    freezer = Freezer()
    freezer.freeze()
    assert not freezer.frozen
    freezer.thaw()
    assert gc.get_freeze_count() > 0


def test_a_collection_that_passes_over_old_objects_shows_no_floor(monkeypatch) -> None:
    freezer = Freezer()
    monkeypatch.setattr("scrapy_leakwatch.observe.full_collections.freezer", freezer)
    seen = FullCollections(lambda: "a floor")
    seen.start()
    try:
        gc.collect()
        assert seen.drain() == ("a floor",)
        freezer.freeze()
        gc.collect()
        assert seen.drain() == ()
        freezer.thaw()
        gc.collect()
        assert seen.drain() == ("a floor",)
    finally:
        seen.stop()
    gc.collect()
    assert seen.drain() == ()
