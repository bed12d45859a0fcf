"""Makes one value of those that several crawls of a process have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from scrapy_leakwatch.records import Numbers

    Read = Callable[[Numbers], Mapping[str, float]]
    Fold = Callable[[Iterable[float]], float]


def one(value: float | None) -> dict[str, float]:
    """Return a value that is of nothing in particular, nothing where it is unknown."""
    return {} if value is None else {"": value}


def folded(
    crawls: Iterable[Numbers], read: Read, fold: Fold
) -> dict[tuple[str, str, str], float]:
    """Return what is read of some crawls, by project, spider and what it is of.

    ``fold`` makes one value of those of several crawls with the same project and
    spider: what is counted for each is added up, what is seen of their process is the
    same for all.
    """
    values: dict[tuple[str, str, str], list[float]] = {}
    for numbers in crawls:
        for of, value in read(numbers).items():
            values.setdefault((numbers.project, numbers.spider, of), []).append(value)
    return {key: fold(each) for key, each in values.items()}
