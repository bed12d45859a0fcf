"""Python 3.12 shows what it has freed: whoever looks must not take it up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scrapy_leakwatch import explain

LOOK = """
import asyncio, contextlib, faulthandler, gc, sys
from scrapy_leakwatch.foundation import free_list

async def main():
    futures = [asyncio.get_running_loop().create_future() for _ in range(20)]
    used = [iter(future) for future in futures]

faulthandler.dump_traceback_later(20, exit=True)
asyncio.run(main())
with {}:
    for _ in range(2):
        {}
gc.collect()
"""
GUPPY = "import guppy; guppy.hpy().heap()"
OF_IT = "gc.get_referents(sys.modules['_asyncio'])"


def looks(within: str, look: str) -> bool:
    """Tell whether a process comes to its end in which somebody looks so."""
    code = LOOK.format(within, look)
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    return done.returncode == 0


@pytest.mark.parametrize(
    "look",
    [
        OF_IT,
        pytest.param(
            GUPPY,
            marks=pytest.mark.skipif(
                bool(explain.guppy_missing()), reason="there is no Guppy here"
            ),
        ),
    ],
)
def test_a_collection_after_a_look_comes_to_its_end(look) -> None:
    assert looks("free_list.emptied()", look)


@pytest.mark.skipif(
    sys.version_info[:3] != (3, 12, 1), reason="where that was seen: Python 3.12.1"
)
def test_without_it_the_collection_never_ends() -> None:
    assert not looks("contextlib.nullcontext()", OF_IT)
