"""What is said of one check."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """What was found; where that is not all well, the cause and the remedy."""

    found: str
    cause: str = ""
    remedy: str = ""
