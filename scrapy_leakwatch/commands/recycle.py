"""``scrapy leakwatch run --recycle``: a crawl in several processes, one after another."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy_leakwatch.commands.exits import CommandError
from scrapy_leakwatch.recycle.plan import GOES_ON, REFUSED, End, Plan, end_of
from scrapy_leakwatch.recycle.store import NAME, Store
from scrapy_leakwatch.report.ending import signal_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from scrapy.settings import BaseSettings

MOST_IN_VAIN = 3
"""Processes in a row that receive no page before the whole is given up."""
_UNITS = {"": 1, "K": 1 / 1024, "M": 1, "G": 1024}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]?)I?B?", re.IGNORECASE)


class Part(NamedTuple):
    """What one process did: ``status`` as `subprocess` has it, ``end`` if it closed."""

    number: int
    status: int
    end: End | None
    received: int


def megabytes(text: str) -> float:
    """Return mebibytes of a size such as ``600M`` or ``1.5G``; raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0:
        raise ValueError(text)
    number = float(found[1]) * _UNITS[found[2].upper()]
    return number if found[2] else number / (1024 * 1024)
