"""Where the child processes of a crawl are shown."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config
from scrapy_leakwatch.crawl.billing import Bills
from scrapy_leakwatch.recordings import read, writing
from scrapy_leakwatch.records import Bill, BillLayers, Children, Program
from scrapy_leakwatch.report import charts, log
from scrapy_leakwatch.report.bill import table
from tests.judging import sample
from tests.numbering import stats_of
from tests.synthetic import RUN

MB = 1_000_000
SEEN = Children(
    3,
    330 * MB,
    "pss",
    (Program("chromium", 2, 300 * MB), Program("node", 1, 30 * MB)),
)
LINE = "Children   330.0 MB in child processes: 2 chromium (300.0 MB), 1 node (30.0 MB)"


def seen(children: Children | None = SEEN, number: int = 1):
    return replace(sample(number), children=children)


@pytest.fixture
def read_back(tmp_path):
    """Return a function that records samples and reads the recording."""

    def read_back(*samples):
        lines = [RUN, *map(writing.of_sample, samples)]
        path = tmp_path / "record.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return read(path)

    return read_back


@pytest.mark.parametrize("children", [SEEN, Children(0, 0, "uss", ()), None])
def test_a_recording_has_them_as_they_were_seen(read_back, children) -> None:
    assert read_back(seen(children)).last.children == children


def test_a_line_with_nonsense_for_them_is_broken(read_back, tmp_path) -> None:
    read_back(seen())
    path = tmp_path / "record.jsonl"
    line = json.loads(path.read_text().splitlines()[1])
    for nonsense in (5, {"bytes": "many"}):
        with path.open("a") as file:
            file.write(json.dumps({**line, "children": nonsense}) + "\n")
    assert read(path).broken == 2


def test_their_bytes_are_a_stat_from_the_first_sample_on() -> None:
    name = "leakwatch/memory/children"
    assert stats_of(seen())[name] == 330 * MB
    assert stats_of(seen(Children(0, 0, "pss", ())))[name] == 0
    assert name not in stats_of(seen(None))


def test_the_log_and_the_status_have_them_where_there_are_some() -> None:
    assert log.live_table(seen()).endswith(f"\n{LINE}\n")
    assert log.ledger(seen()).endswith(f"\n{LINE}")
    for none in (None, Children(0, 0, "pss", ())):
        assert "Children" not in log.live_table(seen(none)) + log.ledger(seen(none))


def test_the_chart_of_the_memory_has_them_where_there_are_some(read_back) -> None:
    def labels(*samples):
        found = charts.data(read_back(*samples), [])["charts"]
        (memory,) = [chart for chart in found if chart["id"] == "memory"]
        return {each["label"]: each["values"] for each in memory["series"]}

    samples = [seen(number=number) for number in range(3)]
    assert labels(*samples)["child processes"] == [330 * MB] * 3
    without = [seen(Children(0, 0, "pss", ()), number) for number in range(3)]
    assert "child processes" not in labels(*without)


def test_a_memory_bill_has_them_beside_what_the_process_has() -> None:
    bills = Bills(Config.from_settings(Settings()))
    taken = Bill(0.0, 0, 100 * MB, 1.0, (), BillLayers(files=100 * MB))
    bills.request(seen())
    bill = bills.keep(taken)
    assert bill.layers.children == 330 * MB
    told = table(bill)
    assert told.startswith("Memory: 100 MB")
    assert "child processes  330 MB" in told
    bills.request(seen(None))
    assert bills.keep(taken).layers.children is None


def test_a_crawl_counts_them_unless_it_is_switched_off(crawl) -> None:
    name = "leakwatch/memory/children"
    assert crawl("Healthy").stats[name] == 0
    assert name not in crawl("Healthy", LEAKWATCH_CHILDREN=False).stats
