"""What the pages show is run, in a project of its own, and prints what they show."""

from __future__ import annotations

import pytest
from scrapy import version_info

from tests.conftest import EXAMPLE
from tests.docs.pages import DOCS, blocks
from tests.docs.project import Project, is_as_shown, masked, sides

RUN = {
    "tutorial": None,
    "leaks": EXAMPLE,
    "commands": EXAMPLE,
    "containing": EXAMPLE,
}
"""The pages, and the project whose copy each is run in: none is an empty folder."""
PAGES = [
    pytest.param(name, marks=[] if name == "tutorial" else pytest.mark.slow)
    for name in RUN
]


@pytest.mark.skipif(version_info < (2, 13), reason="the pages are of newer ones")
@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_shows_is_what_its_commands_print(name, tmp_path, shop):
    page = DOCS / f"{name}.rst"
    project = Project(tmp_path / "project", RUN[name], shop)
    for block in blocks(page):
        if block.file is not None:
            project.take(block)
        if block.file is not None or block.note.startswith("not run: "):
            continue
        for command, shown in block.commands:
            printed = project.run(command)
            assert is_as_shown(printed, shown), (
                f"{page.name}:{block.line}: $ {command}\n{printed}\n"
                f"--- masked, printed ---\n{masked(printed)}"
                f"--- masked, shown ---\n{masked(shown)}"
            )


def test_numbers_may_differ_and_lines_of_code_may_not():
    assert is_as_shown("took 1,204.5 MB (1 → 2 → 3)", "took 3 MB (4 → 5)")
    assert not is_as_shown("put there prices.py:22", "put there prices.py:23")
    assert not is_as_shown("signature 0d588ec9", "signature 0d588ec8")


def test_dots_stand_for_text_on_their_line_and_for_lines_alone():
    assert is_as_shown("a\nb\nc\nlast", "a\n...\nlast")
    assert is_as_shown("a b c", "a ... c")
    assert not is_as_shown("a\nb", "a ...")
    assert not is_as_shown("a\nb", "...\na")


def test_a_diff_has_two_sides():
    assert sides(" a\n-b\n+c") == ("a\nb\n", "a\nc\n")
