"""What becomes of a suspicion once somebody has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import backlog, hoards, leaks

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.judge.case import Case
    from scrapy_leakwatch.records import (
        Explanation,
        Kind,
        Suspicion,
        Unexplained,
        Verdict,
    )

    Found = Explanation | Unexplained | None

RULES: dict[Kind, Callable[[Suspicion, Found, Case], Verdict | None]] = {
    "leak": leaks.verdict_on,
    "hoard": hoards.verdict_on,
    "backlog": backlog.verdict_on,
}
"""By what was suspected."""


def verdict_on(suspicion: Suspicion, found: Found, case: Case) -> Verdict | None:
    """Return the verdict, None where the suspicion was not borne out.

    ``found`` is None where nobody was to look.
    """
    return RULES[suspicion.kind](suspicion, found, case)
