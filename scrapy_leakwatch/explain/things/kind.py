"""What a kind of thing is that crawls keep, and how some that are kept are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.explain.containers.contents import Form


@dataclass(frozen=True, slots=True)
class Kept:
    """Things of one kind and where they are: for use inside the child only.

    ``where`` is the reader's name for what they are in, ``form`` what that is, and
    ``things`` are some of them.
    """

    where: str
    form: Form
    things: tuple[Any, ...]

    @property
    def name(self) -> str:
        """Return what they are called."""
        return redact.text(anatomy.name(type(self.things[0])), 60)


@dataclass(frozen=True, slots=True)
class ThingKind:
    """How things of one kind are recognised, and what helps where they are kept.

    ``fix`` returns one sentence that is true whatever they are kept for. ``heavy``: a
    thing is told as well where it is only a part of what is kept. ``holds``: it may
    have to go for what it holds to go.
    """

    is_one: Callable[[Any], bool]
    fix: Callable[[Kept], str]
    heavy: bool = False
    holds: bool = False


def of(*classes: str) -> Callable[[Any], bool]:
    """Return what tells instances of classes by their paths, and of subclasses."""
    return lambda obj: anatomy.inherits(obj, *classes)


def says(sentence: str) -> Callable[[Kept], str]:
    """Return a fix that is always this, with ``{thing}`` and ``{where}`` filled in."""
    return lambda kept: sentence.format(thing=kept.name, where=kept.where)
