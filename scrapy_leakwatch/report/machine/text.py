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
        accepted = " (accepted)" if each["level"] == "accepted" else ""
        verdict = f"{each['verdict'].upper()}{accepted}: {each['message']}"
        yield Line(verdict, _STYLES[each["level"]])
        for name, said in _rows(each):
            yield Line(f"  {name:<9} {said}")
        yield Line()
    if answer["left_out"]:
        yield Line(f"{count(answer['left_out'])} more were left out", FAINT)
    yield Line(answer["summary"], HEADING)
    if answer["answers"]:
        yield Line(f"To see whether a fix helps: {answer['prove']}", FAINT)


def _rows(each: dict[str, Any]) -> Iterator[tuple[str, str]]:
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
