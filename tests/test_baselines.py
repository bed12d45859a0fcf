"""``--leakwatch-baseline``: what stays of a test's crawl, against the last good run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.checks.baselines import PROPERTY, Baselines
from scrapy_leakwatch.judge.rates import increased, rates
from scrapy_leakwatch.records import Rates, Timeline
from tests import synthetic
from tests.synthetic import RUN
from tests.test_pytest_plugin import pytestmark, suite  # noqa: F401, a fixture

CRAWLS = """
from spiders import Shop

class Keeping(Shop):
    kept = []
    def parse(self, response):
        for each in super().parse(response):
            yield each
        self.kept += [scrapy.Selector(text="x") for _ in range({keeps})]

import scrapy

def test_it(leakwatch, url):
    leakwatch(Keeping, url=url, settings={{"LEAKWATCH_MIN_OBJECTS": 50,
              "LEAKWATCH_SUPPRESS": ["*"]}})
"""


def crawl(tmp_path, live, rss, received):
    """Return a recording's crawl with these series."""
    path = tmp_path / "it.jsonl"
    lines = [RUN, *(synthetic.sample(number) for number in range(len(received)))]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    timeline = Timeline(
        times=tuple(float(number) for number in range(len(received))),
        live={"scrapy.Request": tuple(live)},
        memory={"rss": tuple(rss)},
        received=tuple(received),
    )
    return replace(recordings.read(path), timeline=timeline, samples=len(received))


def test_what_stays_is_the_rise_of_the_floor_per_thousand_responses(tmp_path) -> None:
    received = [100.0 * number for number in range(14)]
    live = [0.0, 0.0, *(10.0 * number + 7 * (number % 2) for number in range(12))]
    rss = [5e6, 9e6, *(20e6 + 1e6 * number for number in range(12))]
    found = rates(crawl(tmp_path, live, rss, received))
    assert found == Rates(800, pytest.approx(100.0), pytest.approx(10e6))


def test_what_is_in_flight_does_not_count(tmp_path) -> None:
    received = [100.0 * number for number in range(14)]
    live = [0.0, 0.0, *([3.0, 900.0] * 6)]
    found = rates(crawl(tmp_path, live, [1e6] * 14, received))
    assert (found.objects, found.bytes) == (0.0, 0.0)


def test_requests_that_wait_do_not_count(tmp_path) -> None:
    received = [100.0 * number for number in range(14)]
    live = [50.0 * number for number in range(14)]
    seen = crawl(tmp_path, live, [1e6] * 14, received)
    ledger = {"live": tuple(live), "unaccounted": (0.0,) * 14}
    timeline = replace(seen.timeline, requests=ledger)
    assert rates(seen).objects > 0
    assert rates(replace(seen, timeline=timeline)).objects == 0.0


@pytest.mark.parametrize("received", [[], [0.0] * 3, [50.0] * 14, [None] * 14])
def test_of_too_little_nothing_is_said(tmp_path, received) -> None:
    count = len(received)
    assert rates(crawl(tmp_path, [0.0] * count, [0.0] * count, received)) is None


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        (Rates(1000, 10, 1e6), Rates(1000, 10, 1e6), None),
        (Rates(1000, 10, 1e6), Rates(1000, 300, 1e6), Rates(1000, 290, 0)),
        (Rates(1000, 10, 1e6), Rates(1000, 10, 9e6), Rates(1000, 0, 8e6)),
        (Rates(1000, 0, 0), Rates(1000, 90, 3.9e6), None),  # too few of them
        (Rates(100, 0, 0), Rates(100, 900, 30e6), None),  # in so short a crawl
        (Rates(1000, 1000, 100e6), Rates(1000, 1190, 119e6), None),  # a little more
        (Rates(1000, 300, 9e6), Rates(1000, 10, 1e6), None),
    ],
)
def test_more_is_more_than_noise(before, after, more) -> None:
    assert increased(before, after, least_objects=100) == more


