"""Errors, which know where they came through."""

from __future__ import annotations

from scrapy_leakwatch.explain.things.kind import ThingKind, of, says

KINDS = (
    ThingKind(
        of("twisted.python.failure.Failure"),
        says(
            "keep failure.getErrorMessage() in {where}, not the {thing}: it keeps its"
            " exception, and that what it came through, such as the response"
        ),
        heavy=True,
        holds=True,
    ),
    ThingKind(
        of(
            "builtins.BaseException",
            "builtins.traceback",
            "builtins.frame",
        ),
        says(
            "keep str(error) in {where}, not the {thing}: a traceback keeps the"
            " variables of each function that the error came through"
        ),
        heavy=True,
        holds=True,
    ),
)
