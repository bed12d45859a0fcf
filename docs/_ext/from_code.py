"""Directives that make a page of the reference from the code it is about.

What they say is read off the code when the pages are built, so it can't be another.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from scrapy_leakwatch import config, records
from scrapy_leakwatch.commands import exits
from scrapy_leakwatch.commands.leakwatch import NAMES, _subcommand
from scrapy_leakwatch.export.otel.instruments import INSTRUMENTS
from scrapy_leakwatch.export.prometheus import metrics
from scrapy_leakwatch.recordings import writing

README = Path(__file__).parents[2] / "README.rst"
REFUSED = -1
"""What no setting takes: why it is refused says what the setting takes."""


class FromCode(SphinxDirective):
    """A directive that is replaced by the text that its ``lines`` are."""

    optional_arguments = 1

    def lines(self) -> Iterator[str]:
        """Yield the lines, in reStructuredText."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Return what the lines say."""
        made = StringList(list(self.lines()), source=self.get_source_info()[0])
        parsed = nodes.Element()
        self.state.nested_parse(made, 0, parsed)
        return parsed.children


class Settings(FromCode):
    """Every setting: the default and what it takes, as in ``config``, and its use."""

    def lines(self) -> Iterator[str]:
        """Yield a definition for each; the sentences are those of the README."""
        uses = settings_in(README.read_text())
        for name, (default, _) in config._READERS.items():
            yield f".. setting:: {name}"
            yield ""
            yield f"``{name}``"
            yield f"    {capitalized(uses.pop(name))}."
            yield ""
            shown = list(default) if isinstance(default, tuple) else default
            yield f"    Default: ``{shown!r}``. {capitalized(taken_by(name))}."
            yield ""
        if uses:
            raise self.error(f"the README has settings that are none: {list(uses)}")


class Exits(FromCode):
    """Every exit code, as in ``commands.exits``."""

    def lines(self) -> Iterator[str]:
        """Yield a definition for each."""
        for value, said in exit_codes():
            yield f"``{value}``"
            yield f"    {said}"
            yield ""


class Options(FromCode):
    """Every subcommand with its options, as its parser has them."""

    def lines(self) -> Iterator[str]:
        """Yield a definition for each; Scrapy's own options are left out."""
        for name in NAMES:
            module = _subcommand(name)
            yield f"``scrapy leakwatch {name}``"
            yield f"    {said_by_help(module.HELP)}."
            yield ""
            for option, used_for in options_of(module):
                yield f"    ``{option}``"
                yield f"        {used_for}"
                yield ""


class Line(FromCode):
    """A kind of line in a recording: its fields, and what the records say of them."""

    required_arguments = 2
    optional_arguments = 0

    def lines(self) -> Iterator[str]:
        """Yield a table of the fields, and the text of each record they are from."""
        made_by, of = self.arguments
        cls = getattr(records, of)
        fields = fields_written(getattr(writing, made_by), cls)
        yield from fields_in(fields)
        names = {name for way, _ in fields for name in re.split(r"\W+", way)}
        for record in records_within(cls, names):
            yield from inspect.getdoc(record).splitlines()  # type: ignore[union-attr]
            yield ""


class Record(FromCode):
    """A record of ``records``: its text, fields and their types."""

    def lines(self) -> Iterator[str]:
        """Yield its text, then a table."""
        cls = getattr(records, self.arguments[0])
        yield from inspect.getdoc(cls).splitlines()  # type: ignore[union-attr]
        yield ""
        hints = {each.name: str(each.type) for each in dataclasses.fields(cls)}
        yield from fields_in(list(hints.items()))


class Metrics(FromCode):
    """Every metric of Prometheus: its name, type, own label and help."""

    def lines(self) -> Iterator[str]:
        """Yield a table."""
        yield from table(
            [
                (
                    f"``{metrics.PREFIX}{each.name}``",
                    "counter" if each.counts else "gauge",
                    f"``{each.label}``" if each.label else "",
                    each.help,
                )
                for each in metrics.METRICS
            ],
            head=("Metric", "Type", "Own label", "Help"),
            widths="42 10 14 34",
        )


class Instruments(FromCode):
    """Every instrument of OpenTelemetry: its name, kind, unit and description."""

    def lines(self) -> Iterator[str]:
        """Yield a table."""
        yield from table(
            [
                (
                    f"``{each.name}``",
                    each.kind,
                    f"``{each.unit}``",
                    each.description + (f" By ``{each.by}``." if each.by else ""),
                )
                for each in INSTRUMENTS
            ],
            head=(
                "Instrument",
                "Kind",
                "Unit",
                "Description, and attribute of its own",
            ),
            widths="36 10 12 42",
        )


def settings_in(readme: str) -> dict[str, str]:
    """Return what the README's table says of each setting, by name."""
    found: dict[str, str] = {}
    rule = re.search(r"^(=+) (=+) =+$\nSetting ", readme, re.MULTILINE)
    assert rule is not None, "the README has no table of settings"  # noqa: S101
    begins = len(rule[1]) + len(rule[2]) + 2
    name = ""
    for line in readme[rule.end() :].split("\n====")[1].splitlines()[1:]:
        name = line.split(" ", 1)[0] or name
        found[name] = f"{found.get(name, '')} {line[begins:].strip()}".strip()
    return found


def taken_by(name: str) -> str:
    """Return what a setting takes, in the words with which it refuses others."""
    try:
        config._read(name, REFUSED)
    except config.ConfigError as error:
        said = str(error).removeprefix(f"{name} ").partition(f", not {REFUSED}")[0]
        return re.sub(r"(?<!\w)'([^']+)'", r"``\1``", said)
    raise ValueError(f"{name} takes {REFUSED}")


