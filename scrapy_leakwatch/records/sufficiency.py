"""Why a crawl was watched too briefly, or too badly, to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lack = Literal["looks", "samples", "responses", "end", "growth"]
"""What a crawl has too little of.

``looks``: too many of them failed, so it is as good as unwatched.
``samples``, and ``responses`` after the first ones, for the rules to judge it.
``end``: it did not close. ``growth``: what leaked before could not have grown to
what it takes.
"""


@dataclass(frozen=True, slots=True)
class Looks:
    """How often a crawl was to be looked at, and how many of these looks failed.

    ``reason`` is the error of the last that did.
    """

    due: int = 0
    failed: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much was seen of a crawl, to tell what it could have shown.

    ``received`` responses after the first ones, None where it is not known; on
    ``least`` held objects somebody is accused. ``complete``: it closed.
    """

    complete: bool
    received: int | None
    least: int


@dataclass(frozen=True, slots=True)
class TooLittle:
    """What a crawl lacks: it had ``count`` samples or responses.

    The rules need ``needed`` of them, of samples ``warm_up`` are for the start; of
    ``growth``, so many objects of the ``subject``, which grew by ``rate`` per 1,000
    responses. Of ``needed`` looks ``count`` did not fail, and ``subject`` is the error
    of the last that did. ``interval`` is that of the samples in seconds, None where
    the recording does not say.
    """

    lack: Lack
    count: int = 0
    needed: int = 0
    warm_up: int = 0
    interval: float | None = None
    subject: str = ""
    rate: float = 0.0
