"""Crawls with a known truth, and whether an answer about one tells it.

One rule for all: the first three rows of an answer count, with what is said of each
when asked on; of LeakWatch's, the first three verdicts. They tell the *holder*
where one has his name, or the line that put it there, and the *type* where one has the
name of what piles up. A name stands there as a word; more is not asked.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import SHOWN
from watching import ANSWERS

from tests.zoo.keeper import PATH, serving
from tests.zoo.rows import row_named

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLDER, TYPE, NEITHER = "holder", "type", "neither"
QUIET, ACCUSED, ASKS, FAILED = "quiet", "accused", "asks", "failed"
ALARMS = {"leak", "hoard", "native", "garbage", "unreleased", "children", "stalled"}
MOST_S = 180.0
"""How much longer a crawl may take with all that it is asked."""
SITE_S = 1.5
"""How long a site of a folder takes to listen."""


@dataclass(frozen=True)
class Case:
    """A crawl and its truth; it is healthy where there are neither.

    ``types`` are the names of what piles up, ``holders`` those of who has it, and
    ``lines`` the ``file.py:12`` that put it there. ``beside`` are helpers' scripts.
    """

    name: str
    types: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    script: Path | None = None
    beside: tuple[str, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is to be told."""
        return not (self.types or self.holders or self.lines)

    def told(self, entries: list[str]) -> str:
        """Return which of it an answer tells."""
        text = "\n".join(entries)
        if _has(text, self.holders) or any(
            _has_line(text, line) for line in self.lines
        ):
            return HOLDER
        return TYPE if _has(text, self.types) else NEITHER


def _has(text: str, names: tuple[str, ...]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)


def _has_line(text: str, line: str) -> bool:
    path, _, number = line.rpartition("/")[2].partition(":")
    return bool(re.search(rf'{re.escape(path)}(:|", line ){number}(?!\d)', text))


def _row(name: str, types: str = "", holders: str = "") -> Case:
    row = row_named(name)
    known = [row.line, *(each.line for each in row.named)]
    return Case(
        name, tuple(types.split()), tuple(holders.split()), tuple(filter(None, known))
    )


ROWS = (
    _row("meta", "HtmlResponse", "referer"),
    _row("lru_cache", "HtmlResponse", "lru_cache _lru_cache_wrapper"),
    _row("kept_items", "Product", "KeepingAll"),
    _row("growing_buffers", "BytesIO bytearray", "Uploading buffer raw"),
    _row("long_coroutine", "dict", "rows"),
    _row("jar_for_each", "CookieJar Cookie", "CookiesMiddleware jars"),
    _row("too_many_links", "Request", "scheduler mqs FifoMemoryQueue LifoMemoryQueue"),
    _row("unflushed", "", "TablePipeline RedisPipeline Storing table batch database"),
    _row("bounded_cache"),
)
"""Ways to take memory, each of another kind, and a healthy one."""


def of_folder(folder: Path) -> list[Case]:
    """Return the cases of a folder: a script each, and a ``truth.json`` of them all.

    That has for each ``FOLDER/NAME`` the ``words`` of which each (``a|b``: either)
    stands in a right answer of LeakWatch's, and perhaps ``types`` and ``holders``.
    """
    truths = json.loads((folder / "truth.json").read_text())
    return [_case(folder / f"{name}.py", truth) for name, truth in truths.items()]


def _case(script: Path, truth: dict[str, Any]) -> Case:
    words = [one for word in truth["words"] for one in word.split("|")]
    names = [part for word in words if ".py" not in word for part in word.split(".")]
    return Case(
        script.stem,
        tuple(truth.get("types", ())),
        tuple(truth.get("holders", filter(str.isidentifier, names))),
        tuple(word for word in words if re.fullmatch(r".*\.py:\d+", word)),
        script,
        tuple(truth.get("beside", ())),
    )


def answers(case: Case, group: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Crawl under a group of tools; return the answer of each."""
    folder.mkdir(parents=True)
    command = [sys.executable, str(Path(__file__).with_name("watching.py"))]
    command += [group, str(seconds)]
    with ExitStack() as stack, (folder / "log").open("w") as log:
        more = {"PYTHONPATH": PATH}
        if case.script is None:
            command += ["row", case.name, stack.enter_context(serving())]
        else:
            port = stack.enter_context(_serving(case))
            more |= {
                "SITE": f"http://127.0.0.1:{port}",
                "REC": str(folder / "rec.jsonl"),
            }
            starter = case.script.with_name("start.py")
            started = [str(starter), case.script.stem, port]
            script = started if starter.exists() else [str(case.script)]
            command += ["script", *script]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **more},
                stdout=log,
                stderr=log,
                timeout=seconds + MOST_S,
                check=False,
            )
    if group == "LeakWatch":
        return {group: _recorded(folder)}
    found = folder / ANSWERS.name
    return json.loads(found.read_text()) if found.exists() else {}


@contextmanager
def _serving(case: Case) -> Iterator[str]:
    """Serve the site of a folder, with what is beside it; yield its port."""
    assert case.script
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    commands = [["site.py", port], *([f"{name}.py"] for name in case.beside)]
    helpers = [
        subprocess.Popen(
            [sys.executable, *command],
            cwd=case.script.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        time.sleep(SITE_S)
        yield port
    finally:
        for helper in helpers:
            helper.kill()
            helper.wait()


def _recorded(folder: Path) -> dict[str, Any]:
    """Return what a recording says, as an answer."""
    lines = [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        if path.name != "received.jsonl"
        for line in path.read_text().splitlines()
        if line.endswith("}")
    ]
    begun = min((line["time"] for line in lines), default=0.0)
    found = {
        (line["spider"], line["verdict"]): line
        for line in lines
        if line["type"] == "explanation"
    }
    verdicts = (line for line in lines if line["type"] == "verdict")
    told = [line for line in verdicts if line["kind"] != "recovered"][:SHOWN]
    return {
        "entries": [
            json.dumps([line, found.get((line["spider"], line["id"]))]) for line in told
        ],
        "times": [line["time"] - begun for line in told],
        "alarms": sum(line["kind"] in ALARMS for line in told),
        "ran": bool(lines),
    }


def verdict(case: Case, tool: str, said: dict[str, Any] | None) -> str:
    """Return what an answer is worth."""
    if said is None or not said.get("ran", True):
        return FAILED
    entries = said["entries"]
    if case.is_healthy:
        if tool == "LeakWatch":
            return ACCUSED if said["alarms"] else QUIET
        if tool == "memalot":
            return ACCUSED if entries else QUIET
        return ASKS
    if entries and entries[0].startswith("failed"):
        return FAILED
    return case.told(entries)


def took(case: Case, said: dict[str, Any]) -> float:
    """Return the seconds from the crawl's begin until the right answer."""
    if "times" in said:
        right = (
            at
            for at, entry in zip(said["times"], said["entries"], strict=True)
            if case.told([entry]) == HOLDER
        )
        return next(right, float("nan"))
    return said["asked_s"] + said["answer_s"]
