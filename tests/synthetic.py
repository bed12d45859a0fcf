"""Recordings of crawls that nobody waits for: a day, months, a hostile one."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

START = 1_750_000_000.0
HOUR = 3600.0
LIMIT = 1024**3
RUN = {
    "type": "run",
    "time": START,
    "schema": 1,
    "spider": "somenasty",
    "project": "shop",
    "pid": 4711,
    "versions": {"scrapy-leakwatch": "0.1.0", "python": "3.13.0", "scrapy": "2.19.0"},
    "config": {"LEAKWATCH_INTERVAL": 10.0, "LEAKWATCH_IGNORE": ["scrapy.Spider"]},
}
REQUEST = "scrapy.http.request.Request"
HTML = "scrapy.http.response.html.HtmlResponse"
SELECTOR = "scrapy.selector.unified.Selector"
ITEM = "shop.items.Product"


def verdict(time: float, kind: str, subject: str, **more: object) -> dict[str, object]:
    """Return the line of a verdict."""
    return {
        "type": "verdict",
        "time": time,
        "kind": kind,
        "subject": subject,
        "class": HTML,
        "spider": "somenasty",
        "count": 1200,
        "unaccounted": 1100,
        "growth_per_1000_responses": 250.0,
        "growth_per_min": 100.0,
        "confidence": "high",
        "message": f"{subject} is leaking: 1,200 alive, +250 per 1,000 responses",
        "signature": None,
        "limit_in_s": None,
        **more,
    }


def explanation(time: float, subject: str, **more: object) -> dict[str, object]:
    """Return the line of an explanation."""
    return {
        "type": "explanation",
        "time": time,
        "subject": subject,
        "class": HTML,
        "spider": "somenasty",
        "examined": 24,
        "share": 0.875,
        "holder": "Request.meta['referer']",
        "owner": "scheduler memory queue",
        "origin": "project",
        "path": [
            {"node": "crawler", "edge": ".engine.scheduler.mqs"},
            {"node": "LifoMemoryQueue", "edge": "[*]"},
            {"node": "Request", "edge": ".meta['referer']"},
            {"node": "HtmlResponse", "edge": ""},
        ],
        "expression": "meta={'referer': response}",
        "location": "shop/spiders/somenasty.py:21",
        "code": "yield response.follow(href, self.parse, meta={'referer': response})",
        "fix": "pass what parse needs (such as response.url) in cb_kwargs",
        "signature": "7296c8ac",
        "retained_bytes_each": 25_900,
        "retained_bytes_total": 37_900_000,
        "tree_bytes": 17_700,
        "victims": ["Request", "Selector"],
        "in_flight": 3,
        "example_url": "http://shop.example/product.php?pid=123",
        "stall_ms": 5.1,
        "analysis_ms": 900.0,
        "child_memory_bytes": 39_100_000,
        "others": [],
        **more,
    }


def sample(number: int, interval: float = 10.0) -> dict[str, object]:
    """Return the line of the n-th sample of a crawl that leaks more and more."""
    elapsed = number * interval
    hours = elapsed / HOUR
    received = int(6.0 * elapsed * (1 + 0.2 * math.sin(hours / 3)))
    waiting = int(40_000 * max(math.sin(hours / 24 * math.pi), 0) ** 2)
    garbage = number * 7 % 180
    leaked = int(max(hours - 2, 0) * 900)
    seen = int(received * 0.9)
    responses = leaked + garbage + 12
    requests = waiting + 16 + responses
    rss = 9e7 + 26_000 * responses + 1500 * waiting + 90 * seen
    return {
        "type": "sample",
        "time": START + elapsed,
        "elapsed_s": round(elapsed, 3),
        "received": received,
        "live": {
            HTML: {"count": responses, "oldest_s": round(max(elapsed - 7200, 1), 3)},
            REQUEST: {"count": requests, "oldest_s": round(elapsed, 3)},
            SELECTOR: {"count": responses, "oldest_s": 12.001},
            ITEM: {"count": number % 40, "oldest_s": 0.2},
        },
        "requests": {
            "live": requests,
            "queued_memory": waiting,
            "queued_disk": 0,
            "in_progress": 16,
            "unaccounted": number % 30,
        },
        "responses": {
            "live": responses,
            "in_flight": 12,
            "unaccounted": leaked + garbage,
        },
        "memory": {
            "rss": int(rss),
            "rss_peak": int(rss),
            "python_blocks": int(rss / 90),
        },
        "memory_limit": LIMIT,
        "containers": [
            {"name": "DedupPipeline.seen", "type": "set", "len": seen},
            {"name": "spider.pages", "type": "dict", "len": leaked},
        ],
        "cost_ms": round(0.15 + 0.1 * math.sin(number), 3),
    }


def a_day(path: Path, samples: int = 8640) -> Path:
    """Write a day: a leak that doubles, a hoard, a backlog that is worked off."""
    spoken = {
        hour: [
            verdict(START + hour * HOUR, "leak", "HtmlResponse", signature="7296c8ac",
                    count=count, unaccounted=count, limit=LIMIT,
                    limit_in_s=5 * HOUR, oldest_s=hour * HOUR - 7200,
                    example_url="http://shop.example/product.php?pid=123",
                    message=f"HtmlResponse is leaking: {count:,} alive, +250 per"
                    " 1,000 responses, oldest 1h05m; 25 % of the responses are"
                    " never let go"),
            explanation(START + hour * HOUR + 0.9, "HtmlResponse"),
        ]
        for hour, count in ((4, 1800), (6, 3600), (10, 7200), (18, 14400))
    }  # fmt: skip
    hoard = {"class": "set", "subject": "DedupPipeline.seen"}
    spoken[2] = [
        verdict(START + 2 * HOUR, "hoard", signature="51c0ffee", unaccounted=38_880,
                message="DedupPipeline.seen grows without bound: set of 38,880",
                **hoard),
        explanation(START + 2 * HOUR + 1, holder="DedupPipeline.seen",
                    owner="DedupPipeline", contents="str", signature="51c0ffee",
                    location="shop/pipelines.py:9", code="self.seen.add(item['url'])",
                    fix="bound it, or keep a hash of what you need", path=[],
                    victims=[], examined=0, tree_bytes=0, example_url="", **hoard),
    ]  # fmt: skip
    queue = {"subject": "Request", "class": REQUEST}
    spoken[5] = [
        verdict(START + 5 * HOUR, "backlog", remedy="set JOBDIR", **queue,
                message="requests pile up, and nothing else: 14,820 wait in memory"),
    ]  # fmt: skip
    for hour in (3, 8, 12, 16, 20):
        rss = 9e7 + 24e6 * hour
        spoken[hour] = [
            {"type": "layers", "time": START + hour * HOUR, "rss": int(rss),
             "arenas": int(0.3 * rss), "arenas_free": int(0.04 * rss),
             "malloc_used": int(0.5 * rss), "malloc_free": int(0.1 * rss),
             "stall_ms": 9.0, "analysis_ms": 80.0, "child_memory_bytes": 9_000_000},
        ]  # fmt: skip
    spoken[21] = [
        verdict(START + 21 * HOUR, "recovered", **queue, message="Request: the verdict"
                " backlog no longer holds, most of it is gone: 5,857 now, 14,820 then"),
    ]  # fmt: skip
    with path.open("w") as file:
        for line in (RUN, *_with_what_is_said(samples, spoken)):
            file.write(json.dumps(line) + "\n")
        said = [line for hour in (18, 2, 21) for line in spoken[hour][:1]]
        stats = {"leakwatch/samples": samples, "leakwatch/verdict": "leak"}
        end = {"type": "summary", "time": START + samples * 10.0}
        file.write(json.dumps({**end, "stats": stats, "verdicts": said}) + "\n")
    return path


def _with_what_is_said(samples, spoken):
    for number in range(samples):
        yield sample(number)
        yield from spoken.get(number / 360, ())


def months(path: Path, samples: int = 1_000_000) -> Path:
    """Write very many samples, in lines of some 900 bytes, and some verdicts."""
    with path.open("wb") as file:
        file.write(json.dumps(RUN).encode() + b"\n")
        for number in range(samples):
            if number % 100 == 0:
                line = json.dumps(sample(number // 10))
                _, _, rest = line.partition(', "elapsed_s"')
                tail = f', "elapsed_s"{rest}\n'.encode()
            file.write(b'{"type": "sample", "time": %.1f' % (START + 10 * number))
            file.write(tail)
            if number % (samples // 10) == 77:
                said = verdict(START + 10 * number, "leak", f"Class{number}")
                file.write(json.dumps(said).encode() + b"\n")
    return path


SCRIPT = "<script>document.title='owned'</script>"
EVIL = (
    f"{SCRIPT}</script><img src=x onerror=\"document.title='owned'\">"
    "<!--'\"&lt;{{ 7*7 }}\x1b[31m\x07\n\u2028\u202e\ud800"
)


def bill(time: float, **more: object) -> dict[str, object]:
    """Return the line of a memory bill whose every text wants to be markup."""
    path = {"path": EVIL, "type": EVIL, "count": 3, "bytes": 9_000_000, "code": EVIL,
            "location": f"{EVIL}.py:1", "fix": EVIL, "likely": True}  # fmt: skip
    kinds = {"spider": 9, "component": 7, "code": 5}
    owners = [
        {"name": EVIL, "kind": kind, "origin": "project", "bytes": size * 10**6,
         "grown_bytes": 5_000_000, "paths": [path]} for kind, size in kinds.items()
    ]  # fmt: skip
    return {"type": "bill", "time": time, "rss": 30_000_000, "rss_named_share": 0.7,
            "owners": owners, "layers": {"files": 1_000_000}, **more}  # fmt: skip


def hostile(path: Path) -> Path:
    """Write a recording whose every text wants to be markup."""
    url = f"javascript:document.title='owned'//{EVIL}"
    said = {"message": EVIL, "class": EVIL, "signature": EVIL, "caveat": EVIL,
            "remedy": EVIL, "example_url": url, "spider": EVIL}  # fmt: skip
    step = {"node": EVIL, "edge": EVIL}
    share = {"holder": EVIL, "owner": EVIL, "held": 3, "location": EVIL, "fix": EVIL}
    found = {"class": EVIL, "holder": EVIL, "owner": EVIL, "path": [step, step],
             "expression": EVIL, "code": EVIL, "location": f"{EVIL}.py:1", "fix": EVIL,
             "signature": EVIL, "victims": [EVIL], "others": [share],
             "contents": EVIL, "example_url": url, "spider": EVIL}  # fmt: skip
    odd = {"live": {EVIL: {"count": 3}}, "requests": {EVIL: 3},
           "containers": [{"name": EVIL, "type": EVIL, "len": 9}]}  # fmt: skip
    written = [
        {**RUN, "spider": EVIL, "project": EVIL, "versions": {EVIL: EVIL},
         "config": {EVIL: [EVIL], "LEAKWATCH_MIN_SAMPLES": EVIL}},
        *({**sample(number), **odd} for number in range(20)),
        verdict(START + 100, "leak", EVIL, **said),
        explanation(START + 100, EVIL, **found),
        *(bill(START + time, received=9 * time, since=since) for time, since in
          ((50, 0.0), (150, START + 50))),
        {"type": "bill", "time": START + 160, "rss": 9, "failed": EVIL},
        verdict(START + 120, EVIL, EVIL + "2", **said),
        {**explanation(START + 120, EVIL + "2", **found), "failed": EVIL},
        {"type": "summary", "time": START + 200, "stats": {EVIL: EVIL}},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in written))
    return path
