"""One recording of several processes."""

from __future__ import annotations

import json

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.recordings.joining import Joiner
from tests import synthetic
from tests.synthetic import START


@pytest.fixture
def joined(tmp_path):
    def join(*parts):
        path = tmp_path / "whole.jsonl"
        with path.open("w") as file:
            joiner = Joiner(lambda line: file.write(json.dumps(line) + "\n"))
            for part, why in parts:
                joiner.add(part, why)
            joiner.end()
        return recordings.read(path)

    return join


def part(tmp_path, number: int, *said: dict, received: int = 50, ends: bool = True):
    begun = START + 1000 * number
    lines = [
        {**synthetic.RUN, "time": begun, "pid": number},
        synthetic.sample(1)
        | {"time": begun + 1, "received": received, "elapsed_s": 1.0},
        *said,
    ]
    if ends:
        lines.append(
            {"type": "summary", "time": begun + 9, "stats": {}, "verdicts": []}
        )
    path = tmp_path / f"{number}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_time_and_responses_go_on(joined, tmp_path) -> None:
    crawl = joined((part(tmp_path, 0), ""), (part(tmp_path, 1), "leakwatch_rss"))
    assert crawl.complete
    assert [(each.process, each.why) for each in crawl.restarts] == [
        (2, "leakwatch_rss")
    ]
    assert list(crawl.timeline.received) == [50, 100]
    assert crawl.last.elapsed_s == 1001.0


def test_what_is_told_twice_is_one_and_another_is_another(joined, tmp_path) -> None:
    leak = synthetic.verdict(START + 2, "leak", "HtmlResponse", id=1)
    again = synthetic.verdict(START + 1003, "leak", "HtmlResponse", id=2, count=9)
    hoard = synthetic.verdict(START + 1002, "hoard", "Dedup.seen", id=1)
    found = synthetic.explanation(START + 1004, "HtmlResponse", verdict=2)
    crawl = joined(
        (part(tmp_path, 0, leak), ""),
        (part(tmp_path, 1, hoard, again, found), "killed by SIGKILL"),
    )
    told = {each.verdict.subject: each for each in crawl.standing}
    assert set(told) == {"HtmlResponse", "Dedup.seen"}
    assert told["HtmlResponse"].verdict.count == 9
    assert told["HtmlResponse"].found is not None
    assert told["Dedup.seen"].found is None


def test_a_process_that_was_killed_ends_nothing(joined, tmp_path) -> None:
    killed = part(tmp_path, 1, ends=False)
    with killed.open("a") as file:
        file.write('{"type": "sample", "time": 1')
    crawl = joined((part(tmp_path, 0), ""), (killed, "leakwatch_rss"))
    assert not crawl.complete
    assert crawl.broken == 0
    assert crawl.samples == 2
