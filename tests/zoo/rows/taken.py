"""Crawls that take something again and again, and their twins that give it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marks import place_of
from tests.zoo.truth import ASYNCIO, SELECT, Row

ROOT = Path(__file__).parents[3]
FILE = "tests/zoo/animals/taken.py"
MODULE = "tests.zoo.animals.taken"
RESOLVER = "tests.zoo.animals.resolver.LoopbackResolver"
LONGER = {"CLOSESPIDER_TIMEOUT": 9}
"""Where there is much, not each sample counts it."""


def _row(cls: str, story: str, **fields: Any) -> Row:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return Row(name=name, story=story, spiders=(f"{MODULE}.{cls}",), **fields)


def _taker(cls: str, subject: str, story: str, **fields: Any) -> Row:
    row = _row(cls, story)
    return _row(
        cls,
        story,
        **{
            "truth": "unreleased",
            "subjects": (subject,),
            "holders": (f"{subject} of spider {cls}",),
            "line": place_of(row.name, ROOT, FILE),
            "settings": LONGER,
            **fields,
        },
    )


TAKEN: tuple[Row, ...] = (
    _taker("ThreadOfEachPage", "Thread", "a thread on a page that never ends"),
    _taker(
        "ExecutorOfEachPage",
        "Thread",
        "a pool of threads for each page",
        holders=("spider.pools[*]", "Thread of spider ExecutorOfEachPage"),
        line=None,  # where it is made, or where it is kept
    ),
    _taker(
        "FileOfEachPage",
        "open file",
        "a file on a page that is not closed",
        reactor=SELECT,
    ),
    _taker(
        "SocketOfEachPage",
        "socket",
        "a connection on a page, in a dict by URL",
    ),
    _taker(
        "TimerOfEachPage", "DelayedCall", "a call in an hour on a page", reactor=SELECT
    ),
    _taker(
        "TaskOfEachPage",
        "asyncio task",
        "a task on a page that sleeps on",
        reactor=ASYNCIO,
    ),
    _taker(
        "SessionOfEachPage",
        "ClientSession",
        "a session of aiohttp on a page, in a list",
        holders=("spider.sessions[*]",),
        reactor=ASYNCIO,
        needs=("aiohttp",),
    ),
    _taker(
        "SessionsByUrl",
        "spider.sessions",
        "five sessions of aiohttp for each page, in a dict",
        truth="hoard",
        leaked_each=5,
        holders=("spider.sessions",),
        reactor=ASYNCIO,
        needs=("aiohttp",),
    ),
    _row("PoolOfThreads", "a pool of 40 threads that fills up"),
    _row("ClosesFiles", "a file on a page, closed", reactor=SELECT),
    _row("PoolOfSockets", "40 connections that are used again and again"),
    _row(
        "ManyProxies",
        "250 proxies in turn, and a connection is kept to each",
        settings={**LONGER, "DNS_RESOLVER": RESOLVER},
    ),
    _row("BriefTimers", "a call in half a second on a page", reactor=SELECT),
    _row("BriefTasks", "a task of a moment on a page", reactor=ASYNCIO),
    _row(
        "OneSession",
        "one session of aiohttp for all pages",
        reactor=ASYNCIO,
        needs=("aiohttp",),
    ),
)
