"""Crawls whose components give nothing back when it closes, and some that do."""

from __future__ import annotations

from typing import Any

from tests import takers
from tests.zoo.truth import ASYNCIO, SELECT, Row

SHORT = {"CLOSESPIDER_TIMEOUT": 2.5, "LEAKWATCH_INTERVAL": 0.1}
"""The verdict comes when the crawl has ended, and that may be soon: after a time,
for a number of pages is soon on a fast machine and late on a slow one."""
TAKERS = {
    "TakesLoopingCall": ("LoopingCall", "a looping call that nobody stops"),
    "TakesDelayedCall": ("DelayedCall", "a call in an hour"),
    "TakesPort": ("listening port", "a listening port of Twisted"),
    "TakesTask": ("asyncio task", "an asyncio task that sleeps on"),
    "TakesTimer": ("asyncio timer", "a timer of the event loop"),
    "TakesServer": ("listening port", "a listening port of asyncio"),
    "TakesThread": ("Thread", "a thread"),
    "TakesHelper": ("Thread", "a thread that a helper started"),
    "TakesChild": ("child process", "a child process"),
    "TakesFile": ("open file", "a file of an item pipeline"),
    "TakesSocket": ("socket", "a socket"),
    "TakesDatabase": ("database connection", "a connection to SQLite"),
    "TakesDirectory": ("temporary directory", "a temporary directory"),
    "TakesReceiver": ("signal receiver", "a receiver that is not held weakly"),
    "TakesHandler": ("logging handler", "a logging handler"),
}
GIVERS = {
    "Loops": "looping and delayed calls, stopped and cancelled",
    "Tasks": "asyncio tasks and timers, cancelled",
    "Threads": "threads, joined, and workers of the process's own pools",
    "PooledThreads": "work for the threads of the reactor and the event loop",
    "Ports": "a port and connections, closed when the engine has stopped",
    "Slow": "half a second to give back, by a Deferred",
    "Children": "commands that are waited for",
    "Listens": "receivers and logging handlers, taken back",
    "Shares": "what belongs to the process, whoever needs it first",
    "Files": "a file, a table, a database and a folder, closed",
}
PIPELINES = {"TakesChild", "TakesFile", "TakesDatabase", "Files"}
OF_ASYNCIO = {"TakesTask", "TakesTimer", "TakesServer", "Tasks"}


def _row(number: int, cls: str, story: str, **fields: Any) -> Row:
    module = "takers" if cls in TAKERS else "givers"
    setting = "ITEM_PIPELINES" if cls in PIPELINES else "EXTENSIONS"
    by_turns = SELECT if number % 2 else ASYNCIO
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return Row(
        name=name if cls in TAKERS else f"gives_back_{name}",
        story=story,
        spiders=("tests.zoo.animals.base.Passer",),
        settings={**SHORT, setting: {f"tests.{module}.{cls}": 100}},
        reactor=ASYNCIO if cls in OF_ASYNCIO else by_turns,
        least_received=50,
        **fields,
    )


def _role(cls: str) -> str:
    return "item pipeline" if cls in PIPELINES else "extension"


UNRELEASED: tuple[Row, ...] = (
    *(
        _row(
            number,
            cls,
            f"at close there is {story}",
            truth="unreleased",
            subjects=(kind,),
            holders=(f"{kind} of {_role(cls)} {cls}",),
            line=takers.taken_at(cls),
        )
        for number, (cls, (kind, story)) in enumerate(TAKERS.items())
    ),
    *(_row(number, cls, story) for number, (cls, story) in enumerate(GIVERS.items())),
)
