"""A disk that is full: the crawl closes, and the next process loses nothing."""

from __future__ import annotations

import sqlite3

import pytest

from scrapy_leakwatch.recycle.store import Store


@pytest.fixture
def full(tmp_path):
    """A store that may not grow, with one request committed."""
    store = Store(tmp_path)
    store.add("q", b"one")
    store.commit()
    store._db.execute("PRAGMA max_page_count = 1")  # as many as it has already
    yield store
    store._db.close()


def test_nothing_is_written_after_a_failure(full, tmp_path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="full"):
        full.add("q", b"x" * 1_000_000)
    assert "full" in full.failed
    full.take(1)
    full.done(1)
    full.note("end", "fine")
    full.commit()
    full.roll_back()
    full.close()
    store = Store(tmp_path)
    assert store.pending() == store.waiting("q") == 1
    assert store.noted("end") is None
    store.close()
