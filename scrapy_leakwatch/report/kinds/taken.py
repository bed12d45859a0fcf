"""What is said of what is taken again and again while the crawl runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Explanation
from scrapy_leakwatch.report.kinds.kind import Words
from scrapy_leakwatch.report.kinds.wording import stays, unknown

if TYPE_CHECKING:
    from scrapy_leakwatch.records import PilingUp, Verdict

PILE_UP = {
    "pages": "browser pages are open",
    "contexts": "browser contexts are open",
    "children": "child processes run",
    "tasks": "asyncio tasks have not ended",
    "threads": "threads run",
    "sockets": "sockets are open",
    "files": "files are open",
    "timers": "timers wait",
}
"""What many do, by the field of `ResourceCounts`."""

RELEASE = {
    "pages": "await page.close() once the page was read, also in the errback: with"
    " playwright_include_page nobody else does;"
    " PLAYWRIGHT_MAX_PAGES_PER_CONTEXT bounds how many there are",
    "contexts": "await page.context.close() when its page is done, or have the requests"
    " share a few names in playwright_context; PLAYWRIGHT_MAX_CONTEXTS bounds them",
    "children": "terminate() and wait() for each child when its work is done, or let a"
    " fixed number of them do all of it",
    "tasks": "await what a task does in the callback that starts it, or cancel() it",
    "threads": "let each thread's function end, or hand its work to one"
    " ThreadPoolExecutor(max_workers=...) for the whole crawl",
    "sockets": "close() what opens them as soon as its page is done, as by `with`, or"
    " keep one for the whole crawl",
    "files": "open each file by `with open(...)`, or close() it as soon as it is"
    " written or read",
    "timers": "cancel() a timer when its page is done, or have one LoopingCall for all",
}
"""How one is given back while the crawl runs."""


def release(name: str) -> str:
    """Return how one is given back, by the field of `ResourceCounts`."""
    return RELEASE[name]


def piling_up(verdict: Verdict, facts: PilingUp) -> Words:
    """Say how many there are by now, and what would give them back."""
    found = facts.found
    says_it = isinstance(found, Explanation) and found.fix
    grows = f"{stays(verdict.growth)}, and none is given back"
    if not verdict.growth.per_1000_responses:
        grows = (
            "as many as PLAYWRIGHT_MAX_PAGES_PER_CONTEXT allows: the crawl waits for"
            " one of them, and no callback is left that closes one"
        )
    return Words(
        f"unreleased: {verdict.count:,} {PILE_UP[facts.name]}, {grows}",
        "" if says_it else RELEASE[facts.name],
        unknown("who took them", found),
    )
