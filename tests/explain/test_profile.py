"""Guppy's profile, on demand, from a child."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from asking_helpers import result_of

from scrapy_leakwatch.explain import profile_in_child
from scrapy_leakwatch.explain.answers import guppy

SCRIPT = textwrap.dedent(
    """
    import time
    from scrapy.http import HtmlResponse
    from scrapy_leakwatch.explain import profile_in_child

    kept = [HtmlResponse("http://shop.example/") for _ in range(50)]
    for via in (None, HtmlResponse):
        asked = profile_in_child(60, via)
        while (found := asked.poll()) is None:
            time.sleep(0.01)
        print(found.text, found.child_memory_bytes > 0)
    """
)


def test_the_heap_is_listed_by_type_and_a_class_by_what_refers_to_it():
    pytest.importorskip("guppy")
    # A process of its own: Guppy does ask objects, hostile ones included.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Partition of a set" in done.stdout
    assert "Partition of a set of 50 objects" in done.stdout
    assert "Referred Via" in done.stdout


@pytest.mark.parametrize(
    ("first_without", "reason"),
    [
        ((99,), "Guppy is not installed (pip install guppy3)"),
        ((3, 10), "Guppy has no release for Python {0.major}.{0.minor}"),
    ],
)
def test_without_guppy_it_says_why(monkeypatch, first_without, reason):
    monkeypatch.setitem(sys.modules, "guppy", None)
    monkeypatch.setattr(guppy, "WITHOUT_RELEASE", first_without)
    assert result_of(profile_in_child(1)) == reason.format(sys.version_info)


def test_watching_a_crawl_does_not_load_guppy():
    code = (
        "import sys, scrapy_leakwatch; scrapy_leakwatch.LeakWatch; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "scrapy_leakwatch.remote.console" in loaded
    assert "guppy" not in loaded
