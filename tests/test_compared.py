"""The rule by which tools are compared, and the pages and charts that show it."""

from __future__ import annotations

import importlib
from pathlib import Path
from xml.etree import ElementTree

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def module(monkeypatch):
    """Return what imports a module of the benchmarks."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def case(module):
    return module("cases").Case(
        "kept", ("HtmlResponse",), ("spider.kept", "Keeping"), ("zoo/leaks.py:31",)
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("shop.Keeping -> list -> HtmlResponse", "holder"),
        ("held by spider.kept[*]", "holder"),
        ("KeepingAll -> HtmlResponse", "type"),
        ("put there /a/leaks.py:31 self.kept.append(page)", "holder"),
        ('File "/a/leaks.py", line 31', "holder"),
        ('File "/a/leaks.py", line 310', "neither"),
        ("dict 5,000", "neither"),
    ],
)
def test_what_is_told_stands_there_as_a_word(case, said, told) -> None:
    assert case.told([said]) == told


def test_a_healthy_crawl_is_a_question_to_those_who_have_verdicts(module) -> None:
    cases = module("cases")
    healthy = cases.Case("healthy")
    rows = {"entries": ["dict 5,000"]}
    assert cases.verdict(healthy, "objgraph", rows) == "asks"
    assert cases.verdict(healthy, "memalot", rows) == "accused"
    assert cases.verdict(healthy, "LeakWatch", rows | {"alarms": 0}) == "quiet"
    assert cases.verdict(healthy, "LeakWatch", rows | {"alarms": 1}) == "accused"


def test_what_fails_tells_nothing(module, case) -> None:
    cases = module("cases")
    assert cases.verdict(case, "Guppy", None) == "failed"
    assert cases.verdict(case, "Guppy", {"entries": ["failed: kept"]}) == "failed"
    assert cases.verdict(case, "Guppy", {"entries": []}) == "neither"


def test_a_verdict_is_told_when_the_first_right_one_came(module, case) -> None:
    said = {"times": [1.0, 4.0, 9.0], "entries": ["memory", "Keeping", "Keeping"]}
    assert module("cases").took(case, said) == 4.0
    asked = {"entries": ["Keeping"], "asked_s": 8.0, "answer_s": 1.5}
    assert module("cases").took(case, asked) == 9.5


def test_a_folder_of_cases_is_read_by_its_truths(module, tmp_path) -> None:
    truth = '{"core/one": {"kinds": ["hoard"], "words": ["A.rows|B", "one.py:11"]}}'
    (tmp_path / "truth.json").write_text(truth)
    (one,) = module("cases").of_folder(tmp_path)
    assert (one.name, one.holders) == ("one", ("A", "rows", "B"))
    assert one.lines == ("one.py:11",)
    assert one.script == tmp_path / "core" / "one.py"


def test_charts_are_images_for_light_and_dark(module) -> None:
    charts = module("charts")
    drawn = charts.bars(
        "A & B", {"a": 0.5, "<b>": 900.0}, {"a": "", "<b>": ""}, log=True
    )
    ElementTree.fromstring(drawn)
    assert "prefers-color-scheme: dark" in drawn
    drawn = charts.lines("C", (1, 10, 100), {"pause": (1.0, 20.0, 300.0)}, "ms")
    ElementTree.fromstring(drawn)
    assert drawn.count("<polyline") == 1


def test_longer_bars_are_of_larger_values(module) -> None:
    values = {"a": 0.02, "b": 1.0, "c": 900.0}
    drawn = module("charts").bars("", values, dict.fromkeys(values, ""), log=True)
    bars = ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}rect")
    widths = [float(bar.get("width")) for bar in bars]
    assert widths == sorted(set(widths))


def test_only_one_part_of_a_page_is_replaced(module, monkeypatch, tmp_path) -> None:
    pages = module("pages")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    page = tmp_path / "page.rst"
    page.write_text(
        "a\n.. one begins\nold\n.. one ends\nb\n.. two begins\n.. two ends\n"
    )
    pages.put("page", "one", ["new"])
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("a\n.. one begins\n\nnew\n\n.. one ends\nb\n")
    with pytest.raises(ValueError, match="three begins"):
        pages.put("page", "three", [])
