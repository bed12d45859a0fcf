"""One row: a fault, where it strikes, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tests.faults.moments import Moments

ALL = frozenset({"status", "reasons", "pages", "items"})
"""What a crawl under a fault must have in common with its twin."""
ENDING = frozenset({"status", "reasons"})
"""The same where the fault ends the crawl: how far it came is chance."""
STATUS = frozenset({"status"})
LEAK = frozenset({"leak"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault and its promises.

    ``strike`` is called before Scrapy is set up, and says what is to happen later.
    ``spider`` and ``settings`` are the crawl, ``flags`` and ``environment`` its
    Python's (None: without that variable); ``crawls`` go on in one process, one after
    the other or ``at_once``.

    ``same`` is what both twins must have in common. ``told`` are the verdicts of which
    one must be reached (none: it is not asked for). Of a crawl that is ``blind``
    LeakWatch sees too little to call it healthy. Where the end is ``unheard`` a child
    may still be at work, which ends by itself. ``says`` are the beginnings of the
    errors that LeakWatch may log, each once, and no other.
    ``leaves`` are patterns of the files that may be there in the end, and ``then``
    looks at the crawl's folder and says what is wrong with it.
    """

    name: str
    story: str
    strike: Callable[[Moments], None] | None = None
    spider: str = "Leaking"
    settings: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)
    crawls: int = 1
    at_once: bool = False
    same: frozenset[str] = ALL
    told: frozenset[str] = frozenset()
    blind: bool = False
    unheard: bool = False
    says: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    then: Callable[[Path], Iterable[str]] | None = None
    reactor: str | None = None
    needs: tuple[str, ...] = ()
