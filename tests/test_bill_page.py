"""The memory bills on the page: the stack of owners, and the table of the last."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch import recordings
from scrapy_leakwatch.records import OWNER_KINDS, Bill, BillLayers, BillOwner, BillPath
from scrapy_leakwatch.report import amounts, charts, html, stack
from scrapy_leakwatch.report.bill_page import bill_page
from tests import billing, synthetic
from tests.billing import FIRST, MB, NO_BILL, OWNERS, WAITING
from tests.synthetic import EVIL, START
from tests.test_html import Text, read_back

__all__ = ["read_back"]  # the fixture
BILL = billing.BILL


pytestmark = pytest.mark.usefixtures("in_utc")


@pytest.fixture
def billed(read_back):
    """Return a crawl with these bills."""

    def billed(*bills):
        return replace(read_back(), bills=bills)

    return billed


def drawn(told):
    """Return the chart of the owners, None where there is none."""
    found = charts.data(told, [])["charts"]
    return next((chart for chart in found if chart["id"] == "owners"), None)


def test_the_last_bill_is_a_table_of_owners_paths_and_lines(billed) -> None:
    page = Text(html.render(billed(FIRST, BILL))).text
    for said in (
        "The last memory bill At 16:13:20 the process had 1.02 GB, +935.0 MB since the"
        " first bill at 15:07:40, 1,222 responses ago. 98 % of it has a name.",
        "spider pagination 612.0 MB +610.0 MB +499.2 MB",
        "parse › rows pagination.py:14 rows.append(row) Yield each row. 499,600 dict"
        " 610.0 MB +608.0 MB +497.5 MB",
        "item pipeline PagePipeline 3.0 MB of it shared 197.0 MB +195.0 MB",
        "PagePipeline.pages probably pipelines.py:9 900 str, at most 1,000 98.0 MB",
        "PagePipeline.bodies BytesIO 95.0 MB",
        "scheduler memory queue not your code 41.0 MB +38.0 MB",
        "36,000 Request 40.0 MB",
        "2 others 700.0 kB +100.0 kB",
        "code and modules 84.0 MB 0 0",
        "garbage 3.0 MB -2.0 MB -1.6 MB",
        "free in the allocators 61.0 MB +58.0 MB +47.5 MB",
        "not named 21.0 MB +11.0 MB",
        "All that is resident 1.02 GB +935.0 MB +765.1 MB",
    ):
        assert said in page, said


def test_of_a_first_bill_nothing_is_said_to_grow(billed) -> None:
    told = billed(FIRST)
    page = Text(html.render(told)).text
    assert drawn(told) is None
    assert "The last memory bill At 15:07:40 the process had 85.0 MB. 88 %" in page
    assert "Owner and path What it is Bytes spider pagination 2.0 MB" in page
    assert "Per 1,000 responses" not in page


def test_without_a_bill_the_page_says_why(billed) -> None:
    told = billed(NO_BILL)
    page = Text(html.render(told)).text
    assert drawn(told) is None
    assert "No memory bill, last tried at 16:30:00: no answer within 30 s." in page
    assert "The last memory bill" not in page


def test_a_bill_that_nobody_asked_for_is_not_on_the_page(billed) -> None:
    told = billed()
    assert bill_page(told) is None
    assert drawn(told) is None
    assert 'id="bill"' not in html.render(told)


def test_what_failed_later_and_what_is_in_part_is_told(billed) -> None:
    said = bill_page(billed(FIRST, replace(BILL, partial=True), NO_BILL)).notes
    assert said == (
        "Not all is counted: the time limit came first.",
        "No bill since then, last tried at 16:30:00: no answer within 30 s.",
    )


def test_a_bill_of_a_crawl_without_samples_has_its_table(read_back) -> None:
    told = replace(read_back(samples=0), bills=(FIRST, BILL))
    assert charts.data(told, [])["charts"] == []
    page = Text(html.render(told)).text
    assert "The last memory bill" in page
    assert "The charts need JavaScript" not in page


def test_growth_over_several_days_is_dated(billed) -> None:
    later = replace(BILL, time=BILL.time + 86_400)
    heading = bill_page(billed(FIRST, later)).heading
    assert heading.startswith("At 2025-06-16 16:13:20 the process had 1.02 GB, ")
    assert "the first bill at 2025-06-15 15:07:40" in heading


def test_no_rate_is_told_where_no_response_came(billed) -> None:
    still = replace(BILL, received=FIRST.received)
    (spider, *_) = bill_page(billed(FIRST, still)).owners
    assert (spider.numbers.grown, spider.numbers.rate) == ("+610.0 MB", "\u2013")


def test_growth_that_is_not_known_is_not_told(billed) -> None:
    unknown = replace(BILL, since_layers=None)
    found = {each.name: each.numbers for each in bill_page(billed(unknown)).beside}
    assert (found["not named"].grown, found["garbage"].grown) == ("\u2013", "-2.0 MB")


def test_child_processes_are_told_beside_the_process(billed) -> None:
    family = replace(BILL, layers=replace(BILL.layers, children=12 * MB))
    page = Text(html.render(billed(FIRST, family))).text
    assert "+765.1 MB child processes besides 12.0 MB" in page
    assert "child processes" not in dict(stack.unowned(family))
    assert bill_page(billed(FIRST, BILL)).children is None


def test_what_grows_little_beside_the_rest_is_not_marked(billed) -> None:
    found = {each.name: each.numbers for each in bill_page(billed(FIRST, BILL)).owners}
    assert found["spider pagination"].grew
    assert not found["scheduler memory queue"].grew


def test_of_very_many_owners_the_largest_and_the_growing_are_told(billed) -> None:
    crowd = [
        BillOwner(f"module m{number}", "module", "project", (60 - number) * MB)
        for number in range(50)
    ]
    grown = BillOwner("spider s", "spider", "project", 11 * MB, 0, 1, 99 * MB)
    told = bill_page(billed(FIRST, replace(BILL, owners=(*crowd, grown))))
    names = [owner.name for owner in told.owners]
    assert len(names) == 13
    assert names[:2] == ["module m0", "module m1"]
    assert names[-2:] == ["spider s", "39 others"]


def test_an_owner_has_its_largest_paths(billed) -> None:
    paths = [
        BillPath(f"spider.box{number}", "dict", 2, number * MB) for number in range(40)
    ]
    little = BillPath("spider.little", "dict", 1, 9)
    owners = (
        BillOwner("spider s", "spider", "project", 900 * MB, paths=(little, *paths)),
        BillOwner("scraper", "scraper", "library", 5 * MB, paths=(little, WAITING)),
        BillOwner("stats", "stats", "library", 5 * MB, paths=(little,)),
    )
    told = bill_page(billed(FIRST, replace(BILL, owners=owners)))
    shown = [[place.path for place in owner.places] for owner in told.owners]
    assert shown == [
        [f"spider.box{number}" for number in range(39, 33, -1)],
        [""],
        ["spider.little"],
    ]


def test_the_stack_has_the_largest_owners_and_the_rest_as_others(billed) -> None:
    crowd = tuple(
        BillOwner(f"module m{number}", "module", "project", (60 - number) * MB)
        for number in range(10)
    )
    chart = drawn(billed(FIRST, replace(BILL, owners=(*crowd, *OWNERS[3:6]))))
    assert [series["label"] for series in chart["series"]] == [
        "code and modules",
        *(f"module m{number}" for number in range(8)),
        "others", "garbage", "free in the allocators", "not named",
    ]  # fmt: skip
    values = {series["label"]: series["values"] for series in chart["series"]}
    assert values["others"] == [2 * MB, 103 * MB]  # the spider was there at first
    assert values["module m0"] == [0, 60 * MB]
    assert values["code and modules"] == [71 * MB, 84 * MB]
    assert values["not named"] == [10 * MB, 21 * MB]
    assert chart["times"] == [FIRST.time, BILL.time]
    assert len({series["colour"] for series in chart["series"]}) == 13


def test_owners_of_one_name_are_told_apart(billed) -> None:
    twins = (
        BillOwner("shop", "spider", "project", 9 * MB),
        BillOwner("shop", "module", "project", 7 * MB),
    )
    chart = drawn(billed(FIRST, replace(BILL, owners=twins)))
    labels = [series["label"] for series in chart["series"]]
    assert {"shop (spider)", "shop (module)"} <= set(labels)


amount = st.integers(0, 10**12)
bills = st.builds(
    lambda owners, free, files: Bill(
        1.0, 1, sum(each.bytes for each in owners) + free + files, 1.0, tuple(owners),
        BillLayers(free, None, None, files),
    ),
    st.lists(
        st.builds(
            BillOwner, st.sampled_from("abcdefghijklmnop"),
            st.sampled_from(OWNER_KINDS), st.just("project"), amount,
        ),
        max_size=30,
    ),
    amount, amount,
)  # fmt: skip


@given(st.lists(bills, min_size=1, max_size=5), amount)
def test_the_top_of_the_stack_is_what_is_resident(many, unnamed) -> None:
    seen = [replace(bill, rss=bill.rss + unnamed) for bill in many]
    levels = stack.levels(tuple(seen))
    tops = [sum(level.values[at] for level in levels) for at in range(len(seen))]
    assert tops == [bill.rss for bill in seen]


def test_a_hostile_bill_is_only_text(tmp_path) -> None:
    told = recordings.read(synthetic.hostile(tmp_path / "evil.jsonl"))
    assert len(told.bills) == 3
    assert not told.broken
    page = html.render(told)
    (table,) = page.split('id="bill"')[1:]
    table = table[: table.index("<figure")]
    assert table.count("&lt;script&gt;") > 10
    assert "<script" not in table
    assert EVIL not in page


def test_the_time_of_a_bill_is_its_own(billed) -> None:
    chart = drawn(billed(replace(FIRST, time=START - 5), BILL))
    assert chart["times"] == [START - 5, BILL.time]


@pytest.mark.parametrize(
    ("difference", "written"),
    [(81_300_000, "+81.3 MB"), (-2e6, "-2.0 MB"), (0, "0"), (-20, "0"),
     (2_147_483_648, "+2.15 GB")],
)  # fmt: skip
def test_a_difference_is_written_with_its_sign(difference, written) -> None:
    assert amounts.change(difference) == written
