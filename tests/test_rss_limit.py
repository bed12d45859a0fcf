"""A crawl is closed at its limit of memory, after it is told where that is."""

from __future__ import annotations

import re

import pytest

from scrapy_leakwatch.recordings import read

LIMIT = {
    "LEAKWATCH_INTERVAL": 0.2,
    "LEAKWATCH_LOG_INTERVAL": 0,
}


@pytest.mark.parametrize(
    "reactor",
    [
        "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "twisted.internet.selectreactor.SelectReactor",
    ],
)
def test_a_crawl_is_closed_at_its_limit_with_the_evidence(
    crawl, tmp_path, reactor
) -> None:
    done = crawl(
        "Swelling",
        **LIMIT,
        LEAKWATCH_RSS_LIMIT_MB=200,
        LEAKWATCH_RECORD=str(tmp_path / "record.jsonl"),
        LEAKWATCH_REPORT=str(tmp_path / "report.html"),
        TWISTED_REACTOR=reactor,
    )
    assert done.stats["finish_reason"] == "leakwatch_rss"
    assert 0 < done.items < 500
    order = [
        done.log.index(said)
        for said in (
            "memory is at",
            "LeakWatch wrote its report",
            "Closing spider (leakwatch_rss)",
            "Spider closed (leakwatch_rss)",
        )
    ]
    assert order == sorted(order)
    (told,) = [line for line in done.lines("WARNING") if "memory is at" in line]
    assert re.search(r"LEAKWATCH_RSS_LIMIT_MB is 209.7 MB \(200 MiB\)", told)
    recording = read(tmp_path / "record.jsonl")
    assert recording.complete
    assert recording.taken
    paths = [path for owner in recording.last_bill.owners for path in owner.paths]
    assert any("Swelling.kept" in path.path for path in paths)


def test_a_crawl_within_its_limit_goes_on(crawl) -> None:
    done = crawl("Healthy", **LIMIT, LEAKWATCH_RSS_LIMIT_MB=2000)
    assert done.stats["finish_reason"] == "finished"
    assert "memory is at" not in done.log
