"""The report in a real browser: drawn, zoomed, printed, silent, and harmless."""

from __future__ import annotations

import json
import re

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.report import html
from tests import chromium, synthetic

CHROMIUM = chromium.installed()
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium: apt install chromium"
)
DRAWN = "document.documentElement.dataset.charts"
PHONE = 360
PLOTS = [
    "live", "requests", "responses", "memory", "blocks", "containers", "rates", "cost",
]  # fmt: skip
INK = """
[...document.querySelectorAll('.plot canvas')].map((canvas) => {
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement('canvas'), { width, height });
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200) seen.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
  }
  return seen.size;
})
"""
RANGE = "[Number(%s.dataset.from), Number(%s.dataset.to)]" % (
    ("document.documentElement",) * 2
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.browser(CHROMIUM, tmp_path_factory.mktemp("chromium")) as driven:
        yield driven


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The reports of a day, and of a recording that means harm."""
    folder = tmp_path_factory.mktemp("reports")
    for make in (synthetic.a_day, synthetic.hostile):
        recording = make(folder / f"{make.__name__}.jsonl")
        html.write(recordings.read(recording), folder / f"{make.__name__}.html")
    return folder


@pytest.fixture
def page(browser, reports):
    """Open a report, and see in the end that it asked for nothing and is silent."""
    browser.events.clear()
    page = browser.page()

    def opened(name="a_day", **more):
        page.open(reports / f"{name}.html", **more)
        page.until(f"{DRAWN} !== undefined")
        return page

    yield opened
    assert page.complaints == []
    assert page.requests == []
    page.close()


def box_of(page, selector):
    """Return where an element is on the screen, scrolled into view."""
    where = "{block: 'center', behavior: 'instant'}"
    page.run(f"document.querySelector('{selector}').scrollIntoView({where})")
    return page.run(
        f"(({{x, y, width, height}}) => [x, y, width, height])"
        f"(document.querySelector('{selector}').getBoundingClientRect())"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_chart_is_drawn(page, scheme) -> None:
    day = page(color_scheme=scheme)
    assert day.run(
        "[...document.querySelectorAll('figure')].map((each) => each.id)"
    ) == [f"chart-{name}" for name in PLOTS]
    assert day.run(DRAWN) == str(len(PLOTS))
    assert min(day.run(INK)) > 20
    paper = day.run("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", paper)[0]) > 127) == (scheme == "light")


def test_a_drag_zooms_all_charts_and_a_double_click_shows_the_whole(page) -> None:
    day = page()
    whole = day.run(RANGE)
    assert whole == [synthetic.START, synthetic.START + 86_390]
    before = day.run(INK)
    x, y, width, height = box_of(day, "#chart-memory .u-over")
    day.drag((x + width / 4, y + height / 2), (x + width / 2, y + height / 2))
    low, high = day.run(RANGE)
    assert low == pytest.approx(synthetic.START + 86_390 / 4, abs=300)
    assert high == pytest.approx(synthetic.START + 86_390 / 2, abs=300)
    day.until("!document.querySelector('[data-zoom=all]').disabled")
    assert day.run(INK) != before
    assert "of 23 h 59 min" in day.run("document.getElementById('shown').textContent")
    x, y, width, height = box_of(day, "#chart-live .u-over")
    for clicks in (1, 2):
        day.mouse("mousePressed", x + 9, y + 9, button="left", clickCount=clicks)
        day.mouse("mouseReleased", x + 9, y + 9, button="left", clickCount=clicks)
    day.until(f"{RANGE}[1] === {whole[1]}")
    assert day.run(RANGE) == whole


def test_the_buttons_zoom_and_move(page) -> None:
    day = page()
    first, last = day.run(RANGE)

    def click(name):
        x, y, width, height = box_of(day, f"[data-zoom={name}]")
        at = x + width / 2, y + height / 2
        day.mouse("mousePressed", *at, button="left", clickCount=1)
        day.mouse("mouseReleased", *at, button="left", clickCount=1)
        return day.run(RANGE)

    quarter = (last - first) / 4
    assert click("in") == pytest.approx([first + quarter, last - quarter])
    assert click("on") == pytest.approx([first + 2 * quarter, last])
    assert click("back") == pytest.approx([first + quarter, last - quarter])
    assert click("out") == [first, last]
    for _ in range(20):
        click("in")
    assert click("in")[1] - click("in")[0] > 1
    assert day.run("document.querySelector('[data-zoom=in]').disabled")
    assert click("all") == [first, last]


def test_the_cursor_shows_the_values_of_all_charts(page) -> None:
    day = page()
    values = "[...document.querySelectorAll('.keys output')].map((each) => each.value)"
    last = day.run(values)
    x, y, width, height = box_of(day, "#chart-requests .u-over")
    day.mouse("mouseMoved", x + width / 2, y + height / 2)
    half = day.run(values)
    assert sum(a != b for a, b in zip(last, half, strict=True)) > len(last) / 2
    assert "after 11 h 5" in day.run("document.getElementById('shown').textContent")
    assert all(re.fullmatch(r"[\d,.]+( ms| [kMG]B)?|\u2013", value) for value in half)
    assert any("," in value for value in half)
    day.mouse("mouseMoved", 1, 1)
    day.until(f"{values}[0] === {json.dumps(last[0])}")
    assert day.run(values) == last


def test_a_name_switches_its_line_off_and_on(page) -> None:
    day = page()
    before = day.run(INK)
    button = "document.querySelector('#chart-live .keys button')"
    day.run(f"{button}.click()")
    assert day.run(f"{button}.getAttribute('aria-pressed')") == "false"
    assert day.run(INK) != before
    day.run(f"{button}.click()")
    assert day.run(INK) == before


def test_the_marks_have_the_numbers_of_the_cards(page) -> None:
    day = page()
    x, y, width, _ = box_of(day, "#chart-live .u-over")
    # The leak is told at four hours of the day, as the first card has it.
    day.mouse("mouseMoved", x + width * 4 / 24, y + 9)
    shown = day.run("document.getElementById('shown').textContent")
    assert shown.endswith("· 1 Leak: HtmlResponse")
    first = "document.querySelector('.card')"
    assert day.run(f"{first}.querySelector('.number').textContent") == "1"
    assert day.run(f"{first}.querySelector('h3').textContent") == "HtmlResponse"


@pytest.mark.parametrize("name", ["a_day", "hostile"])
def test_a_phone_scrolls_only_up_and_down(page, name) -> None:
    report = page(name, width=PHONE, height=740)
    assert report.run("document.documentElement.scrollWidth") == PHONE
    assert min(report.run(INK)) > 20


def test_two_fingers_zoom_on_a_phone(page) -> None:
    day = page(width=PHONE, height=740)
    day.ask("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    first, last = day.run(RANGE)
    x, y, width, height = box_of(day, "#chart-live .u-over")
    middle, y = x + width / 2, y + height / 2

    def fingers(kind, *apart):
        points = [{"x": middle + way * each, "y": y, "id": number}
                  for each in apart for number, way in enumerate((-1, 1))]  # fmt: skip
        day.ask("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    fingers("touchStart", 30)
    fingers("touchMove", 45)
    fingers("touchMove", 60)
    fingers("touchEnd")
    low, high = day.run(RANGE)
    assert high - low == pytest.approx((last - first) / 2, rel=0.1)


def test_it_prints_in_light_with_its_charts(page) -> None:
    day = page(color_scheme="dark")
    widths = "[...document.querySelectorAll('.uplot')].map((each) => each.clientWidth)"
    on_screen = day.run(widths)
    day.run("dispatchEvent(new Event('beforeprint'))")
    paper = "getComputedStyle(document.documentElement).getPropertyValue('--card')"
    assert day.run(paper) == "#ffffff"
    assert min(day.run(INK)) > 20
    assert set(day.run(widths)) == {640}
    day.run("dispatchEvent(new Event('afterprint'))")
    assert day.run(paper) != "#ffffff"
    assert day.run(widths) == on_screen
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", day.printed())) <= 8


def test_a_hostile_recording_shows_as_text(page) -> None:
    evil = page("hostile")
    assert evil.run("document.title") != "owned"
    assert evil.run("document.querySelectorAll('script, img, style').length") == 4
    shown = evil.run("document.body.innerText")
    assert shown.count("<script>document.title='owned'</script>") > 30
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    names = evil.run("[...document.querySelectorAll('.keys .name')]"
                     ".map((each) => each.textContent)")  # fmt: skip
    assert any("onerror" in name for name in names)
    for link in ("a[href]", "form", "iframe", "object", "[onclick]", "[onerror]"):
        assert evil.run(f"document.querySelectorAll('{link}').length") == 0, link


def test_without_javascript_the_verdicts_and_numbers_are_there(
    browser, reports
) -> None:
    day = browser.page()
    day.ask("Emulation.setScriptExecutionDisabled", value=True)
    day.open(reports / "a_day.html")
    found = day.ask("DOM.getDocument", depth=0)["root"]["nodeId"]
    text = day.ask("DOM.getOuterHTML", nodeId=found)["outerHTML"]
    assert "HtmlResponse leaks" in text
    assert "<td>" in text
    day.close()
