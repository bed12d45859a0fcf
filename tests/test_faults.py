"""Crawls under faults end as they would without LeakWatch: the most telling ones.

``make faults`` has all of them.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.fault import LEAK, STATUS, Fault
from tests.faults.keeper import run
from tests.faults.promises import Left, broken
from tests.faults.rows import FAULTS, fault_named
from tests.zoo.keeper import serving

SHORT = (
    "fork_refused",
    "disk_full_for_the_report",
    "sigterm",
    "left_by_force",
    "throws_in_every_signal",
)


@pytest.fixture(scope="module")
def site():
    with serving() as url:
        yield url


@pytest.mark.parametrize("name", SHORT)
def test_a_crawl_under_a_fault_ends_as_its_twin_without_us(site, tmp_path, name):
    assert run(fault_named(name), site, tmp_path).broken == ()


def test_each_fault_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


FAULT = Fault(name="a_fault", story="something breaks", told=LEAK, says=("can't",))
OUTCOME = {
    "reasons": ["finished"],
    "pages": [400, 7],
    "items": 400,
    "verdicts": ["leak"],
    "struck": ["look"],
    "children": False,
}
TWIN = Left(0, "", {**OUTCOME, "verdicts": [None], "struck": ["no look"]})
WATCHED = Left(0, "", OUTCOME, frozenset({"record.jsonl"}))
STAMP = "2026-01-02 03:04:05 "
ERROR = f"{STAMP}[scrapy_leakwatch] ERROR: can't do without\n"
TRACEBACK = (
    "Traceback (most recent call last)\n  File '/lib/scrapy_leakwatch/crawl/watch.py'\n"
)


def test_a_crawl_that_ends_as_its_twin_breaks_no_promise() -> None:
    assert broken(FAULT, WATCHED, TWIN) == ()


def test_a_crawl_that_ends_otherwise_is_told() -> None:
    other = {**OUTCOME, "reasons": ["shutdown"], "pages": [399, 8], "items": 399}
    watched = replace(WATCHED, status=1, outcome=other)
    assert broken(FAULT, watched, TWIN) == (
        "status 1, and 0 of the twin",
        "items 399, and 400 of the twin",
        "pages [399, 8], and [400, 7] of the twin",
        "reasons ['shutdown'], and ['finished'] of the twin",
    )
    fault = replace(FAULT, same=STATUS)
    assert broken(fault, watched, TWIN) == ("status 1, and 0 of the twin",)


def test_a_twin_that_does_not_end_proves_nothing() -> None:
    hung = replace(TWIN, status=None)
    assert "the twin does not end" in broken(FAULT, replace(WATCHED, status=None), hung)


def test_a_twin_that_came_to_nothing_proves_nothing() -> None:
    dead = Left(1, "")
    assert broken(FAULT, dead, dead)[0] == "the twin came to nothing"


def test_a_fault_that_did_not_strike_proves_nothing() -> None:
    watched = replace(WATCHED, outcome=TWIN.outcome | {"verdicts": ["leak"]})
    assert broken(FAULT, watched, TWIN) == ("the fault did not strike: look",)
    twin = replace(TWIN, outcome={**TWIN.outcome, "missed": ["page"]})
    assert broken(FAULT, WATCHED, twin) == ("the fault did not strike: page",)


def test_what_stays_behind_is_told_unless_it_was_asked_for() -> None:
    files = frozenset({"record.jsonl", "tmp/leakwatch-report-1", "crawls"})
    watched = replace(
        WATCHED,
        outcome={**OUTCOME, "children": True},
        files=files | {"report.html"},
        processes=True,
    )
    twin = replace(TWIN, files=frozenset({"crawls"}))
    assert broken(replace(FAULT, leaves=("report.html",)), watched, twin) == (
        "a process stayed",
        "a child was not reaped",
        "a file stayed: tmp/leakwatch-report-1",
    )
    unheard = replace(FAULT, leaves=("*",), unheard=True)
    assert broken(unheard, watched, twin) == ("a process stayed",)
    twin = replace(twin, processes=True, outcome={**OUTCOME, "children": True})
    fault = replace(FAULT, leaves=("report.html", "tmp/*"))
    assert broken(fault, watched, twin) == ()


def test_one_error_of_ours_is_heard_once() -> None:
    assert broken(FAULT, replace(WATCHED, log=ERROR + TRACEBACK), TWIN) == ()
    assert broken(FAULT, replace(WATCHED, log=2 * (ERROR + TRACEBACK)), TWIN) == (
        "an error of ours, 1 times too often: can't do without",
        "2 tracebacks through our code",
    )
    fault = replace(FAULT, says=("won't",))
    assert broken(fault, replace(WATCHED, log=ERROR), TWIN) == (
        "an error of ours, 1 times too often: can't do without",
    )


def test_a_traceback_of_a_handler_that_raises_is_none_of_ours() -> None:
    log = 3 * f"--- Logging error ---\n{TRACEBACK}"
    assert broken(FAULT, replace(WATCHED, log=log), TWIN) == ()


def test_a_traceback_of_the_project_is_none_of_ours() -> None:
    log = f"{STAMP}[scrapy] ERROR: thrown\n" + TRACEBACK.replace("leakwatch", "shop")
    assert broken(FAULT, replace(WATCHED, log=9 * log), TWIN) == ()


@pytest.mark.parametrize(
    "said",
    [
        "Exception ignored in: <function f>",
        "ERROR: Task exception was never retrieved",
        "Unhandled error in Deferred:",
    ],
)
def test_an_error_that_nobody_caught_is_told_unless_the_twin_has_it(said) -> None:
    watched, twin = replace(WATCHED, log=said), replace(TWIN, log=said)
    assert len(broken(FAULT, watched, TWIN)) == 1
    assert broken(FAULT, watched, twin) == ()


def test_a_warning_of_python_about_our_code_is_told() -> None:
    log = "/lib/scrapy_leakwatch/crawl/watch.py:3: ResourceWarning: unclosed\n"
    (told,) = broken(FAULT, replace(WATCHED, log=log), TWIN)
    assert told.endswith("ResourceWarning: unclosed")


def test_healthy_is_no_word_for_a_crawl_that_nobody_could_watch() -> None:
    watched = replace(WATCHED, outcome={**OUTCOME, "verdicts": ["healthy"]})
    blind = replace(FAULT, told=frozenset(), blind=True)
    assert broken(blind, watched, TWIN) == ("healthy, and nobody could see that",)
    assert broken(blind, WATCHED, TWIN) == ()
    assert broken(FAULT, watched, TWIN) == ("told ['healthy'], not one of ['leak']",)
