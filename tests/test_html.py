"""The report as a file: what it says, what it must not do, and its size."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.foundation import files
from scrapy_leakwatch.records import TooLittle
from scrapy_leakwatch.report import about, amounts, cards, charts, html
from scrapy_leakwatch.report.code_lines import lines_around
from scrapy_leakwatch.report.opening import opening
from tests import synthetic
from tests.synthetic import EVIL, REQUEST, RUN, START

TOLD = {"signature": "7296c8ac", "limit": 2**31, "limit_in_s": 7200}
LEAK = synthetic.verdict(START + 9, "leak", "HtmlResponse", **TOLD)
FOUND = synthetic.explanation(START + 9.9, "HtmlResponse")
END = {"type": "summary", "time": START + 100, "stats": {}, "verdicts": []}
SOURCE = """\
import scrapy

API_KEY = "do-not-show"


class Somenasty(scrapy.Spider):
    def parse(self, response):
        for href in response.css("a::attr(href)").getall():
            yield response.follow(href, self.parse, meta={'referer': response})
"""


@pytest.fixture
def read_back(tmp_path):
    """Return what a recording tells, after lines that are added to its run."""

    def read_back(*lines, samples=20):
        path = tmp_path / "record.jsonl"
        written = [RUN, *map(synthetic.sample, range(samples)), *lines]
        path.write_text("".join(json.dumps(line) + "\n" for line in written))
        return recordings.read(path)

    return read_back


class Text(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.parts: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.text = " ".join("".join(self.parts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.parts.append(" ")

    def handle_data(self, data):
        if self.tags[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.tags[-1:] != ["style"]:
            self.parts.append(data)


def test_a_leak_is_one_sentence_a_remedy_and_a_card(read_back) -> None:
    page = Text(html.render(read_back(LEAK, FOUND, END))).text
    for said in (
        "HtmlResponse leaks: Request.meta['referer'] keeps them alive.",
        "were alive at the end; they are put there at shop/spiders/somenasty.py:21.",
        "What to do Pass what parse needs (such as response.url) in cb_kwargs.",
        "LifoMemoryQueue[*] Request.meta['referer'] change this HtmlResponse",
        "21 yield response.follow(href, self.parse, meta={'referer': response})",
        "Held by Request.meta['referer'] (21 of 24)",
        "Price 37.9 MB (25.9 kB each, 17.7 kB of it in parsed trees)",
        "Forecast reaches the limit of 2.15 GB (2,048 MiB) 2 h after it was told",
        "Example http://shop.example/product.php?pid=123",
        "The longest pause for one 5.1 ms",
        "scrapy-leakwatch 0.1.0",
        "LEAKWATCH_INTERVAL 10.0",
    ):
        assert said in page, said


@pytest.mark.parametrize(
    ("kind", "subject", "word", "said"),
    [
        ("hoard", "spider.seen", "Hoard", "spider.seen grows without bound."),
        ("native", "memory", "Native memory", "Memory outside Python grows."),
        ("backlog", "Request", "Backlog", "No leak, but requests pile up in memory."),
        ("garbage", "Item", "Garbage", "No leak, but dead Item objects wait for"),
        ("fragmentation", "memory", "Fragmentation", "No leak, but memory that"),
        ("inconclusive", "Item", "Inconclusive", "Not sure: Item grows, and nothing"),
        ("unreleased", "Pool", "Not released", "Pool is leaking: 1,200 alive, +250"),
        ("surprise", "Pool", "Surprise", "Pool is leaking: 1,200 alive, +250"),
    ],
)
def test_each_kind_of_verdict_is_said_in_a_sentence(
    read_back, kind, subject, word, said
) -> None:
    told = read_back(synthetic.verdict(START + 9, kind, subject, remedy="do it"), END)
    top = opening(told)
    assert (top.word, top.remedy) == (word, "Do it.")
    assert top.sentence.startswith(said)
    assert said in Text(html.render(told)).text


@pytest.mark.parametrize(
    ("kind", "likely", "deed"),
    [
        ("leak", False, "Put there by"),
        ("leak", True, "Probably put there by"),
        ("unreleased", False, "Taken by"),
        ("unreleased", True, "Probably taken by"),
    ],
)
def test_a_line_of_code_is_shown_with_what_it_did(
    read_back, kind, likely, deed
) -> None:
    told = read_back({**LEAK, "kind": kind}, {**FOUND, "likely": likely}, END)
    assert f"{deed} shop/spiders/somenasty.py:21" in Text(html.render(told)).text


def test_a_leak_that_nobody_explained_says_so(read_back) -> None:
    failed = {"type": "explanation", "time": START + 9, "subject": "HtmlResponse",
              "class": LEAK["class"], "failed": "it was too slow"}  # fmt: skip
    page = Text(html.render(read_back({**LEAK, "signature": None}, failed, END))).text
    assert "HtmlResponse leaks, and who holds them is not known." in page
    assert "Not explained it was too slow" in page


def test_the_worst_verdict_comes_first(read_back) -> None:
    backlog = synthetic.verdict(START, "backlog", "Request", **{"class": REQUEST})
    hoard = synthetic.verdict(START, "hoard", "spider.seen", suppressed=True)
    told = read_back(hoard, backlog, LEAK, FOUND, END)
    assert [card.title for card in cards.cards(told)] == ["Leak", "Backlog", "Hoard"]
    assert [card.tone for card in cards.cards(told)] == ["bad", "warn", "quiet"]
    assert opening(told).detail.endswith("One more verdict stands, below.")
    marks = charts.data(told, cards.cards(told))["marks"]
    assert [mark["number"] for mark in marks] == [3, 2, 1]


def test_a_healthy_crawl_says_what_was_watched(read_back) -> None:
    page = Text(html.render(read_back(END))).text
    assert "No leak found in 1,144 responses and 3 min 10 s." in page
    assert (
        "20 samples: live objects of HtmlResponse, Product, Request, Selector; who"
        " owns each request and response; the memory of the process; the lengths of"
        " 2 containers." in page
    )


def test_what_is_accepted_or_withdrawn_is_no_leak(read_back) -> None:
    accepted = {**LEAK, "subject": "Known", "class": "Known", "suppressed": True}
    over = {**LEAK, "kind": "recovered", "message": "the verdict leak no longer holds"}
    top = opening(read_back(accepted, LEAK, over, END))
    assert (top.word, top.tone) == ("Healthy", "good")
    assert top.detail == (
        "Known and accepted: Known. Told and withdrawn: HtmlResponse."
    )


def test_a_crawl_that_could_not_be_judged_is_not_called_healthy(read_back) -> None:
    short = TooLittle("samples", 5, 6, warm_up=2, interval=10.0)
    page = Text(html.render(read_back(END, samples=5), short)).text
    assert (
        "Measured too little: 5 samples, and the rules need 6 (LEAKWATCH_MIN_SAMPLES"
        " + 2)." in page
    )
    assert "What to do Crawl longer, or lower LEAKWATCH_INTERVAL (10 s)." in page
    assert "Healthy" not in page


def test_a_verdict_is_told_of_a_crawl_that_was_too_short(read_back) -> None:
    top = opening(read_back(LEAK, FOUND, END), TooLittle("samples", 5, 6))
    assert top.word == "Leak"


def test_a_killed_crawl_and_broken_lines_are_told(read_back) -> None:
    told = replace(read_back(LEAK), broken=1, step=7, forgotten=3)
    assert about.notes(told) == [
        "The recording stops after 3 min 10 s, without an end: the crawl was killed,"
        " or it still runs.",
        "1 line was no line of a recording: left out.",
        "Of 20 samples the charts are of every 7th; no verdict is left out.",
        "The first 3 verdicts are left out.",
    ]


def test_a_crawl_that_still_runs_is_told(read_back, monkeypatch) -> None:
    monkeypatch.setattr(about.time, "time", lambda: START + 200)
    (note,) = about.notes(read_back())
    assert note.startswith("The crawl was running when this report was made")


def test_the_code_is_shown_with_the_lines_around_it(tmp_path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "spider.py").write_text(SOURCE)
    code = "yield response.follow(href, self.parse, meta={'referer': response})"
    lines = lines_around("shop/spider.py:9", code, tmp_path)
    assert [(line.number, line.meant) for line in lines] == [
        (6, False), (7, False), (8, False), (9, True),
    ]  # fmt: skip
    assert lines[-1].text == f"            {code}"
    shown = lines_around("shop/spider.py:1", "import scrapy", tmp_path)
    assert [line.text for line in shown] == [
        "import scrapy", "", 'API_KEY = "***"',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("location", "numbers"),
    [
        ("shop/spider.py:2", [2]),  # it has changed since
        ("shop/spider.py:999", [999]),
        ("shop/absent.py:1", [1]),
        ("../secret.py:1", [1]),
        ("link.py:1", [1]),
        ("notes.txt:1", [1]),
        ("shop.py:1", [1]),
        ("shop/spider.py", []),
        ("shop/spider.py:²", []),
        ("", []),
        ("a\0b.py:1", [1]),
    ],
)
def test_only_source_of_the_project_is_read(tmp_path, location, numbers) -> None:
    project = tmp_path / "project"
    (project / "shop").mkdir(parents=True)
    (project / "shop.py").mkdir()
    (project / "shop" / "spider.py").write_text(SOURCE)
    for path in (tmp_path / "secret.py", project / "notes.txt"):
        path.write_text("import scrapy\nSECRET\n")
    (project / "link.py").symlink_to(tmp_path / "secret.py")
    lines = lines_around(location, "import scrapy", project)
    assert [line.number for line in lines] == numbers
    assert not any("SECRET" in line.text for line in lines)


def test_the_edge_to_change_is_marked_where_its_name_is_in_the_path(read_back) -> None:
    def marked(**found):
        told = read_back(LEAK, {**FOUND, **found}, END)
        steps = cards.cards(told)[0].path
        return [
            "".join(piece.text for piece in step.pieces if piece.marked)
            for step in steps
            if step.cut or any(piece.marked for piece in step.pieces)
        ]

    assert marked() == ["Request.meta['referer']"]
    assert marked(holder="spider.pages[*].old") == ["Request.meta['referer']"]
    assert marked(holder="LifoMemoryQueue[*] → Request") == [
        "LifoMemoryQueue[*]", "Request",
    ]  # fmt: skip
    assert marked(holder="") == []
    assert marked(path=[{"node": "spider.pages", "edge": ""}], holder="x") == []


def test_a_page_runs_only_its_own_two_scripts_and_loads_nothing(read_back) -> None:
    page = html.render(read_back(LEAK, FOUND, END))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert "unsafe" not in policy
    assert "Copyright (c) 2022 Leon Sorokin" in page
    assert policy.count("sha256-") == 3
    assert page.count("<script") == 3
    assert page.count("<style") == 1
    assert not re.search(r"<[^>]*\s(style|on\w+)=", re.sub(r"(?s)<script.*", "", page))
    assert not re.search(r'(?:src|href)="(?!data:,)', page)


def test_a_hostile_recording_is_only_text(tmp_path) -> None:
    told = recordings.read(synthetic.hostile(tmp_path / "evil.jsonl"))
    assert not told.broken
    page = html.render(told)
    parsed = Text(page)
    shown = r"<!--'\"&lt;{{ 7*7 }}\x1b[31m\x07\n\u2028\u202e\ud800".replace('\\"', '"')
    assert parsed.text.count(shown) > 30
    assert "img" not in parsed.tags
    assert parsed.tags.count("script") == 3
    assert json.loads(parsed.scripts[0])["marks"][0]["number"] == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202e\ud800]", page)
    assert EVIL not in page
    page.encode("utf-8")


def test_the_data_of_the_charts_can_not_end_its_script(tmp_path) -> None:
    page = html.render(recordings.read(synthetic.hostile(tmp_path / "evil.jsonl")))
    (data,) = re.findall(
        r'(?s)<script type="application/json"[^>]*>(.*?)</script>', page
    )
    assert not set(data) & set("<>&'")
    assert any("onerror" in mark["text"] for mark in json.loads(data)["marks"])


def test_the_report_of_a_day_is_below_500_kb(tmp_path) -> None:
    path = synthetic.a_day(tmp_path / "day.jsonl")
    names = [f"shop.classes.Class{number:030}" for number in range(60)]
    lines = path.read_text().splitlines(keepends=True)
    crowd = {name: {"count": 123_456, "oldest_s": 1.0} for name in names}
    boxes = [{"name": name, "type": "dict", "len": 123_456} for name in names]
    for number, line in enumerate(lines):
        if '"type": "sample"' in line and number % 9 == 0:
            sample = json.loads(line)
            sample["live"] |= crowd
            sample["containers"] += boxes
            lines[number] = json.dumps(sample) + "\n"
    path.write_text("".join(lines))
    written = html.write(recordings.read(path), tmp_path / "report.html")
    assert 100_000 < written.stat().st_size < 500_000
    page = Text(written.read_text()).text
    assert "(52 smaller ones are left out.)" in page
    assert "(60 others are left out.)" in page


def test_a_report_is_for_its_owner_alone_and_whole(
    tmp_path, read_back, monkeypatch
) -> None:
    path = tmp_path / "deep" / "report.html"
    assert html.write(read_back(LEAK), path) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text()
    assert html.write(read_back(END), str(path)) == path
    assert path.read_text() != first
    second = path.read_text()

    def full(fd, mode):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fdopen", full)
    with pytest.raises(html.ReportError) as raised:
        html.write(read_back(), path)
    assert path.read_text() == second
    assert os.listdir(path.parent) == ["report.html"]
    assert str(raised.value) == (
        f"the report {path} can't be written (No space left on device): free the"
        " disk, or name another file."
    )


@pytest.mark.parametrize("name", ["record.jsonl", "sub/../record.jsonl"])
def test_a_report_does_not_replace_its_recording(tmp_path, read_back, name) -> None:
    told = read_back(LEAK)
    (tmp_path / "sub").mkdir()
    path = tmp_path / name
    with pytest.raises(html.ReportError) as raised:
        html.write(told, path)
    assert str(raised.value) == (
        f"the report {path} would replace a file of another kind: name another file,"
        " or remove what is there."
    )
    assert recordings.read(told.path) == told


def test_a_report_does_not_go_through_a_link(tmp_path, read_back) -> None:
    html.write(read_back(LEAK, END), tmp_path / "report.html")
    before = (tmp_path / "report.html").read_text()
    for target in ("report.html", "absent.html"):
        (tmp_path / "link").symlink_to(target)
        with pytest.raises(html.ReportError, match="would replace a link"):
            html.write(read_back(), tmp_path / "link")
        (tmp_path / "link").unlink()
    assert (tmp_path / "report.html").read_text() == before
    assert sorted(os.listdir(tmp_path)) == ["record.jsonl", "report.html"]


def test_the_pages_of_all_spiders_are_known_again(tmp_path, read_back) -> None:
    told = read_back(LEAK, END)
    for spider in ("shop", "é" * 500, "<&>" * 100):
        named = replace(told, run=replace(told.run, spider=spider))
        for _ in range(2):
            html.write(named, tmp_path / "report.html")


@pytest.mark.parametrize("name", ["file/report.html", ".", "a\0b", "a" * 300])
def test_a_place_that_can_not_be_written_is_one_line(tmp_path, read_back, name) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(html.ReportError, match="name another file") as raised:
        html.write(read_back(), tmp_path / name)
    assert "\n" not in str(raised.value)
    assert sorted(os.listdir(tmp_path)) == ["file", "record.jsonl"]


def test_a_rate_is_of_the_time_that_passed() -> None:
    times = tuple(float(second) for second in range(0, 100, 10))
    received = tuple(float(5 * second) for second in range(0, 100, 10))
    assert charts._per_minute(times, received) == (None, *[300.0] * 9)
    assert charts._per_minute((1.0, 1.0), (3.0, 4.0)) == (None, None)
    assert charts._per_minute((1.0,), (3.0,)) == ()
    assert charts._per_minute((1.0, 2.0), ()) == ()
    assert charts._per_minute((1.0, 2.0), (None, 4.0)) == (None, None)


def test_the_layers_are_drawn_where_they_were_looked_at(read_back) -> None:
    layers = {"type": "layers", "time": START + 52, "rss": 9, "malloc_free": 7}
    told = read_back(layers, END)
    drawn = {chart["id"]: chart for chart in charts.data(told, [])["charts"]}["memory"]
    free = next(each for each in drawn["series"] if each["label"] == "malloc free")
    assert [at for at, value in enumerate(free["values"]) if value == 7] == [5]
    assert drawn["limit"] == synthetic.LIMIT


def test_of_the_containers_those_that_grow_are_drawn(read_back) -> None:
    def drawn(**lengths):
        boxes = [
            [{"name": name, "type": "dict", "len": length} for name, length in at]
            for at in zip(*([(name, each) for each in many]
                            for name, many in lengths.items()), strict=True)
        ]  # fmt: skip
        lines = [{**synthetic.sample(0), "containers": each} for each in boxes]
        shown = charts.data(read_back(*lines, samples=0), [])["charts"]
        (chart,) = [each for each in shown if each["id"] == "containers"]
        return [each["label"] for each in chart["series"]], chart["note"]

    labels, note = drawn(a=[1, 5, 9], table=[9000] * 3, b=[5, 90, 2], shrinks=[7, 6, 5])
    assert labels == ["b", "a"]
    assert note.endswith("(2 others are left out.)")
    labels, note = drawn(table=[9000] * 3, shrinks=[7, 6, 5])
    assert labels == ["table", "shrinks"]
    assert "left out" not in note


def test_what_was_not_recorded_has_no_chart(read_back) -> None:
    assert charts.data(read_back(samples=0), [])["charts"] == []


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-1, "0 s"), (42.9, "42 s"), (60, "1 min"), (265, "4 min 25 s"),
        (3600, "1 h"), (11_100, "3 h 5 min"), (198_000, "2 d 7 h"),
    ],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds, written) -> None:
    assert amounts.span(seconds) == written


@pytest.mark.parametrize(
    ("size", "written"),
    [(900, "0.9 kB"), (25_900, "25.9 kB"), (81_300_000, "81.3 MB"),
     (2_147_483_648, "2.15 GB"), (None, "unknown")],
)  # fmt: skip
def test_bytes_are_written_for_people(size, written) -> None:
    assert amounts.size(size) == written
