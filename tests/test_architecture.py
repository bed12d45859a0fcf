"""The stages know the records, and not each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import scrapy_leakwatch

PACKAGE = Path(scrapy_leakwatch.__file__).parent
WIRING = {"checks", "commands", "crawl", "doctor", "remote", "spidermon"}
GROUND = {"foundation", "internals", "records"}
STAGES = sorted(
    {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - WIRING - GROUND
)
SHARED = GROUND | {"config"}
"""What any stage may import."""
LENT = {"explain": {"heap"}, "report": {"recordings"}}
"""`explain` works on the graph of `heap`; `report` has lines of a recording made."""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_the_shared_modules_and_its_own(stage) -> None:
    allowed = SHARED | {stage} | LENT.get(stage, set())
    for path in (PACKAGE / stage).rglob("*.py"):
        names = [name.split(".") for name in imports(path)]
        ours = {name[1] for name in names if name[0] == PACKAGE.name and name[1:]}
        assert ours <= allowed, path


def test_the_root_of_the_package_has_what_a_user_names_and_no_more() -> None:
    entrances = {"__init__", "addon", "config", "extension", "pytest_plugin", "signals"}
    assert {path.stem for path in PACKAGE.glob("*.py")} == entrances


def test_the_judge_is_pure() -> None:
    for path in (PACKAGE / "judge").rglob("*.py"):
        roots = {name.partition(".")[0] for name in imports(path)}
        assert not roots & {"scrapy", "twisted", "psutil", "guppy", "time"}, path


def prose(path: Path) -> set[str]:
    """Return the texts of several words, besides docstrings and errors."""
    tree = ast.parse(path.read_text())
    others: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            others.add(node.value)
        elif isinstance(node, ast.Raise):
            others |= set(ast.walk(node))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node not in others
        and " " in node.value.strip()
    }


NAMES = {
    "scheduler memory queue",
    "child processes",
    "child process",
    "asyncio task",
    "open file",
    "browser page",
    "browser context",
    "callbacks that do not end",
}
"""What an owner or a subject is called, by which it is known."""


def test_the_judge_makes_no_sentences() -> None:
    for path in (PACKAGE / "judge").rglob("*.py"):
        assert prose(path) <= NAMES, path
