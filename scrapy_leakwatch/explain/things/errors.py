"""Errors, which know where they came through."""

from __future__ import annotations

from types import FrameType, TracebackType

from scrapy_leakwatch.explain.things.kind import ThingKind, of, says
from scrapy_leakwatch.foundation import anatomy

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
        lambda obj: anatomy.is_a(obj, BaseException, TracebackType, FrameType),
        says(
            "keep str(error) in {where}, not the {thing}: a traceback keeps the"
            " variables of each function that the error came through"
        ),
        heavy=True,
        holds=True,
    ),
)
