"""A resource as it is found, before it is known whose it is."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.records import ResourceKind


@dataclass(frozen=True, slots=True)
class Found:
    """A live resource; never leaves the process, nor the turn it was found in.

    ``uses`` are the callables and objects that it will call or serve,
    ``hints`` the names by which the source speaks of them.
    """

    kind: ResourceKind
    thing: Any
    what: str
    uses: tuple[Any, ...] = ()
    hints: frozenset[str] = frozenset()
    remaining_s: float | None = None


def installed_reactor() -> Any:
    """Return Twisted's reactor, None where none is installed; installs none."""
    return sys.modules.get("twisted.internet.reactor")


def event_loop() -> Any:
    """Return asyncio's loop, the reactor's or the running one, None without one."""
    loop = anatomy.attribute(installed_reactor(), "_asyncioEventloop")
    return asyncio._get_running_loop() if loop is None else loop
