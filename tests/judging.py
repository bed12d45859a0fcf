"""Samples, explanations and a judge_of, for the tests of the judge."""

from __future__ import annotations

from dataclasses import replace

from scrapy.settings import Settings

from scrapy_leakwatch.config import Config
from scrapy_leakwatch.judge.judge import Judge
from scrapy_leakwatch.records import (
    REQUESTS,
    RESPONSES,
    TRAITS,
    Container,
    Counts,
    Effort,
    Explanation,
    Floor,
    Memory,
    Oldest,
    Price,
    RequestLedger,
    ResponseLedger,
    Sample,
    Unexplained,
)
from scrapy_leakwatch.report.kinds import worded

SELECTOR = "scrapy.selector.unified.Selector"
ITEM = "shop.items.Product"
NAMES = {RESPONSES: "HtmlResponse", REQUESTS: "Request", SELECTOR: "Selector"}
KEYS = {"selectors": SELECTOR, "items": ITEM}
MEMORY = Memory(rss=100_000_000, rss_peak=1, python_blocks=1)


def sample(
    number: int,
    *,
    floors: bool = True,
    own_share: float | None = None,
    limit: int | None = None,
    **held: int,
) -> Sample:
    """Return the sample ``number`` of a crawl with 1,000 responses between two."""
    held = {KEYS.get(name, name): count for name, count in held.items()}
    floor = Floor(10.0 * number, 1000 * number, held)
    responses = held.get(RESPONSES, 0)
    return Sample(
        time=10.0 * number,
        elapsed_s=10.0 * number,
        received=1000 * number,
        live=(),
        requests=RequestLedger(0, 0, None, 0, held.get(REQUESTS)),
        responses=ResponseLedger(responses, 0, responses),
        memory=MEMORY,
        memory_limit=limit,
        held=held,
        floors=(floor,) if floors else (),
        oldest={
            subject: Oldest(
                subject=NAMES.get(subject, subject.rpartition(".")[2]),
                path=subject if "." in subject else f"scrapy.http.{NAMES[subject]}",
                count=count,
                age_s=265.0,
                url="http://a/1",
                own_share=own_share,
            )
            for subject, count in held.items()
        },
        cost_s=0.0001,
    )


PARTS = {"counts": Counts, "price": Price, "effort": Effort}


def in_parts(**fields) -> dict:
    """Return the fields of an explanation by what they are parts of."""
    made = {
        name: part(**{key: fields.pop(key) for key in part.__slots__ if key in fields})
        for name, part in PARTS.items()
        if set(part.__slots__) & set(fields)
    }
    flags = [name for name in TRAITS if name in fields]
    if flags:
        made["traits"] = tuple(name for name in flags if fields.pop(name))
    return fields | made


def explanation(**fields) -> Explanation:
    known = dict.fromkeys(Explanation.__slots__, None) | {
        "holder": "spider.pages[*]",
        "owner": "spider",
        "owner_kind": "spider",
        "price": Price(10_000),
        "signature": "3f2a9c1e",
        "counts": Counts(24, 24),
        "traits": (),
        "others": (),
        "victims": (),
        "takes": (),
        "origin": "project",
        "known": "",
    }
    if "garbage" in fields or "in_flight" in fields:
        fields = {"examined": 24} | fields
    return Explanation(**known | in_parts(**fields))


def unexplained(reason: str, **counts: int) -> Unexplained:
    names = ("HtmlResponse", "scrapy.HtmlResponse", "shop", reason)
    return Unexplained(*names, **in_parts(**counts))


def judge_of(explain=False, beside=None, **settings) -> Judge:
    settings = {"LEAKWATCH_EXPLAIN": explain, **settings}
    config = Config.from_settings(Settings(settings))
    return Judge("shop", config, worded, beside=beside)


def hear(case: Judge, samples, found=None) -> list:
    """Return the verdicts, where each suspicion is answered with ``found``."""
    verdicts = []
    for each in samples:
        suspicion = case.hear(each)
        verdict = suspicion and case.conclude(suspicion, found)
        if verdict:
            verdicts.append(verdict)
    return verdicts


def growing(**per_sample: int) -> list[Sample]:
    return [
        sample(n, **{name: count * n for name, count in per_sample.items()})
        for n in range(8)
    ]


def unproved(**per_sample: int) -> list[Sample]:
    return [replace(each, floors=()) for each in growing(**per_sample)]


def standing_kinds(case: Judge) -> list[str]:
    """Return the kinds of the verdicts that stand."""
    return [verdict.kind for verdict in case.verdicts]


def queueing(number: int, queued: int, **fields) -> Sample:
    """Return a sample with so many requests in the memory queue."""
    requests = RequestLedger(queued + 20, queued, None, 16, 0)
    return replace(sample(number), requests=requests, **fields)


def holding(number: int, *containers: Container, **fields) -> Sample:
    """Return a sample with these containers."""
    return replace(sample(number), containers=containers, **fields)


def container(length: int, **fields) -> Container:
    known = {"name": "spider.seen", "type": "set", "owner": "spider"}
    return Container(**known | {"len": length, "origin": "project"} | fields)
