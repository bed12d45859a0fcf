"""The block in the log, whole."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from scrapy_leakwatch.records import (
    Counts,
    Effort,
    Explanation,
    Growth,
    PathStep,
    Price,
    Share,
    Unexplained,
    Verdict,
)
from scrapy_leakwatch.report.block import block, explanation, unexplained

GOLDEN = Path(__file__).parent / "golden"

VERDICT = Verdict(
    kind="leak",
    subject="HtmlResponse",
    class_path="scrapy.http.response.html.HtmlResponse",
    spider="somenasty",
    count=3890,
    unaccounted=3874,
    growth=Growth((1000, 1996, 2992), 996.0, 5976.0),
    confidence="high",
    message="HtmlResponse is leaking: 3,890 alive, +996 per 1,000 responses, oldest"
    " 4m25s; responses pile up at the same rate as requests",
    oldest_s=265.0,
    example_url="http://www.somenastyspider.com/product.php?pid=123",
    signature="3f2a9c1e",
    limit=512 * 1024 * 1024,
    limit_in_s=720.0,
)
FOUND = Explanation(
    subject="HtmlResponse",
    class_path="scrapy.http.response.html.HtmlResponse",
    spider="somenasty",
    holder="Request.meta['referer']",
    owner="scheduler memory queue",
    origin="project",
    path=(
        PathStep("crawler.engine.scheduler.mqs", ".pqueues[*]"),
        PathStep("ScrapyPriorityQueue", ".queues[*]"),
        PathStep("LifoMemoryQueue", "[*]"),
        PathStep("Request", ".meta['referer']"),
        PathStep("HtmlResponse", ""),
    ),
    expression="['referer']",
    location="somenasty/spiders/somenasty.py:17",
    code='yield response.follow(href, self.parse_product, meta={"referer": response})',
    fix="pass what parse_product needs (such as response.url) in cb_kwargs,"
    " not the response",
    signature="3f2a9c1e",
    counts=Counts(32, 32),
    price=Price(21_400, 81_300_000),
    effort=Effort(26.0, 1400.0, 1_600_000),
)
OTHER = Share(
    holder="PagesPipeline.seen[*]",
    owner="item pipeline PagesPipeline",
    origin="project",
    held=5,
    signature="0badcafe",
    location="somenasty/pipelines.py:9",
    fix="",
)
LATE = Unexplained("HtmlResponse", "x", "s", "no answer within 30 seconds")

CASES = {
    "a leak": block(VERDICT, FOUND),
    "with more to say": block(
        replace(VERDICT, limit=None, limit_in_s=None),
        replace(
            FOUND,
            likely=True,
            traits=("chain",),
            origin="library",
            price=replace(FOUND.price, tree_bytes=9_000),
            victims=("Request", "Selector"),
            others=(OTHER,),
            counts=Counts(32, 24, in_flight=2, garbage=1),
        ),
    ),
    "without a line": block(VERDICT, replace(FOUND, location=None, code=None)),
    "without a fork": block(VERDICT, replace(FOUND, traits=("direct",))),
    "without a holder": block(
        replace(VERDICT, caveat="who holds them is not known: no answer within 30 s"),
        LATE,
    ),
    "without a look": block(VERDICT, None),
    "asked": explanation(FOUND),
    "asked in vain": unexplained(LATE),
    "asked of garbage": unexplained(
        replace(LATE, reason="in flight in the engine", counts=Counts(24, in_flight=24))
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_block_is_the_golden_one(case) -> None:
    path = GOLDEN / f"{case.replace(' ', '_')}.txt"
    if os.environ.get("MAKE_GOLDEN"):  # MAKE_GOLDEN=1 pytest tests/test_block.py
        path.write_text(CASES[case] + "\n")
    assert CASES[case] + "\n" == path.read_text()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "a minute"), (720, "12 min"), (7300, "2 h"), (500_000, "6 days")],
)
def test_a_forecast_is_rounded_to_what_matters(seconds, words) -> None:
    assert f"limit in about {words}" in block(
        replace(VERDICT, limit_in_s=float(seconds)), FOUND
    )
