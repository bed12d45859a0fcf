from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from scrapy_leakwatch.foundation.freezer import OF_THE_INTERPRETER, Freezer
from scrapy_leakwatch.observe.full_collections import FullCollections


@pytest.fixture(autouse=True)
def thawed():
    gc.unfreeze()  # Python's immortal objects
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


def test_what_the_interpreter_froze_keeps_nobody_from_it() -> None:
    begun = "import gc; gc.collect(); print(gc.get_freeze_count()); "
    frozen = (
        "from scrapy_leakwatch.foundation.freezer import freezer;"
        " freezer.freeze(); print(freezer.frozen)"
    )
    done = subprocess.run(
        [sys.executable, "-c", begun + frozen],
        capture_output=True,
        text=True,
        check=True,
    )
    count, is_frozen = done.stdout.split()
    assert int(count) < OF_THE_INTERPRETER
    assert is_frozen == "True"


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
