"""What the zoo makes of a recording, told from literals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.zoo.keeper import Run
from tests.zoo.report import BEGIN, END, line_of, lines_of, page
from tests.zoo.rows import ROWS
from tests.zoo.score import Evidence, judge
from tests.zoo.total import Kind, total
from tests.zoo.truth import Named, Row

LEAKY = Row(
    name="leaky",
    story="keeps pages",
    spiders=("shop.Leaky",),
    truth="leak",
    also=frozenset({"recovered"}),
    subjects=("HtmlResponse",),
    holders=("spider.kept[*]",),
    line="shop/leaks.py:7",
)
HEAVY = Row(
    name="heavy",
    story="keeps a buffer and a table",
    spiders=("shop.Heavy",),
    truth="hoard",
    named=(
        Named(("Uploading.buffer|raw",), "shop/heavy.py:3"),
        Named(("spider.table", "_new")),
    ),
)
SOUND = Row(
    name="sound",
    story="keeps nothing",
    spiders=("shop.Sound",),
    also=frozenset({"backlog"}),
)
CONFIG = {"LEAKWATCH_MIN_SAMPLES": 4, "LEAKWATCH_MIN_OBJECTS": 100}
RECEIVED = [(float(second), 50 * second) for second in range(30)]


def sample(second: float, queued: int | None = 0, rss: float = 100e6) -> dict[str, Any]:
    return {
        "type": "sample",
        "time": float(second),
        "memory": {"rss": rss},
        "requests": {"queued_memory": queued},
    }


def verdict(second: float, **fields: Any) -> dict[str, Any]:
    said = {"kind": "leak", "subject": "HtmlResponse", "spider": "shop", "id": 1}
    said |= fields
    return {"type": "verdict", "time": float(second), **said}


def explanation(second: float, **fields: Any) -> dict[str, Any]:
    found = {
        "subject": "HtmlResponse",
        "spider": "shop",
        "verdict": 1,
        "holder": "spider.kept[*]",
        "location": "shop/leaks.py:7",
        "stall_ms": 0.0,
        "analysis_ms": 500.0,
        **fields,
    }
    return {"type": "explanation", "time": float(second), **found}


def crawl(
    *said: dict[str, Any],
    ended: str | None = None,
    log: str = "",
    rising: float = 0.0,
) -> Evidence:
    """Return what is left of 20 samples, the first before the first response.

    Memory is ``rising`` by so many bytes between two of them.
    """
    run = {"type": "run", "time": 0.0, "config": CONFIG}
    samples = [sample(at, rss=100e6 + at * rising) for at in range(20)]
    lines = [run, *samples, *said]
    lines.sort(key=lambda line: line["time"])
    return Evidence(lines, RECEIVED, log, ended)


GOOD = (verdict(7.25), explanation(7.25))


def test_a_right_verdict_is_right_in_all_it_is_asked_for() -> None:
    result = judge(LEAKY, crawl(*GOOD))
    assert result.faults == ()
    assert result.holder_right is result.place_right is True
    assert result.told == ("leak",)


def test_a_verdict_has_the_explanation_that_refers_to_it() -> None:
    other = explanation(7.25, verdict=2, holder="spider.lost")
    nobodys = explanation(7.25, verdict=None, holder="spider.lost")
    said = (verdict(7.25), other, nobodys, explanation(7.25))
    assert judge(LEAKY, crawl(*said)).holder == "spider.kept[*]"


def test_the_delay_is_that_from_the_growths_start_to_the_look_at_the_heap() -> None:
    result = judge(LEAKY, crawl(*GOOD))
    assert result.samples == 5  # it grows at 1, and at 6.75 the look begins
    assert result.looked_s == pytest.approx(0.5)
    assert result.leaked == 350


def test_a_leak_that_begins_late_is_counted_from_its_beginning() -> None:
    result = judge(replace(LEAKY, grows_after=100), crawl(*GOOD))
    assert result.samples == 3
    assert result.leaked == 250


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ((), "no leak was told"),
        ((verdict(14), explanation(14)), "told after 12 samples, not within 7"),
        (
            (verdict(7), explanation(7, holder="spider.lost")),
            "held by spider.lost, not by spider.kept[*]",
        ),
        (
            (verdict(7), explanation(7, location="shop/leaks.py:8")),
            "put there in shop/leaks.py:8, not shop/leaks.py:7",
        ),
        (
            (verdict(7), explanation(7, holder="", failed="no fork")),
            "held by nobody (no fork), not by spider.kept[*]",
        ),
        ((verdict(7),), "held by nobody (None), not by spider.kept[*]"),
        (
            (*GOOD, verdict(9, kind="hoard", subject="spider.kept")),
            "false alarm: hoard of spider.kept held by spider.kept",
        ),
        (
            (*GOOD, verdict(9, kind="garbage", subject="memory")),
            "untrue: garbage of memory held by nobody",
        ),
    ],
)
def test_what_is_wrong_with_a_leaking_row_is_said(said, fault) -> None:
    assert judge(LEAKY, crawl(*said)).faults == (fault,)


def test_a_later_verdict_with_another_name_is_a_wrong_name() -> None:
    later = (verdict(12), explanation(12, holder="spider.lost"))
    result = judge(LEAKY, crawl(*GOOD, *later))
    assert result.holder == "spider.kept[*]"
    assert result.holder_right is False


def test_a_slow_leak_may_take_as_many_samples_as_the_objects_need() -> None:
    slow = replace(LEAKY, leaked_each=0.5)
    assert judge(slow, crawl(verdict(11), explanation(11))).faults == ()
    assert judge(slow, crawl(verdict(13), explanation(13))).faults != ()


def test_an_alarm_on_a_healthy_crawl_is_false() -> None:
    result = judge(SOUND, crawl(*GOOD))
    assert result.faults == (
        "false alarm: leak of HtmlResponse held by spider.kept[*]",
    )


def test_what_is_also_true_of_a_crawl_may_be_told() -> None:
    assert judge(SOUND, crawl(verdict(7, kind="backlog"))).passed
    assert judge(LEAKY, crawl(*GOOD, verdict(9, kind="recovered"))).passed


def test_a_crawl_that_did_not_look_like_its_story_says_nothing() -> None:
    row = replace(SOUND, reaches=(("requests.queued_memory", 10),))
    evidence = crawl(sample(3.5, queued=9), sample(4.5, queued=None))
    (fault,) = judge(row, evidence).faults
    assert fault == "requests.queued_memory reached only 9, not 10"


@pytest.mark.parametrize(
    ("evidence", "fault"),
    [
        (crawl(ended="ended with status 1"), "ended with status 1"),
        (
            crawl(log="x\nERROR: LeakWatch can't judge what it sees\ny"),
            "LeakWatch can't judge what it sees",
        ),
        (replace(crawl(), received=[(1.0, 9)]), "only 9 responses"),
        (replace(crawl(), lines=crawl().lines[:6]), "only 5 samples"),
    ],
)
def test_a_crawl_that_went_wrong_is_no_success(evidence, fault) -> None:
    assert judge(SOUND, evidence).faults == (fault,)


def of_weight(subject: str, line: str | None = None) -> list[dict[str, Any]]:
    return [
        verdict(9, kind="hoard", subject=subject, message="", id=subject),
        explanation(9, subject=subject, verdict=subject, holder=subject, location=line),
    ]


BUFFER = of_weight("Uploading.buffer", "shop/heavy.py:3")
TABLE = of_weight("spider.table › _new", "shop/heavy.py:5")


def test_a_known_leak_is_told_to_be_that_one_and_nothing_else_is() -> None:
    known = replace(LEAKY, known="scrapy-media-failures")
    said = explanation(7.25, known="scrapy-media-failures")
    assert judge(known, crawl(verdict(7.25), said)).faults == ()
    assert judge(known, crawl(*GOOD)).faults != ()
    assert judge(LEAKY, crawl(verdict(7.25), said)).faults != ()


def test_what_right_verdicts_say_is_to_be_done_is_told_once() -> None:
    fixed = explanation(7.25, fix="keep response.url")
    again = (verdict(12), explanation(12, fix="keep response.url"))
    wrong = verdict(14, kind="hoard", remedy="clear()")
    assert judge(LEAKY, crawl(verdict(7.25), fixed, *again, wrong)).fixes == (
        "keep response.url",
    )
    unexplained = verdict(7.25, remedy="clear()")
    assert judge(LEAKY, crawl(unexplained)).fixes == ("clear()",)


def test_what_helps_against_a_known_leak_is_told_as_well() -> None:
    fixed = explanation(7.25, fix="clear()", known="scrapy-media-results")
    (fix,) = judge(LEAKY, crawl(verdict(7.25), fixed)).fixes
    assert fix.startswith("clear(); split the crawl, or info.downloaded.clear()")


def test_all_who_keep_much_must_be_named() -> None:
    result = judge(HEAVY, crawl(*BUFFER, *TABLE))
    assert result.faults == ()
    assert result.holder_right is result.place_right is True


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ((), "no hoard was told"),
        (BUFFER, "nobody was told of spider.table _new"),
        (
            [*of_weight("spider.raw", "shop/heavy.py:4"), *TABLE],
            "spider.raw: put there in shop/heavy.py:4, not shop/heavy.py:3",
        ),
        (
            [*BUFFER, *TABLE, *of_weight("spider.other")],
            "false alarm: hoard of spider.other held by spider.other",
        ),
    ],
)
def test_what_is_wrong_with_a_heavy_row_is_said(said, fault) -> None:
    result = judge(HEAVY, crawl(*said))
    assert result.faults == (fault,)


def test_what_is_told_by_the_megabyte_may_take_its_time() -> None:
    late = [dict(line, time=18.0) for line in (*BUFFER, *TABLE)]
    assert judge(HEAVY, crawl(*late)).faults == ()


RISING = 5e6


def test_no_crawl_whose_memory_rises_is_healthy() -> None:
    fault = "healthy, and memory rose from 115 to 195 MB"
    assert judge(SOUND, crawl(rising=RISING)).faults == (fault,)
    said = (verdict(7, kind="backlog"), verdict(9, kind="recovered"))
    assert judge(LEAKY, crawl(*GOOD, rising=RISING)).passed
    assert fault in judge(SOUND, crawl(*said, rising=RISING)).faults


def test_that_memory_rises_may_be_said_where_it_does() -> None:
    said = verdict(17, kind="inconclusive", subject="memory")
    assert judge(SOUND, crawl(said, rising=RISING)).passed
    assert judge(SOUND, crawl(said, rising=RISING / 2)).faults == (
        "untrue: inconclusive of memory held by nobody",
    )


def test_that_memory_rises_may_be_withdrawn_for_what_is_named_instead() -> None:
    withdrawn = {"kind": "recovered", "subject": "memory", "id": 2}
    named = verdict(19, **withdrawn, cause=1)
    assert judge(LEAKY, crawl(*GOOD, named, rising=RISING)).passed
    alone = verdict(19, **withdrawn, cause=None)
    assert judge(SOUND, crawl(alone)).faults == (
        "untrue: recovered of memory held by nobody",
    )


def test_memory_that_one_crawl_leaves_is_not_the_growth_of_the_next() -> None:
    run = {"type": "run", "time": 20.0, "config": CONFIG}
    after = [sample(20 + at, rss=200e6) for at in range(20)]
    before = crawl(verdict(19, kind="backlog"), rising=RISING)
    lines = [*before.lines, run, *after]
    assert judge(SOUND, Evidence(lines, RECEIVED)).faults == ()


def test_the_score_counts_rows() -> None:
    rows = [LEAKY, replace(LEAKY, name="missed"), SOUND]
    said = [GOOD, (), GOOD]
    results = [judge(row, crawl(*lines)) for row, lines in zip(rows, said, strict=True)]
    score = total(rows, results)
    assert (score.passed, score.rows) == (1, 3)
    assert score.kinds == (Kind("leak", rows=2, told=2, right=1),)
    assert score.kinds[0].precision == score.kinds[0].recall == 0.5
    assert (score.holders_right, score.holders_asked) == (1, 1)
    assert (score.samples, score.leaked_most) == (5, 350)


def test_the_page_keeps_its_text_and_has_the_table_anew() -> None:
    runs = [Run(row, judge(row, crawl(*GOOD)), 5.0) for row in (LEAKY, SOUND)]
    score = total([LEAKY, SOUND], [run.result for run in runs])
    made = page(f"Before\n\n{BEGIN}obsolete\n{END}\nafter\n", runs, score)
    assert made.startswith("Before\n")
    assert made.endswith("\nafter\n")
    assert "obsolete" not in made
    assert "**leaky**: keeps pages" in made
    assert "Healthy crawls with a warning: 1 of 1." in made
    assert page(made, runs, score) == made


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="zoo begins"):
        page("nothing", [], total([], []))


def test_a_row_is_one_line_and_one_for_each_fault() -> None:
    run = Run(SOUND, judge(SOUND, crawl(*GOOD)), 5.0, again=True)
    first, fault = line_of(run).splitlines()
    assert first.startswith("FAIL sound")
    assert first.endswith("(alone)")
    assert "false alarm" in fault


def test_the_lines_of_a_score_say_how_many_were_run_again() -> None:
    said = "\n".join(lines_of(total([], []), again=2, seconds=61))
    assert "2 were run again" in said


def test_each_row_has_a_name_of_its_own() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)


def test_each_leak_of_the_zoo_has_a_holder() -> None:
    leaks = [row for row in ROWS if row.truth in {"leak", "hoard"}]
    assert len(leaks) > 40
    assert all((row.holders and row.subjects) or row.named for row in leaks)
