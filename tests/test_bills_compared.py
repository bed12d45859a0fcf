"""The memory bills in ``show``, ``top`` and ``diff``."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.judge.comparison import compare
from scrapy_leakwatch.recordings import writing
from scrapy_leakwatch.records import BillOwner, OwnerChange
from scrapy_leakwatch.report import live
from tests.billing import BILL, FIRST, MB, NO_BILL, OWNERS
from tests.commanding import LEAK, leakwatch


@pytest.fixture
def billed(record):
    """Write a recording with these bills."""

    def billed(name, *bills, said=()):
        return record(name, *said, *map(writing.of_bill, bills))

    return billed


@pytest.fixture
def compared(billed):
    """Compare two crawls, the first bill of each apart."""

    def compared(old, new):
        crawls = [
            recordings.read(
                billed(f"crawl{number}", FIRST, replace(BILL, owners=owners))
            )
            for number, owners in enumerate((old, new))
        ]
        return compare(*crawls).owners

    return compared


def grown(megabytes, name="spider s", kind="spider"):
    """Return an owner that grows by so many MB per 1,000 responses."""
    rate = megabytes * (BILL.received - BILL.since_received) / 1000
    size = int(rate * MB)
    return BillOwner(name, kind, "project", max(size, 0) + MB, grown_bytes=size)


def test_show_prints_the_last_bill(billed, capsys) -> None:
    assert leakwatch("show", billed("billed", FIRST, BILL)) == 0
    shown = capsys.readouterr().out
    assert "\nMemory: " in shown
    assert "spider pagination" in shown
    assert "parse › rows  (499,600 dict)" in shown
    assert shown.index("Healthy: ") < shown.index("\nMemory: ") < shown.index("class ")


def test_show_says_why_there_is_no_bill(billed, capsys) -> None:
    leakwatch("show", billed("failed", NO_BILL))
    assert "No bill: no answer within 30 s" in capsys.readouterr().out


def test_show_of_a_crawl_without_bills_does_not_speak_of_them(billed, capsys) -> None:
    leakwatch("show", billed("plain"))
    assert "bill" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bills", "expected"),
    [
        ((), None),
        ((FIRST, BILL), BILL),
        ((FIRST, BILL, NO_BILL), BILL),
        ((NO_BILL,), NO_BILL),
    ],
)
def test_programs_get_the_last_bill(bills, expected, billed, capsys) -> None:
    leakwatch("show", "--json", billed("billed", *bills))
    line = None if expected is None else writing.of_bill(expected)
    shown = json.loads(capsys.readouterr().out)["bill"]
    assert shown == json.loads(json.dumps(line))


@pytest.mark.parametrize("width", [60, 110])
def test_top_shows_the_largest_owners_of_the_last_bill(
    width, billed, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    leakwatch("top", billed("billed", FIRST, BILL, NO_BILL))
    shown = capsys.readouterr().out
    (heading, first, *_) = shown[shown.index("owner, ") :].splitlines()
    assert heading.split()[:4] == ["owner,", "bill", "after", "1h06m"]
    assert first.startswith("spider pagination ")
    assert "612.0 MB" in first
    assert "+610.0 MB" in first
    assert ("▁" in first) == (width > 100)
    assert "libraries" not in shown


def test_top_shows_no_owners_where_there_is_no_bill(billed, capsys) -> None:
    for bills in ((), (NO_BILL,)):
        leakwatch("top", billed("plain", *bills))
        assert "owner, " not in capsys.readouterr().out


def test_top_does_not_say_that_a_first_bill_grew(billed, capsys) -> None:
    leakwatch("top", billed("first", FIRST))
    assert "+" not in capsys.readouterr().out.partition("owner, ")[2]


@pytest.mark.parametrize(("height", "owners"), [(60, 5), (40, 5), (24, 2), (8, 1)])
def test_a_low_screen_shows_fewer_owners(height, owners, billed) -> None:
    many = tuple(grown(number, f"owner {number}") for number in range(1, 9))
    crawl = recordings.read(billed("billed", FIRST, replace(BILL, owners=many)))
    lines = live.frame(crawl, "", live.View(keys="q"), (110, 10_000))
    assert sum("MB" in line.text and "owner " in line.text for line in lines) == 5
    lines = [*live.state(crawl, 110, "", live.owners_shown(height))]
    assert sum(line.text.startswith("owner ") for line in lines) == owners


def test_an_owner_that_grows_faster_is_told(compared) -> None:
    same = grown(3, "scraper", "scraper")
    (found,) = compared((grown(1), same), (grown(4), same))
    assert (found.turn, found.kind, found.name) == ("grown", "spider", "spider s")
    assert (found.before, found.after) == pytest.approx((MB, 4 * MB))
    assert found.difference == pytest.approx(3 * MB)


@pytest.mark.parametrize(
    ("old", "new", "turns"),
    [
        ((grown(5),), (grown(1),), ["shrunk"]),
        ((grown(5),), (grown(5.9),), []),
        ((grown(5),), (grown(6.1),), ["grown"]),
        ((), (grown(9),), ["new"]),
        ((), (grown(0.4),), ["new"]),  # it has more than 1 MB, and grows
        ((), (grown(0),), []),
        ((), (replace(grown(0.4), bytes=9),), []),
        ((grown(9),), (), ["gone"]),
        ((grown(0),), (), []),
        ((grown(2),), (grown(2, kind="module"),), ["new", "gone"]),
        ((grown(1, "a", "code"),), (grown(1, "b", "code"),), []),
        ((grown(1), grown(9, "a")), (grown(3), grown(2, "a"), grown(8, "b")),
         ["new", "grown", "shrunk"]),
    ],
)  # fmt: skip
def test_owners_are_compared_by_their_rates(old, new, turns, compared) -> None:
    assert [each.turn for each in compared(old, new)] == turns


def test_diff_tells_the_growth_of_owners_and_accuses_nobody(billed, capsys) -> None:
    calm = replace(BILL, owners=(grown(0.5, "spider pagination"), *OWNERS[2:]))
    paths = billed("before", FIRST, calm), billed("after", FIRST, BILL)
    assert leakwatch("diff", *paths) == 0
    shown = capsys.readouterr().out
    assert "\nGrowth of the memory per 1,000 responses, by owner\n" in shown
    words = " ".join(shown.split())
    assert " grown spider pagination +500.0 kB +499.2 MB " in words
    assert " new item pipeline PagePipeline none +159.6 MB " in words
    assert "scheduler" not in shown
    assert "nothing leaks, before or after; but the memory of 2 owners grows" in shown
    assert leakwatch("diff", "--json", *paths) == 0
    said = json.loads(capsys.readouterr().out)
    first, second = said["owners"]
    assert (first["turn"], first["name"]) == ("grown", "spider pagination")
    assert first["after"]["bytes_per_1000_responses"] == pytest.approx(499.2 * MB, 0.01)
    assert second["before"] == {"bytes_per_1000_responses": None}
    assert said["owners_refused"] is None


def test_diff_of_equal_bills_says_nothing_of_them(billed, capsys) -> None:
    leakwatch("diff", billed("before", FIRST, BILL), billed("after", FIRST, BILL))
    shown = capsys.readouterr().out
    assert "wner" not in shown
    assert "Nothing new leaks: nothing leaks, before or after." in shown


def test_a_new_leak_is_still_what_diff_ends_with(billed, capsys) -> None:
    after = billed("after", FIRST, BILL, said=[LEAK])
    assert leakwatch("diff", billed("before", FIRST, BILL), after) == 3
    assert "Something new leaks: 1 new." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bills", "said"),
    [
        ((), "Owners are not compared, before: it has no memory bill."),
        ((NO_BILL,), "Owners are not compared, before: it has no memory bill."),
        ((FIRST,), "before: it has one memory bill, and growth is between two."),
        (
            (FIRST, replace(BILL, received=FIRST.received)),
            "before: no response came between its memory bills.",
        ),
    ],
)
def test_diff_says_why_owners_are_not_compared(bills, said, billed, capsys) -> None:
    paths = billed("before", *bills), billed("after", FIRST, BILL)
    assert leakwatch("diff", *paths) == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert "Growth of the memory" not in shown
    leakwatch("diff", "--json", *paths)
    assert json.loads(capsys.readouterr().out)["owners_refused"] in said


def test_diff_of_crawls_without_bills_does_not_speak_of_them(billed, capsys) -> None:
    leakwatch("diff", billed("before"), billed("after"))
    assert "wner" not in capsys.readouterr().out


def test_the_difference_of_an_owner_who_is_not_there_is_all_he_has() -> None:
    assert OwnerChange("gone", "spider", "s", 5.0, None).difference == -5.0
    assert OwnerChange("new", "spider", "s", None, 5.0).difference == 5.0
