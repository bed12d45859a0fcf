"""Lines that put a verdict on the line of a pull request, as GitHub reads them.

Source: "Workflow commands for GitHub Actions", setting a warning message.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.report.machine.answer import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMANDS = {"act": "warning", "look": "notice"}
_IN_TEXT = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = _IN_TEXT | {":": "%3A", ",": "%2C"}


def github(answer: dict[str, Any], workspace: Path) -> Iterator[str]:
    """Yield a line for each answer of a document of `answer` that is not accepted.

    Files are named as seen from ``workspace``, the folder that was checked out, and
    are found from the current one.
    """
    for each in answer["answers"]:
        command = _COMMANDS.get(each["level"])
        if command is None:
            continue
        properties = {
            "file": each["file"] and _within(each["file"], workspace),
            "line": each["line"],
            "title": f"scrapy-leakwatch: {each['verdict']}",
        }
        where = ",".join(
            f"{name}={_escaped(str(value), _IN_PROPERTIES)}"
            for name, value in properties.items()
            if value is not None
        )
        text = _escaped(in_words(each), _IN_TEXT)
        yield f"::{command} {where}::{text}"


def _within(file: str, workspace: Path) -> str:
    full = Path(file).resolve()
    if full.is_relative_to(workspace):
        return full.relative_to(workspace).as_posix()
    return file


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(char, char) for char in text)
