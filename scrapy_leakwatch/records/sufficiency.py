"""Why a crawl was watched too briefly to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lack = Literal["samples", "responses", "end", "growth"]
"""What a crawl has too little of.

``samples``, and ``responses`` after the first ones, for the rules to judge it.
``end``: it did not close. ``growth``: what leaked before could not have grown to
what it takes.
"""


@dataclass(frozen=True, slots=True)
class TooLittle:
    """What a crawl lacks: it had ``count`` samples or responses.

    The rules need ``needed`` of them, of samples ``warm_up`` are for the start; of
    ``growth``, so many objects of the ``subject``, which grew by ``rate`` per 1,000
    responses. ``interval`` is that of the samples in seconds, None where the
    recording does not say.
    """

    lack: Lack
    count: int = 0
    needed: int = 0
    warm_up: int = 0
    interval: float | None = None
    subject: str = ""
    rate: float = 0.0
