"""What a kind of object is that holds more than the collector shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from collections.abc import Callable

Held = tuple[int, list[Any]]
"""Bytes beyond what ``__sizeof__`` told, and the objects held."""

NOTHING: Held = (0, [])


@dataclass(frozen=True, slots=True)
class OpaqueKind:
    """Classes by their import paths, and how to look into their instances.

    ``parts`` returns what the bytes of an object are of, in a word, and how many.
    ``opener`` returns a function for one heap, which gets the class at the path and
    an object of it or of a subclass. What can't be told for sure is `NOTHING`, and
    so is any error of these: AttributeError, TypeError, ValueError, OverflowError,
    OSError.
    """

    paths: tuple[str, ...]
    opener: Callable[[], Callable[[type, Any], Held]]
    parts: Callable[[Any], tuple[str, int] | None] | None = None


def field(cls: type, obj: Any, name: str) -> Any:
    """Return an attribute that ``cls`` has in C; anything else is a TypeError."""
    descriptor = anatomy.namespace(cls).get(name)
    if not anatomy.is_descriptor(descriptor):
        raise TypeError(name)
    return descriptor.__get__(obj)  # type: ignore[union-attr]
