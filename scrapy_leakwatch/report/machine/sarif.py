"""The answer in the form that code scanners share: SARIF 2.1.0, of OASIS."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scrapy_leakwatch.report.kinds import KINDS
from scrapy_leakwatch.report.machine.answer import in_words

if TYPE_CHECKING:
    from scrapy_leakwatch.report.kinds.kind import KindWords

_LEVELS = {"act": "error", "look": "note", "accepted": "note"}


def sarif(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a document of `answer` as the log of one run, with a result each."""
    rules = [kind for kind in KINDS if kind.name != "recovered"]
    driver = {
        "name": "scrapy-leakwatch",
        "version": answer["leakwatch"],
        "rules": [_rule(kind) for kind in rules],
    }
    return {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each) for each in answer["answers"]],
                "properties": {
                    "spider": answer["spider"],
                    "outcome": answer["outcome"],
                    "summary": answer["summary"],
                    "prove": answer["prove"],
                },
            }
        ],
    }


def _rule(kind: KindWords) -> dict[str, Any]:
    return {"id": kind.name, "shortDescription": {"text": kind.title}}


def _result(each: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": each["verdict"],
        "level": _LEVELS[each["level"]],
        "message": {"text": in_words(each)},
        "locations": [_location(each)] if each["file"] else [],
        "properties": {
            name: each[name]
            for name in ("owner", "holder", "path", "bytes", "count", "growth", "code")
            if each[name] is not None
        },
    }
    if each["signature"]:
        result["partialFingerprints"] = {"leakwatch/v1": each["signature"]}
    if each["level"] == "accepted":
        result["suppressions"] = [{"kind": "external"}]
    return result


def _location(each: dict[str, Any]) -> dict[str, Any]:
    uri = quote(PurePath(each["file"]).as_posix())
    region: dict[str, Any] = {"startLine": each["line"]}
    if each["code"]:
        region["snippet"] = {"text": each["code"]}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
