"""The answer to "why does it leak?", as one small JSON document.

Its form is in ``why.schema.json``, which `schema` returns.
"""

from __future__ import annotations

import json
import shlex
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import scrapy_leakwatch
from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.records import ALARMS, Explanation
from scrapy_leakwatch.report import kinds, known, terminal
from scrapy_leakwatch.report.block import whole_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy_leakwatch.records import Crawl, Told, TooLittle, Verdict

SCHEMA = 1
LARGEST = 8_000
"""Bytes of the document as it is printed."""
LONGEST, LONG, SHORT = 2_000, 400, 150
"""Characters of a text in it: as many as leave room for all answers."""
UNCUT = frozenset({"spider", "recording", "prove", "location", "file", "signature"})
"""The half of these is worse than none."""

Outcome = Literal["leaks", "told", "healthy", "too_little", "unwatched"]
"""What a crawl comes to, as the exit code of ``run``.

``told``: something stands that nobody must act on. ``too_little`` was measured for the
rules to judge, or too many looks failed (``unwatched``).
"""


def answer(crawl: Crawl, too_little: TooLittle | None) -> dict[str, Any]:
    """Return the verdicts that stand, the worst first, with what to do about each.

    The document is at most `LARGEST` bytes as `printed`: texts are cut first, then the
    least are left out, and counted. A crawl that was recorded nowhere, which a later
    one could be compared with, has no path.
    """
    standing = [
        told
        for told in kinds.by_severity(crawl.standing)
        if told.verdict.kind != "recovered"
    ]
    run = crawl.run
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "leakwatch": scrapy_leakwatch.__version__,
        "spider": run.spider,
        "project": run.project,
        "recording": str(crawl.path) if crawl.path.name else None,
        "complete": crawl.complete,
        "responses": terminal.received(crawl),
        "samples": crawl.samples,
        "outcome": _outcome(standing, too_little),
        "summary": terminal.conclusion(crawl, too_little).text,
        "prove": _proof(crawl),
    }
    return _fitted(document, [_of(told) for told in standing])


def printed(document: Any) -> str:
    """Return what is for programs as it is printed."""
    return json.dumps(document, indent=2, allow_nan=False)


def schema() -> str:
    """Return the JSON Schema of the document."""
    file = files("scrapy_leakwatch.report.machine") / "why.schema.json"
    return file.read_text(encoding="utf-8")


def level(verdict: Verdict) -> Literal["act", "look", "accepted"]:
    """Return what a verdict asks for."""
    if verdict.suppressed:
        return "accepted"
    return "act" if verdict.kind in ALARMS else "look"


def in_words(each: dict[str, Any]) -> str:
    """Return what one answer of a document says, and its fix."""
    fix = f" Fix: {each['fix']}." if each["fix"] else ""
    return f"{each['message']}.{fix}"


def _outcome(standing: Iterable[Told], too_little: TooLittle | None) -> Outcome:
    levels = {level(told.verdict) for told in standing}
    if "act" in levels:
        return "leaks"
    if too_little is not None:
        return "unwatched" if too_little.lack == "looks" else "too_little"
    return "told" if "look" in levels else "healthy"


def _of(told: Told) -> dict[str, Any]:
    verdict = told.verdict
    in_bytes = verdict.in_bytes
    return {
        "verdict": verdict.kind,
        "level": level(verdict),
        "confidence": verdict.confidence,
        "id": verdict.id or None,
        "cause": verdict.cause,
        "signature": verdict.signature,
        "subject": verdict.subject,
        "message": verdict.message,
        "owner": verdict.owner or None,
        "origin": None,
        "holder": verdict.holder or None,
        "path": None,
        "location": None,
        "file": None,
        "line": None,
        "likely": False,
        "code": None,
        "bytes": verdict.bytes or (verdict.unaccounted if in_bytes else None),
        "bytes_each": None,
        "count": verdict.count,
        "growth": {
            "per_1000_responses": round(verdict.growth.per_1000_responses, 1),
            "per_minute": round(verdict.growth.per_min, 1),
            "unit": "bytes" if in_bytes else "objects",
            "share": verdict.share_of_growth,
        },
        "fix": verdict.remedy or None,
        "known": None,
        **_found(told),
    }


def _found(told: Told) -> dict[str, Any]:
    found = told.found
    if not isinstance(found, Explanation) or not told.verdict.signature:
        return {}
    price = found.price
    said = {
        "owner": found.owner,
        "origin": found.origin,
        "holder": found.holder,
        "path": whole_path(found),
        "code": found.code,
        "bytes": told.verdict.bytes or price.retained_bytes_total,
        "bytes_each": price.retained_bytes_each,
        "fix": found.fix,
        "known": known.said(found.known),
    }
    return {name: value for name, value in said.items() if value} | _place(found)


def _place(found: Explanation) -> dict[str, Any]:
    file, _, digits = (found.location or "").rpartition(":")
    if not digits.isdecimal():
        return {}
    return {
        "location": found.location,
        "file": file,
        "line": int(digits),
        "likely": found.likely,
    }


def _proof(crawl: Crawl) -> str:
    """Return the command that ends with 0 once nothing leaks any more."""
    pages = max(terminal.received(crawl), 1)
    command = ["scrapy", "leakwatch", "run", crawl.run.file or crawl.run.spider]
    command += ["-s", f"CLOSESPIDER_PAGECOUNT={pages}"]
    interval = crawl.run.config.get("LEAKWATCH_INTERVAL")
    if isinstance(interval, (int, float)):
        command += ["-s", f"LEAKWATCH_INTERVAL={interval:g}"]
    if not crawl.path.name:
        return shlex.join(command)
    later = f"{crawl.path.stem}-fixed.jsonl"
    crawled = shlex.join([*command, "--record", later])
    compared = shlex.join(["scrapy", "leakwatch", "diff", str(crawl.path), later])
    return f"{crawled} && {compared}"


def _fitted(document: dict[str, Any], answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the document with as many answers, as whole, as there is room for."""
    for kept, longest, uncut in _ways(len(answers)):
        left_out = len(answers) - kept
        document |= {"answers": answers[:kept], "left_out": left_out}
        cut: dict[str, Any] = _cut(document, longest, uncut)
        if len(printed(cut).encode()) <= LARGEST:
            break
    return cut


def _ways(count: int) -> Iterator[tuple[int, int, frozenset[str]]]:
    """Yield how many answers to keep, how long texts may be, and which stay whole."""
    for kept in range(count, 0, -1):
        yield from ((kept, longest, UNCUT) for longest in (LONGEST, LONG, SHORT))
    yield 0, SHORT, UNCUT
    yield 0, SHORT, frozenset()


def _cut(value: Any, longest: int, uncut: frozenset[str], name: str = "") -> Any:
    """Return a value whose texts can do no more than be read, and are not too long."""
    if isinstance(value, str):
        return redact.text(value, LONGEST if name in uncut else longest)
    if isinstance(value, dict):
        return {key: _cut(each, longest, uncut, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_cut(each, longest, uncut) for each in value]
    return value
