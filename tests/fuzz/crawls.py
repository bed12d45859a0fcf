"""Samples of crawls that never were: each number goes a way of its own."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import get_args

from hypothesis import strategies as st

from scrapy_leakwatch.records import (
    MEASURES,
    REQUESTS,
    RESPONSES,
    STAGES,
    Bill,
    BillLayers,
    BillOwner,
    BillPath,
    Children,
    Collector,
    Container,
    Floor,
    Layers,
    Memory,
    NoBill,
    Oldest,
    Program,
    Progress,
    RequestLedger,
    ResourceCounts,
    ResourceLimits,
    ResponseLedger,
    Sample,
)
from tests.judging import ITEM, SELECTOR, explanation, unexplained

MOST = 30
"""Samples of a crawl."""
STEPS = [0, 1, 7, 100, 1000, 10**5, 10**7, 10**9]
KEPT = [RESPONSES, REQUESTS, SELECTOR, ITEM, "shop.Odd"]
NAMES = ["spider.seen", "spider.pages['a']", "spider.pages['b']", "DedupPipeline.a[0]"]
WHAT = {"subject": "Product", "class_path": "shop.items.Product", "spider": "shop"}
OWNERS = [("spider shop", "spider"), ("stats", "stats"), ("dead cycles", "garbage")]


@st.composite
def _ways(draw, length):
    """Return numbers that stay, rise, fall, jump or do as they like, none below 0."""
    kind = draw(st.sampled_from(["steady", "rises", "falls", "jumps", "noise", "saw"]))
    begin, step = draw(st.sampled_from(STEPS)), draw(st.sampled_from(STEPS))
    chance = random.Random(draw(st.integers(0, 99)))
    made = {
        "steady": lambda n: begin,
        "rises": lambda n: begin + step * n,
        "falls": lambda n: max(begin - step * n, 0),
        "jumps": lambda n: begin if 2 * n < length else step,
        "noise": lambda n: begin + chance.randint(0, step),
        "saw": lambda n: begin + step * (n % 4),
    }[kind]
    return [made(n) for n in range(length)]


@st.composite
def crawls(draw):
    """Return the samples of a crawl, whose clock and counters may turn back."""
    length = draw(st.integers(1, MOST))

    def way(*, lacks=False):
        numbers = draw(_ways(length))
        missing = draw(st.sampled_from([0, 0, 1, 3])) if lacks else 0
        return [
            None if missing and n % missing == 0 else numbers[n] for n in range(length)
        ]

    def ways_of(cls, *names):
        ways = {name: way(lacks=True) for name in names}
        return [
            cls(**{name: each[n] for name, each in ways.items()}) for n in range(length)
        ]

    clocks = [range(0, 10 * length, 10), [9] * length, way()]
    times, received = draw(st.sampled_from(clocks)), way()
    kept = draw(st.lists(st.sampled_from(KEPT), unique=True, max_size=3))
    held = {name: way() for name in kept}
    floors = draw(st.integers(0, 3))
    lengths = {
        name: way() for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    }
    rss, blocks = way(), way()
    requests, responses = [way() for _ in range(4)], [way() for _ in range(3)]
    queue, limit = way(lacks=True), draw(st.sampled_from([None, 0, 1, 10**9]))
    working, programs = [way() for _ in range(8)], [way(), way()]
    names = draw(
        st.lists(
            st.sampled_from([f.name for f in fields(ResourceCounts)]),
            unique=True,
            max_size=4,
        )
    )
    counts = ways_of(ResourceCounts, *names)
    limits = ways_of(ResourceLimits, "descriptors", "pids", "pids_free", "pages")
    has = {name: draw(st.booleans()) for name in ("children", "progress", "resources")}
    stage, measure = draw(st.sampled_from(STAGES)), draw(st.sampled_from(MEASURES))
    starting = draw(st.booleans())
    collector = draw(st.sampled_from(get_args(Collector)))
    share = draw(st.sampled_from([None, 0.0, 0.5, 1.0]))

    def sample(n):
        now = {name: each[n] for name, each in held.items()}
        children = Children(
            programs[0][n], sum(each[n] for each in programs), measure,
            tuple(Program(f"p{p}", 1, each[n]) for p, each in enumerate(programs)),
        )  # fmt: skip
        progress = Progress(*(each[n] for each in working), stage=stage)
        return Sample(
            time=float(times[n]),
            elapsed_s=float(times[n]),
            received=received[n],
            live=(),
            requests=RequestLedger(
                requests[0][n], queue[n], None, requests[1][n], requests[2][n]
            ),
            responses=ResponseLedger(*(each[n] for each in responses)),
            memory=Memory(rss[n], rss[n], blocks[n]),
            memory_limit=limit,
            held=now,
            floors=(Floor(float(times[n]), received[n], now),) * floors,
            oldest={
                name: Oldest(
                    name.rpartition(".")[2], name, count, 60.0, "http://a/", share
                )
                for name, count in now.items()
            },
            cost_s=0.0,
            containers=tuple(
                Container(name, "list", each[n], "spider", "project")
                for name, each in lengths.items()
            ),
            children=children if has["children"] else None,
            container_limit=limit,
            progress=progress if has["progress"] else None,
            resources=counts[n] if has["resources"] else None,
            limits=limits[n] if has["resources"] else None,
            starting=starting,
            collector=collector,
        )

    return [sample(n) for n in range(length)]


def steady(sample, count):
    """Return the sample so many times, at its place in a crawl that goes on."""
    return [
        replace(
            sample,
            time=10.0 * n,
            elapsed_s=10.0 * n,
            received=100 * n,
            progress=None,  # where nothing ends it is told
            floors=tuple(
                replace(floor, time=10.0 * n, received=100 * n)
                for floor in sample.floors[:1]
            ),
        )
        for n in range(count)
    ]


@st.composite
def answers(draw):
    """Return what a look may have found: who holds, that nobody does, the layers."""
    examined = draw(st.integers(0, 30))
    garbage = draw(st.integers(0, examined))
    counts = {"examined": examined, "garbage": garbage, "in_flight": examined - garbage}
    layers = draw(st.dictionaries(
        st.sampled_from(["arenas", "arenas_free", "malloc_used", "malloc_free"]
                        + ["python_large", "trimmable", "files"]),
        st.none() | st.sampled_from(STEPS),
    ))  # fmt: skip
    held = explanation(**WHAT, **counts)
    nobody = explanation(**WHAT, holder="", owner="", signature="")
    return {
        "objects": draw(st.sampled_from([
            None, explanation(**WHAT), held, nobody, unexplained("late", **counts),
        ])),
        "memory": draw(st.sampled_from([
            None, Layers(draw(st.sampled_from(STEPS)), **layers),
            Layers(1, reason="fork refused"),
        ])),
    }  # fmt: skip


@st.composite
def bills(draw):
    """Return a memory bill, or that there is none."""
    time, size = float(draw(st.sampled_from(STEPS))), st.sampled_from(STEPS)
    if draw(st.integers(0, 4)) == 0:
        return NoBill(time, draw(size), draw(size), "late")
    owners = []
    for name, kind in draw(st.lists(st.sampled_from(OWNERS), unique=True)):
        grown, tracked = draw(size), draw(st.booleans())
        path = BillPath(
            draw(st.sampled_from(NAMES)), "list", draw(size), draw(size), grown
        )
        path = replace(path, tracked=tracked)
        owners.append(
            BillOwner(name, kind, "project", draw(size), 0, draw(size), grown, (path,))
        )
    return Bill(
        time, draw(size), draw(size), draw(st.floats(0, 1)), tuple(owners), BillLayers()
    )