def test_a_run_of_which_more_stays_fails_and_leaves_the_good_one(
    pytester,
    suite,  # noqa: F811
) -> None:
    option = "--leakwatch-baseline=base.json"
    failing = (option, "--leakwatch-fail-on-increase")
    suite(CRAWLS.format(keeps=0), *failing).assert_outcomes(passed=1)
    good = (pytester.path / "base.json").read_text()
    suite(CRAWLS.format(keeps=9), *failing).assert_outcomes(failed=1)
    assert (pytester.path / "base.json").read_text() == good
    told = suite(CRAWLS.format(keeps=9), option)
    told.assert_outcomes(passed=1)
    told.stdout.fnmatch_lines(
        ["*more stays than in the last good run*", "*test_it*objects, * before*"]
    )


def noted(path, *measured, passed=True, failing=False):
    """Have a run measure something, and return the plugin."""
    plugin = Baselines(path, failing=failing)
    for name, found in measured:
        plugin._take({"name": name, "said": "", **found}, passed=passed)
    return plugin


GOOD = {"responses": 1000, "objects": 10.0, "bytes": 1e6}


class Session:
    class config:  # noqa: N801
        pass


def test_the_least_that_was_seen_stands(tmp_path) -> None:
    path = tmp_path / "base.json"
    noted(path, ("a", GOOD), ("b", GOOD)).pytest_sessionfinish(Session)
    later = {**GOOD, "objects": 11.0, "bytes": 5e5}
    noted(path, ("a", later)).pytest_sessionfinish(Session)
    crawls = json.loads(path.read_text())["crawls"]
    assert crawls == {"a": {**GOOD, "bytes": 5e5}, "b": GOOD}
    assert list(tmp_path.iterdir()) == [path]


def test_what_failed_or_a_worker_measured_is_not_written(tmp_path) -> None:
    path = tmp_path / "base.json"
    noted(path, ("a", GOOD), passed=False).pytest_sessionfinish(Session)
    worker = type("Worker", (), {"config": type("C", (), {"workerinput": {}})})
    noted(path, ("a", GOOD)).pytest_sessionfinish(worker)
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": 2, "crawls": {}}', '{"schema": 1, "crawls": []}',
     '{"schema": 1, "crawls": {"a": {"objects": 1}}}', "[" * 100_000,
     '{"schema": 1, "crawls": {"a": {"responses": 1, "objects": "x", "bytes": 1}}}'],
)  # fmt: skip
def test_a_file_that_is_no_baseline_is_refused_in_one_line(tmp_path, text) -> None:
    path = tmp_path / "base.json"
    path.write_text(text)
    with pytest.raises(pytest.UsageError, match=r"base\.json is no baseline") as error:
        Baselines(path, failing=True)
    assert "\n" not in str(error.value)
    assert path.read_text() == text


def test_a_folder_that_is_not_there_is_told_and_nothing_is_lost(tmp_path) -> None:
    plugin = noted(tmp_path / "none" / "base.json", ("a", GOOD))
    with pytest.raises(pytest.UsageError, match="can't be written"):
        plugin.pytest_sessionfinish(Session)


def test_to_fail_there_must_be_something_to_compare_with(pytester) -> None:
    result = pytester.runpytest_subprocess("--leakwatch-fail-on-increase")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*needs --leakwatch-baseline FILE*"])


def test_a_second_crawl_of_a_test_has_a_name_of_its_own(tmp_path) -> None:
    received = [100.0 * number for number in range(14)]
    seen = crawl(tmp_path, [1.0] * 14, [1e6] * 14, received)
    item = type("Item", (), {"nodeid": "a.py::test", "user_properties": []})
    plugin = Baselines(tmp_path / "base.json", failing=True)
    assert [plugin.complaint(item, seen) for _ in range(2)] == ["", ""]
    names = [value["name"] for name, value in item.user_properties if name == PROPERTY]
    assert names == ["a.py::test", "a.py::test#2"]
