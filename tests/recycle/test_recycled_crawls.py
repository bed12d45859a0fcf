"""Crawls in several processes: every page once, every item in the feed."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from tests.commanding import IMPORTS
from tests.conftest import MODES
from tests.recycle.numbers import PAGES

pytestmark = pytest.mark.usefixtures("site")


def lines(path) -> list[int]:
    return [json.loads(line)["n"] for line in path.read_text().splitlines()]


def scrapy_crawl(folder, site, **settings) -> None:
    """Crawl as ``scrapy runspider`` does, into the same folder of a job."""
    (folder / "plain.py").write_text(
        "from tests.recycle import numbers\n\n\nclass Spider(numbers.Numbers): ...\n"
    )
    options = [f"-s{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "scrapy", "runspider", "plain.py", "-sJOBDIR=job"]
    env = {"PATH": "", "PYTHONPATH": IMPORTS, "SITE": site.url}
    subprocess.run(
        [*command, *options], cwd=folder, env=env, check=True, capture_output=True
    )


def ends(done) -> list[str]:
    return re.findall(r"^Process \d+: .*$", done.errors, re.MULTILINE)


def test_each_page_comes_once_and_each_item_is_in_the_feed(
    recycle, site, all_pages
) -> None:
    done = recycle(
        "Numbers", "--max-pages", "60", "-o", "out.jsonl", "-o", "out.csv",
        "-o", "out.json", "-o", "out.xml",
    )  # fmt: skip
    assert set(site.fetched) == all_pages
    assert set(site.fetched.values()) == {1}
    assert len(ends(done)) in {2, 3}
    assert "leakwatch_pages" in ends(done)[0]
    assert "finished; 0 requests wait" in ends(done)[-1]
    assert sorted(lines(done.folder / "out.jsonl")) == list(range(PAGES))
    with (done.folder / "out.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header == ["n", "text"]
    assert sorted(int(row[0]) for row in rows) == list(range(PAGES))
    parts = [json.loads(path.read_text()) for path in done.folder.glob("out*.json")]
    assert sorted(item["n"] for part in parts for item in part) == list(range(PAGES))
    trees = [ET.parse(path) for path in done.folder.glob("out*.xml")]
    assert len(trees) == len(parts) > 1
    assert sum(len(tree.findall("item")) for tree in trees) == PAGES


@pytest.mark.parametrize("settings", MODES[1:])
def test_a_kill_loses_nothing_whatever_the_loop(
    recycle, site, all_pages, settings
) -> None:
    done = recycle("Killed", "-o", "out.jsonl", **settings)
    assert len(ends(done)) == 3
    assert set(site.fetched) == all_pages
    assert set(lines(done.folder / "out.jsonl")) == set(range(PAGES))


def test_the_stats_the_state_and_the_recording_are_of_the_whole(recycle) -> None:
    done = recycle("Numbers", "--max-pages", "60", LOG_LEVEL="INFO")
    dumps = re.findall(r"'response_received_count': (\d+)", done.errors)
    assert int(dumps[-1]) == PAGES
    crawl = done.recording
    assert crawl.complete
    assert len(crawl.restarts) == len(dumps) - 1 > 0
    assert {each.why for each in crawl.restarts} == {"leakwatch_pages"}
    assert crawl.timeline.received[-1] == PAGES
    assert list(crawl.timeline.times) == sorted(crawl.timeline.times)
    assert not list((done.folder / "leakwatch").glob("*.part"))


def test_a_kill_loses_no_page_and_no_item(recycle, site, all_pages) -> None:
    done = recycle("Killed", "-o", "out.jsonl", CONCURRENT_REQUESTS=4)
    said = ends(done)
    assert [("killed by SIGKILL" in line) for line in said] == [True, True, False]
    assert "It did not close: killed by SIGKILL." in done.errors
    assert set(site.fetched) == all_pages
    in_progress = sum(int((done.folder / at).read_text()) for at in ("40", "70"))
    twice = in_progress + 2 * 4  # and what was done, and not yet kept
    assert sum(site.fetched.values()) - PAGES <= twice
    assert set(lines(done.folder / "out.jsonl")) == set(range(PAGES))
    assert len(lines(done.folder / "out.jsonl")) - PAGES <= twice


def test_a_process_that_is_killed_before_it_begins_is_begun_again(
    recycle, site, all_pages
) -> None:
    done = recycle("KilledBefore", "-o", "out.jsonl")
    assert ["killed by SIGKILL" in line for line in ends(done)] == [True, False]
    assert set(site.fetched) == all_pages
    assert set(lines(done.folder / "out.jsonl")) == set(range(PAGES))
    assert done.recording.complete


def test_a_crawl_that_only_dies_is_given_up(recycle, site) -> None:
    done = recycle("KilledAtOnce")
    assert done.code == 1
    assert len(ends(done)) == 3
    assert "3 processes in a row ended without a page" in done.errors


def test_a_request_that_can_not_be_written_is_refused_before_it_is_lost(
    recycle, site
) -> None:
    done = recycle("Unwritable", "--max-pages", "60")
    assert done.code == 1
    assert done.errors.count("Request.meta['lock'] is of _thread.lock") == 1
    assert "--lose-requests" in done.errors
    assert len(ends(done)) == 1
    done = recycle("Unwritable", "--lose-requests", JOBDIR="other")
    assert "finished" in ends(done)[-1]
    assert len(site.fetched) == PAGES


def test_a_crawl_goes_on_at_its_limit_of_memory(recycle, site, all_pages) -> None:
    done = recycle(
        "Growing", "--max-rss", "160M", "-o", "out.jsonl", LEAKWATCH_EXPLAIN=0
    )
    assert set(site.fetched) == all_pages
    assert set(site.fetched.values()) == {1}
    assert len(ends(done)) > 1
    assert all("leakwatch_rss" in line for line in ends(done)[:-1])
    assert sorted(lines(done.folder / "out.jsonl")) == list(range(PAGES))


def test_a_limit_below_what_a_process_needs_is_told(recycle) -> None:
    done = recycle("Numbers", "--max-rss", "20M", LEAKWATCH_EXPLAIN=0)
    assert done.code == 1
    assert "give it more with --max-rss" in done.errors


def test_a_crawl_that_can_not_begin_is_told_once(recycle) -> None:
    done = recycle("Numbers", SCHEDULER="nowhere.Scheduler")
    assert done.code == 1
    assert done.errors.count("could not begin") == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--max-rss", "lots"], "no size"),
        (["--max-pages", "0"], "no number of pages"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(recycle, argv, said) -> None:
    done = recycle("Numbers", *argv)
    assert done.code == 2
    assert said in done.errors


def test_what_scrapy_left_in_the_folder_of_a_job_goes_on(
    recycle, site, all_pages, tmp_path
) -> None:
    scrapy_crawl(tmp_path, site, CLOSESPIDER_PAGECOUNT=60)
    assert 60 <= len(site.fetched) < PAGES
    recycle("Numbers")
    assert set(site.fetched) == all_pages
    again = {path for path, times in site.fetched.items() if times > 1}
    assert again <= {"/0", "/1", "/2"}  # those of `start`, which Scrapy begins anew
