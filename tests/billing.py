"""A memory bill that nobody had to crawl for."""

from __future__ import annotations

from scrapy_leakwatch.records import Bill, BillLayers, BillOwner, BillPath, NoBill
from tests.synthetic import START

MB = 10**6
ROWS = BillPath(
    path="parse › rows",
    type="dict",
    count=499_600,
    bytes=610 * MB,
    grown_bytes=608 * MB,
    location="pagination.py:14",
    code="rows.append(row)",
    length=499_600,
    fix="yield each row",
)
WAITING = BillPath("", "Request", 36_000, 40 * MB, 37 * MB, origin="library")
PAGES = BillPath(
    path="PagePipeline.pages",
    type="str",
    count=900,
    bytes=98 * MB,
    grown_bytes=98 * MB,
    location="pipelines.py:9",
    likely=True,
    bound=1_000,
)
BODIES = BillPath("PagePipeline.bodies", "BytesIO", 1, 95 * MB, 95 * MB)
SMALL = BillPath("PagePipeline.names", "str", 7_000, 2 * MB, 2 * MB)
OWNERS = (
    BillOwner(
        "spider pagination", "spider", "project", 612 * MB, 0, 999_214, 610 * MB,
        (ROWS,),
    ),
    BillOwner(
        "item pipeline PagePipeline", "component", "project", 197 * MB, 3 * MB, 8_912,
        195 * MB, (PAGES, BODIES, SMALL),
    ),
    BillOwner(
        "scheduler memory queue", "scheduler", "library", 41 * MB, 0, 108_000, 38 * MB,
        (WAITING,),
    ),
    BillOwner("libraries", "code", "library", 80 * MB, 0, 400_000),
    BillOwner("classes and functions", "code", "library", 4 * MB, 0, 9_000),
    BillOwner("dead cycles", "garbage", "library", 3 * MB, 0, 9_000, -2 * MB),
    BillOwner("shop.settings", "module", "project", 400_000, 0, 90),
    BillOwner("stats", "stats", "library", 300_000, 0, 120, 100_000),
)  # fmt: skip
FIRST = Bill(
    time=START + 60,
    received=12,
    rss=85 * MB,
    rss_named_share=0.88,
    owners=(
        BillOwner("libraries", "code", "library", 71 * MB, 0, 390_000),
        BillOwner("spider pagination", "spider", "project", 2 * MB, 0, 214),
    ),
    layers=BillLayers(2 * MB, 1 * MB, 10 * MB, None, 0),
)
BILL = Bill(
    time=START + 4_000,
    received=1_234,
    rss=1_020 * MB,
    rss_named_share=0.9789,
    owners=OWNERS,
    layers=BillLayers(40 * MB, 21 * MB, 21 * MB, None, 0),
    since=FIRST.time,
    since_rss=FIRST.rss,
    since_received=FIRST.received,
    since_layers=FIRST.layers,
    stall_ms=12.5,
    analysis_ms=700.25,
    child_memory_bytes=9 * MB,
)
NO_BILL = NoBill(START + 5_000, 2_000, 1_100 * MB, "no answer within 30 s", 14.0)
