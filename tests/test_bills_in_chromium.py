"""The stack of the memory bills in a real browser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.report import html
from tests import synthetic
from tests.billing import BILL, FIRST, MB
from tests.synthetic import START
from tests.test_report_in_chromium import (
    DRAWN,
    INK,
    PHONE,
    RANGE,
    box_of,
    browser,
    page,
    pytestmark,
)

__all__ = ["browser", "page", "pytestmark"]  # the fixtures, and where they can be had
LATER = START + 80_000
HEIGHTS = """
(() => {
  const over = document.querySelector('#chart-owners .u-over').getBoundingClientRect();
  const points = [...document.querySelectorAll('#chart-owners .u-cursor-pt')];
  return points.map((each) => each.getBoundingClientRect()).filter((box) => box.width)
    .map((box) => over.bottom - (box.top + box.bottom) / 2);
})()
"""
"""How far above the axis each part of the stack ends, at the cursor."""


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The reports of a day with bills, with one bill, and of one that means harm."""
    folder = tmp_path_factory.mktemp("reports")
    day = recordings.read(synthetic.a_day(folder / "a_day.jsonl"))
    middle = replace(
        FIRST, time=START + 40_000, rss=300 * MB, since=FIRST.time,
        since_rss=FIRST.rss, since_received=FIRST.received,
    )  # fmt: skip
    bills = (FIRST, middle, replace(BILL, time=LATER))
    html.write(replace(day, bills=bills), folder / "a_day.html")
    html.write(replace(day, bills=bills[:1]), folder / "alone.html")
    evil = recordings.read(synthetic.hostile(folder / "hostile.jsonl"))
    html.write(evil, folder / "hostile.html")
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_stack_is_the_first_chart_and_its_table_is_below(page, scheme) -> None:
    day = page(color_scheme=scheme)
    first = "document.querySelector('figure.chart')"
    assert day.run(f"{first}.id") == "chart-owners"
    assert day.run(f"{first}.nextElementSibling.id") == "bill"
    assert day.run(INK)[0] > 20
    assert day.run(DRAWN) == "9"


def test_each_owner_stands_on_those_below_and_leaves_no_gap(page) -> None:
    day = page()
    buttons = "[...document.querySelectorAll('#chart-owners .keys button')]"
    spider = f"{buttons}.find((each) => each.textContent.startsWith('spider'))"
    ink = day.run(INK)[0]

    def parts():
        """Return how high each part is, as a share of all of the stack."""
        x, y, width, height = box_of(day, "#chart-owners .u-over")
        day.mouse("mouseMoved", x + 5, y + height / 2)
        day.mouse("mouseMoved", x + width * 0.99, y + height / 2)
        tops = day.run(HEIGHTS)
        assert tops == sorted(tops)
        bottoms = [0, *tops[:-1]]
        return [(b - a) / tops[-1] for a, b in zip(bottoms, tops, strict=True)]

    shares = [84, 612, 197, 41, 0.4, 0.3, 3, 61, 21]
    for pressed in ("true", "false", "true"):
        assert day.run(f"{spider}.getAttribute('aria-pressed')") == pressed
        shown = [each for each in shares if pressed == "true" or each != 612]
        expected = [each / sum(shown) for each in shown]
        assert parts() == pytest.approx(expected, abs=0.02)
        day.run(f"{spider}.click()")
    day.run(f"{spider}.click()")
    day.mouse("mouseMoved", 1, 1)
    assert day.run(INK)[0] == ink


def test_all_names_can_be_hidden(page) -> None:
    day = page()
    buttons = "document.querySelectorAll('#chart-owners .keys button')"
    day.run(f"{buttons}.forEach((each) => each.click())")
    assert day.run(f"{buttons}.length") > 5
    day.run(f"{buttons}.forEach((each) => each.click())")
    assert day.run(INK)[0] > 20


def test_the_names_have_the_values_of_the_bill_at_the_cursor(page) -> None:
    day = page()
    value = (
        "[...document.querySelectorAll('#chart-owners .keys button')].find((each) =>"
        " each.textContent.startsWith('spider')).querySelector('output').value"
    )
    assert day.run(value) == "612 MB"
    x, y, width, height = box_of(day, "#chart-live .u-over")
    day.mouse("mouseMoved", x + width * 0.1, y + height / 2)
    assert day.run(value) == "2.0 MB"
    shown = day.run("document.getElementById('shown').textContent")
    assert "after 2 h 2" in shown  # the time of the samples, which is finer


def test_the_stack_zooms_with_the_other_charts(page) -> None:
    day = page()
    assert day.run(RANGE) == [START, START + 86_390]
    x, y, width, height = box_of(day, "#chart-owners .u-over")
    day.drag((x + width / 4, y + height / 2), (x + width / 2, y + height / 2))
    low, high = day.run(RANGE)
    assert low == pytest.approx(START + 86_390 / 4, abs=300)
    assert high == pytest.approx(START + 86_390 / 2, abs=300)


def test_one_bill_is_a_table_without_a_chart(page) -> None:
    alone = page("alone")
    assert alone.run("document.querySelector('#chart-owners')") is None
    assert alone.run("document.querySelectorAll('#bill tbody').length") > 1


@pytest.mark.parametrize("name", ["a_day", "alone", "hostile"])
def test_the_table_fits_a_phone(page, name) -> None:
    report = page(name, width=PHONE, height=740)
    assert report.run("document.documentElement.scrollWidth") == PHONE
    box = "document.querySelector('#bill').getBoundingClientRect()"
    widest = (
        "Math.max(...[...document.querySelectorAll('#bill *')]"
        ".map((each) => each.getBoundingClientRect().right))"
    )
    assert report.run(f"{widest} <= {box}.right")


def test_without_javascript_the_table_and_the_numbers_are_there(
    browser, reports
) -> None:
    day = browser.page()
    day.ask("Emulation.setScriptExecutionDisabled", value=True)
    day.open(reports / "a_day.html")
    found = day.ask("DOM.getDocument", depth=0)["root"]["nodeId"]
    text = day.ask("DOM.getOuterHTML", nodeId=found)["outerHTML"]
    assert "parse › rows" in text
    assert '<th scope="row">spider pagination</th><td>2.0 MB</td>' in text
    day.close()
