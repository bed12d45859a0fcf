"""What is said of memory in child processes that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy_leakwatch.records import Explanation, Processes, Unexplained
from scrapy_leakwatch.report.kinds.kind import KindWords, Words
from scrapy_leakwatch.report.kinds.wording import grows, megabytes

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Verdict

POOLS = {
    "ProcessPoolExecutor": "max_tasks_per_child=1000 (Python 3.11, not with fork)",
    "Pool": "maxtasksperchild=1000",
}
"""By the class of a pool: what has it start its workers anew."""
BROWSERS = ("chrom", "firefox", "webkit", "headless_shell", "msedge", "playwright")
"""What is in the name of a program that is a browser, or drives one."""
ANEW = "end it and start it anew now and then, or see what it keeps"


def _grow(verdict: Verdict, facts: Processes) -> Words:
    count, program, found = verdict.count, verdict.class_path, facts.found
    processes = f"{count:,} process{'es' * (count != 1)}"
    what = f"{processes} of {program}" if program else processes
    message = (
        f"memory in child processes grows: {what}, {megabytes(verdict.bytes)}"
        f" in all, {grows(verdict.growth)}"
    )
    if isinstance(found, Explanation):
        return Words(message)
    reason = found.reason if isinstance(found, Unexplained) else _OFF
    caveat = f"who started them is not known: {reason}"
    return Words(message, bounding(program, ""), caveat)


_OFF = "LEAKWATCH_EXPLAIN is off"


def bounding(program: str, has: str) -> str:
    """Return what helps, by the program and the class of what has its processes."""
    if has in POOLS:
        return (
            f"have the pool start its workers anew, {POOLS[has]}, or let its functions"
            " keep nothing between two calls"
        )
    if any(each in program.lower() for each in BROWSERS):
        return (
            "close each page once it was read (await page.close(), also in an errback),"
            " and each context; end the browser and start it anew now and then"
        )
    return ANEW


KIND = KindWords(
    "children",
    "Child processes",
    "bad",
    {Processes: _grow},
    sentence="Memory in child processes grows.",
    of_holder="Memory grows in a {holder}.",
    deed="started by",
)
