"""What is known of a holder in plain words, and how to speak of what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders.anchor import HolderKind
    from scrapy_leakwatch.explain.naming.reference_path import StartKind
    from scrapy_leakwatch.records import Origin


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a holder, in plain words.

    ``names`` are the attributes and keys on it, such as ``meta`` and the first key
    there. ``held`` is the class right behind the holder's edge, ``callback`` what
    the holding requests call. ``owner`` is where the anchor itself hangs. ``thing`` is
    what helps where they hang on a thing that has to go itself.
    """

    kind: HolderKind
    holder: str
    owner: str
    origin: Origin
    held: str
    start: StartKind = "component"
    names: tuple[str, ...] = ()
    variable: str = ""
    function: str = ""
    callback: str = ""
    container: str = ""
    thing: str = ""
    through_error: str = ""
    chain: bool = False


def thing_and_part(held: str) -> tuple[str, str]:
    """Return what to call the held object, and what to keep instead of it."""
    if "Selector" in held:
        return "selector", "selector.get()"
    if held.endswith("Loader"):
        return "item loader", "loader.load_item()"
    if held.endswith("Request"):
        return "request", "request.url"
    if held.endswith("Response"):
        return "response", "response.url"
    return held or "object", OF_ANY


AT_EXIT = (
    "Python keeps what atexit is to call until the process ends: register one function"
    " for the whole crawl, or atexit.unregister() each when its work is done"
)
OF_ANY = "its url or id"
"""What to keep of something of which nothing is known; it may be an item."""


def bare(name: str) -> str:
    """Return ``name`` without its indexes and enclosing functions."""
    return name.partition("[")[0].rpartition("<locals>.")[2]