def exit_codes() -> list[tuple[str, str]]:
    """Return each exit code with the text behind it, in their order."""
    body = ast.parse(inspect.getsource(exits)).body
    return [
        (ast.unparse(code.value), " ".join(text.value.value.split()))
        for code, text in pairwise(body)
        if isinstance(code, ast.Assign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    ]


def options_of(module: Any) -> Iterator[tuple[str, str]]:
    """Yield each argument of a subcommand and what it is for."""
    parser = argparse.ArgumentParser(add_help=False)
    module.add_arguments(parser)
    for action in parser._actions:
        names = ", ".join(action.option_strings)
        takes = action.metavar or action.dest.upper()
        if not names:
            names = takes if action.metavar else action.dest
        elif action.nargs != 0:
            names += " " + ("|".join(action.choices) if action.choices else str(takes))
        if action.help != argparse.SUPPRESS:
            yield names, said_by_help(action.help or "")


def said_by_help(text: str) -> str:
    """Return a text of argparse as reStructuredText."""
    return re.sub(r"([*`|_\\])", r"\\\1", text.replace("%%", "%"))


def fields_written(write: Any, cls: type) -> list[tuple[str, str]]:
    """Return the fields of a line and the types that JSON has for them."""
    full, bare = (
        flattened(written(write, filled(cls, optional=optional)))
        for optional in (True, False)
    )
    return [
        (name, f"{kind} or null" if bare.get(name) == "null" != kind else kind)
        for name, kind in full.items()
    ]


def written(write: Any, record: object) -> Mapping[str, Any]:
    """Return the line of a record; what else ``write`` takes are a time and an id."""
    _, *others = inspect.signature(write).parameters.values()
    return write(record, *(1.0 if each.name == "time" else 1 for each in others))  # type: ignore[no-any-return]


def flattened(line: object, name: str = "") -> dict[str, str]:
    """Return the type of each value in a line, by the way to it."""
    inner: list[tuple[str, object]] = []
    if isinstance(line, Mapping):
        inner = [(f"{name}.{key}" if name else key, each) for key, each in line.items()]
    elif isinstance(line, (list, tuple)):
        inner = [(f"{name}[]", each) for each in line[:1]]
    if not inner:
        return {name: JSON_TYPES[type(line)]}
    found: dict[str, str] = {}
    for way, each in inner:
        found |= flattened(each, way)
    return found


JSON_TYPES = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    type(None): "null",
    dict: "object",
    list: "list",
    tuple: "list",
}


def filled(kind: Any, *, optional: bool) -> Any:
    """Return a value of a type, with what is ``optional`` in it or without."""
    args, origin = get_args(kind), get_origin(kind)
    if dataclasses.is_dataclass(kind):
        fields = hints_of(kind).items()
        made = {name: filled(each, optional=optional) for name, each in fields}
        return kind(**{name: _named(name, each) for name, each in made.items()})
    if origin is Literal:
        return args[0]
    if origin in UNIONS and type(None) in args and not optional:
        return None
    if origin in UNIONS or origin is tuple:
        first = filled(args[0], optional=optional)
        return (first,) if origin is tuple else first
    if origin is not None:  # of a mapping
        return {"*": filled(args[1], optional=optional)}
    return "text" if kind in (str, object, Any) else kind(1)


UNIONS = (Union, type(int | str))


def _named(field: str, value: Any) -> Any:
    """Return the value of a field; a path may become a key, and is then any."""
    return "*" if field == "path" and isinstance(value, str) else value


def hints_of(cls: Any) -> dict[str, Any]:
    """Return the types of a record's fields."""
    names = {"Mapping": Mapping, **vars(records), **vars(inspect.getmodule(cls))}
    return {
        each.name: _type(str(each.type), names)
        for each in dataclasses.fields(cls)
        if each.name != UNWRITTEN
    }


UNWRITTEN = "facts"
"""Of a verdict; they are gone once its message is made."""


def _type(text: str, names: dict[str, Any]) -> Any:
    found = eval(text, names)  # noqa: S307, it is our own code
    return _type(found, names) if isinstance(found, str) else found


def records_within(cls: Any, written: set[str]) -> list[Any]:
    """Return a record and those that it has in fields that are written."""
    found = [cls]
    for record in found:
        for name, hint in hints_of(record).items():
            if name in written:
                found += [each for each in _records(hint) if each not in found]
    return found


def _records(hint: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(hint):
        yield hint
    for inner in get_args(hint):
        yield from _records(inner)


def fields_in(rows: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of a table of fields and types."""
    marked = [(f"``{name}``", kind) for name, kind in rows]
    yield from table(marked, head=("Field", "Type"), widths="60 40")


def table(
    rows: Sequence[tuple[str, ...]], head: tuple[str, ...], widths: str
) -> Iterator[str]:
    """Yield the lines of a table."""
    yield from (".. list-table::", "    :header-rows: 1", f"    :widths: {widths}", "")
    for row in (head, *rows):
        for number, cell in enumerate(row):
            yield f"    {' ' if number else '*'} - {cell}".rstrip()
    yield ""


def capitalized(text: str) -> str:
    """Return a text as the begin of a sentence."""
    return text[:1].upper() + text[1:]


DIRECTIVES = {
    "leakwatch-settings": Settings,
    "leakwatch-exits": Exits,
    "leakwatch-commands": Options,
    "leakwatch-line": Line,
    "leakwatch-metrics": Metrics,
    "leakwatch-instruments": Instruments,
    "leakwatch-record": Record,
}


def setup(app: Any) -> dict[str, bool]:
    """Add the directives to Sphinx."""
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True}
