"""The report: one page that needs no network, in a file of its own.

Jinja2 escapes all that stands in it: a page that shows what strangers wrote
into URLs should not rest on escaping by hand. The page's policy lets the
browser run nothing but the two scripts that are in it, and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import jinja2
from markupsafe import Markup

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.foundation.files import OccupiedError, put
from scrapy_leakwatch.report import about, amounts, charts
from scrapy_leakwatch.report.bill_page import bill_page
from scrapy_leakwatch.report.cards import cards
from scrapy_leakwatch.report.opening import opening

if TYPE_CHECKING:
    import os
    from importlib.resources.abc import Traversable

    from scrapy_leakwatch.records import Crawl, Series, TooLittle
    from scrapy_leakwatch.report.about import Fact


LONGEST_PATH = 1000
_TITLE = "· LeakWatch</title>".encode()
SCRIPTS = ("crawl", "charts", "page")
"""The parts of the script, in the order in which they run."""


class ReportError(OSError):
    """The report can't be written; the message says where and why."""


class Page(NamedTuple):
    """What the template shows besides verdicts and charts."""

    policy: str
    style: Markup
    library: Markup
    script: Markup
    begun: str
    notes: list[str]
    watched: str
    tiles: list[Fact]
    costs: list[Fact]
    versions: list[Fact]
    recording: list[Fact]
    settings: list[Fact]


def write(
    crawl: Crawl, path: str | os.PathLike[str], too_little: TooLittle | None = None
) -> Path:
    """Write the report of a recording to ``path``, mode 0600, and return the path.

    ``too_little`` is why the rules could not judge the crawl, None where they could.
    The file is there whole or not at all, and replaces an earlier report, but nothing
    else and never a link. Folders are made.
    Raises `ReportError`, whose message is one line with the remedy.
    """
    path = Path(path)
    page = render(crawl, too_little).encode("utf-8", "backslashreplace")
    try:
        put(path, page, _is_report)
    except OccupiedError as error:
        raise ReportError(
            f"the report {_shown(path)} would replace {error.strerror}: name another"
            " file, or remove what is there."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReportError(
            f"the report {_shown(path)} can't be written ({reason}): free the disk, or"
            " name another file."
        ) from error
    return path


def render(
    crawl: Crawl, too_little: TooLittle | None = None, folder: Path | None = None
) -> str:
    """Return the page; lines of code are read below ``folder``, by default here."""
    told = cards(crawl, folder)
    return (
        _environment()
        .get_template("report.html")
        .render(
            crawl=crawl,
            opening=opening(crawl, too_little),
            cards=told,
            bill=bill_page(crawl),
            chart_data=charts.data(crawl, told),
            page=_page(crawl),
        )
    )


def _page(crawl: Crawl) -> Page:
    style, library, script = _static()
    return Page(
        policy=_policy(style, library, script),
        style=style,
        library=library,
        script=script,
        begun=amounts.moment(crawl.run.time),
        notes=about.notes(crawl),
        watched=about.watched(crawl),
        tiles=about.tiles(crawl),
        costs=about.costs(crawl),
        versions=about.versions(crawl),
        recording=about.recording(crawl),
        settings=about.settings(crawl),
    )


def _policy(style: str, *scripts: str) -> str:
    ran = " ".join(map(_hash, scripts))
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {ran};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _static() -> tuple[Markup, Markup, Markup]:
    """Return style, library and script, which come with the package."""
    static = files("scrapy_leakwatch.report") / "static"
    (library,) = (
        each for each in (static / "vendor").iterdir() if each.name.startswith("uplot-")
    )
    style = _text(library / "uPlot.min.css") + _text(static / "report.css")
    script = "".join(_text(static / f"{name}.js") for name in SCRIPTS)
    licence = f"/*\n{_text(library / 'LICENSE')}*/\n"
    return (
        Markup(style),  # noqa: S704
        Markup(licence + _text(library / "uPlot.iife.min.js")),  # noqa: S704
        Markup(f"(() => {{\n'use strict';\n{script}}})();\n"),  # noqa: S704
    )


def _text(file: Traversable) -> str:
    return file.read_text("utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("scrapy_leakwatch.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["extremes"] = _extremes
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return environment


def _extremes(values: Series, unit: str) -> list[str]:
    """Return the first, lowest, highest and last value, as they are shown."""
    known = [value for value in values if value is not None]
    if not known:
        return ["none"] * 4
    shown = amounts.IN_UNITS[unit]
    return [shown(each) for each in (known[0], min(known), max(known), known[-1])]


def _is_report(head: bytes) -> bool:
    """Tell whether a file that begins so is a page of ours, of any version."""
    return head.startswith(b"<!doctype html>") and _TITLE in head


def _shown(path: Path) -> str:
    return redact.text(str(path), LONGEST_PATH)
