"""What a crawl was told, and what was dismissed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Explanation, Suspicion, Unexplained, Verdict


class Key(NamedTuple):
    """What a verdict is on, by which rule it is judged and its name there.

    ``samples``: what they count, as a suspicion is ``judged_as``. ``weight``: a path
    of the bills. ``left``: what a look after the crawl found, by its kind and
    signature. ``rising``: memory that nobody can be named for.
    """

    rule: Literal["samples", "weight", "left", "rising"]
    name: str = ""


RISING = Key("rising")


class Standing(NamedTuple):
    """A verdict, the responses received when it was reached, and its price.

    ``held`` is how many of its subject there were by then: more than it counts,
    where the look took long. ``bytes_per_min`` is what its growth accounts for, 0
    where nobody knows.
    """

    verdict: Verdict
    received: int
    held: int
    bytes_per_min: float = 0.0


class Dismissed(NamedTuple):
    """A suspicion not borne out, and how many times as many make it news again.

    ``failed`` is all that was found where no child could look; ``received`` counts the
    responses by then.
    """

    suspicion: Suspicion
    again: float
    received: int = 0
    failed: Explanation | Unexplained | None = None


def is_inside(holder: str, container: str) -> bool:
    """Tell whether a path leads on from another; into a library it has a mark."""
    holder, container = holder.replace(" › ", "."), container.replace(" › ", ".")
    return holder == container or holder.startswith((f"{container}.", f"{container}["))
