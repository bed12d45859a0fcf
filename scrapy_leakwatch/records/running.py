"""Crawls that run on this machine, for who looks at all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["asked", "answers", "silent", "failed"]
"""Whether a crawl answers: it was not asked yet, or does, or does not in time, or its
answer is an error."""


@dataclass(frozen=True, slots=True)
class WorstLeak:
    """The worst verdict that stands in a crawl; text that is not known is empty."""

    kind: str
    subject: str
    holder: str
    location: str
    signature: str


@dataclass(frozen=True, slots=True)
class Running:
    """A crawl that runs. ``started`` in seconds of the epoch, ``rss`` in bytes.

    ``outcome`` is what it comes to so far, as in the answer of ``why``, None where
    nobody watches it; ``reason`` is the error of one that ``failed``. What it said last
    stays where it is ``silent`` since. None is what is not known.
    """

    id: str
    project: str
    spider: str
    pid: int
    started: float
    state: State = "asked"
    rss: int | None = None
    responses: int | None = None
    outcome: str | None = None
    worst: WorstLeak | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unasked:
    """A process that seems to crawl and can't be asked.

    It is of another ``user``; of this one (None), and has no remote control.
    """

    pid: int
    user: str | None
