"""What the pages show and no test runs: commands that are understood, code, files."""

from __future__ import annotations

import argparse
import configparser
import re
import shlex

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch import config
from scrapy_leakwatch.commands.leakwatch import Command
from tests.docs.pages import DOCS, PAGES, ROOT, blocks

COMMAND = re.compile(r"^(?:.*?[\s;&/])??(scrapy leakwatch [^#|;&\n]*)", re.MULTILINE)
SETTING = re.compile(r"\bLEAKWATCH_[A-Z_]*[A-Z]\b")


def in_literal_blocks(page):
    for block in blocks(page):
        if block.language in ("", "console", "yaml", "ini", "docker"):
            for found in COMMAND.finditer(block.text):
                yield block, found[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_command_that_is_shown_is_understood(page):
    for block, shown in in_literal_blocks(page):
        command = Command()
        command.settings = Settings()
        parser = argparse.ArgumentParser(exit_on_error=False)
        command.add_options(parser)
        plain = re.sub(r"\[[^]]*\]|\.\.\.|--help| \d?>.*", "", shown)
        try:
            parser.parse_args(shlex.split(plain)[2:])
        except (SystemExit, argparse.ArgumentError, ValueError):
            pytest.fail(f"{page.name}:{block.line}: {shown}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_snippet_of_python_compiles(page):
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, f"{page.name}:{block.line}", "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_file_of_another_program_can_be_read(page):
    yaml = pytest.importorskip("yaml")
    for block in blocks(page):
        if block.language == "yaml":
            assert next(yaml.safe_load_all(block.text))
        if block.language == "ini":
            configparser.ConfigParser(interpolation=None).read_string(block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_setting_that_is_named_is_one(page):
    named = set(SETTING.findall(page.read_text()))
    assert named <= set(config._READERS)


def test_commands_are_found_where_they_are_shown():
    """Else the tests above would pass on nothing."""
    found = {page: len(list(in_literal_blocks(page))) for page in PAGES}
    assert found[DOCS / "commands.rst"] > 8
    assert found[DOCS / "recipes.rst"] > 5
    assert found[ROOT / "README.rst"] > 5
