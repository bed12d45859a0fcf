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


def test_without_guppy_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(guppy, "hpy", None)
    assert (
        result_of(profile_in_child(1)) == "Guppy is not installed: pip install guppy3"
    )
