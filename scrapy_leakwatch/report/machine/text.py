"""The same answer for people: the verdicts, and of each what it takes to act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.report.amounts import count, size
from scrapy_leakwatch.report.lines import ALARMING, FAINT, HEADING, TOLD, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

_STYLES = {"act": ALARMING, "look": TOLD, "accepted": FAINT}


def text(answer: dict[str, Any]) -> Iterator[Line]:
    """Yield the lines of a document of `answer`."""
    for each in answer["answers"]:
        first, *others = rows(each)
        yield Line(first, _STYLES[each["level"]])
        yield from map(Line, others)
        yield Line()
    if answer["left_out"]:
        yield Line(f"{count(answer['left_out'])} more were left out", FAINT)
    yield Line(answer["summary"], HEADING)
    if answer["answers"]:
        yield Line(f"To see whether a fix helps: {answer['prove']}", FAINT)


def rows(each: dict[str, Any]) -> Iterator[str]:
    """Yield what one answer says, then a row for each thing that it takes to act."""
    accepted = " (accepted)" if each["level"] == "accepted" else ""
    yield f"{each['verdict'].upper()}{accepted}: {each['message']}"
    for name, said in _named(each):
        yield f"  {name:<9} {said}"


def _named(each: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if each["path"]:
        yield "path", each["path"]
    elif each["owner"]:
        yield "owner", each["owner"]
    if each["location"]:
        likely = "likely " if each["likely"] else ""
        yield "put there", f"{likely}{each['location']}  {each['code'] or ''}".rstrip()
    if each["bytes"]:
        yield "costs", size(each["bytes"])
    if each["fix"]:
        yield "fix", each["fix"]
