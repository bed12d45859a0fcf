"""Tells which verdicts a person knows and accepts: ``LEAKWATCH_SUPPRESS``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Explanation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy_leakwatch.records import Unexplained, Verdict


def is_accepted(
    verdict: Verdict,
    found: Explanation | Unexplained | None,
    globs: tuple[str, ...],
    min_objects: int,
) -> bool:
    """Tell whether everybody who is to blame is known and accepted.

    One of several holders counts when he has ``min_objects`` by himself.
    """
    if not globs or not isinstance(found, Explanation):
        return False
    blamed = [(found.holder, found.signature)]
    if found.counts.examined:
        each = verdict.unaccounted / found.counts.examined
        blamed += [
            (other.holder, other.signature)
            for other in found.others
            if other.held * each >= min_objects
        ]
    return all(_matches(names, globs) for names in blamed)


def _matches(names: Iterable[str], globs: tuple[str, ...]) -> bool:
    return any(
        # A holder such as Request.meta['referer'] has brackets, and means them.
        fnmatchcase(name, glob.replace("[", "[[]"))
        for name in names
        for glob in globs
    )
