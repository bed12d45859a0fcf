"""What a crawl needs to be watched at all, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.report.amounts import MEBIBYTE, size
from scrapy_leakwatch.report.doctor.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.records.diagnosed import (
        ChildrenFound,
        ExtensionFound,
        LimitFound,
        MemoryFound,
        PythonFound,
        ScrapyFound,
        SettingsFound,
        TrackrefFound,
    )

LINE = 'EXTENSIONS = {"scrapy_leakwatch.LeakWatch": 500}'
SHOWN = 4
"""Settings that are named; the others are only counted."""


def _python(found: PythonFound) -> Said:
    name = f"{found.version} ({found.implementation})"
    if found.implementation != "CPython":
        return Said(
            name,
            "LeakWatch reads objects as CPython lays them out",
            "run the crawl with CPython 3.10 or newer",
        )
    if found.refused:
        remedy = "make the crawl's environment with the usual build of Python"
        return Said(name, found.refused, remedy)
    if found.in_increments:
        return Said(
            name,
            "it makes no full collections by itself, so that only a child tells what is"
            " alive from what is dead",
            "upgrade to 3.14.5 or newer",
        )
    if found.debug:
        return Said(
            f"{name}, a debug build",
            "it is slow, and objects are larger than in production",
            "run the crawl with the usual build",
        )
    return Said(name)


def _scrapy(found: ScrapyFound) -> Said:
    driven = found.reactor or "Twisted's default reactor"
    if found.reactorless:
        driven = "asyncio without a reactor"
    name = f"{found.scrapy} on {driven} (Twisted {found.twisted})"
    if found.failed:
        return Said(
            f"{found.scrapy}, Twisted {found.twisted}",
            f"TWISTED_REACTOR can't be had ({found.failed})",
            "leave it out for Scrapy's default",
        )
    if found.level == "no":
        return Said(name, "it is too old", 'pip install "Scrapy>=2.12"')
    return Said(name)


def _settings(found: SettingsFound) -> Said:
    if found.addon_failed:
        return Said(
            "an add-on fails",
            "; ".join(filter(None, (found.addon_failed, found.wrong))),
            "mend it, or take it out of ADDONS: no crawl begins with it",
        )
    if found.wrong:
        remedy = "change it: until then LeakWatch is off"
        return Said("one can't be used", found.wrong, remedy)
    if not found.enabled:
        return Said(
            "LEAKWATCH_ENABLED is off",
            "crawls are not watched but by 'scrapy leakwatch run'",
            "leave LEAKWATCH_ENABLED out, or set it to True",
        )
    if found.lacking:
        return Said(
            f"{found.lacking} needs a package that is not there",
            "crawls are watched, and go on without it",
            found.remedy,
        )
    if not found.given:
        return Said("all of LEAKWATCH_... are the defaults")
    more = len(found.given) - SHOWN
    names = ", ".join(name.removeprefix("LEAKWATCH_") for name in found.given[:SHOWN])
    rest = f" and {more} more" if more > 0 else ""
    return Said(f"LEAKWATCH_... are set: {names}{rest}")


def _extension(found: ExtensionFound) -> Said:
    if found.level == "ok":
        return Said("the project's crawls are watched")
    if not found.in_project:
        return Said(
            "no project here",
            "there is no scrapy.cfg in this folder or above",
            "'scrapy leakwatch run SPIDER.py' watches a spider's file; a project's"
            f" settings need {LINE}",
        )
    return Said(
        "the project's crawls are not watched",
        "EXTENSIONS has no LeakWatch",
        f"add {LINE} to the settings, or use 'scrapy leakwatch run SPIDER'",
    )


def _live_objects(found: TrackrefFound) -> Said:
    if found.level == "ok":
        return Said("trackref counts a request as it comes and goes")
    return Said(
        "trackref does not count",
        "scrapy.utils.trackref was switched off or replaced",
        "leave it as Scrapy has it: without it no leak of requests, responses and"
        " items is seen",
    )


def _memory(found: MemoryFound) -> Said:
    others = "; /proc hides processes of other users (hidepid)" if found.hides else ""
    rss = f"{size(found.rss)} resident{others}"
    if found.level == "no":
        return Said(
            "what is resident can't be read",
            "the system does not let psutil have it",
            "mount /proc, and let the crawl read its own entries there",
        )
    if not found.missing:
        return Said(rss)
    return Said(
        rss,
        f"the system has no {', '.join(found.missing)}: some layers of memory, or what"
        " children start, can't be told",
        "on Linux mount /proc, and let the crawl read it; elsewhere it stays so",
    )


def _limit(found: LimitFound) -> Said:
    whose = {
        "container": "of the container (cgroup)",
        "process": "of Scrapy (MEMUSAGE_LIMIT_MB)",
    }
    text = f"none; the machine has {size(found.machine)}"
    if found.limit is not None:
        mebibytes = f"{found.limit / MEBIBYTE:,.0f} MiB"
        text = f"{size(found.limit)} ({mebibytes}) {whose.get(found.of, '')}".rstrip()
    shell = [
        f"{size(limit)} of {what}"
        for limit, what in (
            (found.address_space, "address space (ulimit -v)"),
            (found.data, "data (ulimit -d)"),
        )
        if limit is not None
    ]
    if not shell:
        return Said(text)
    return Said(
        text,
        f"the shell allows {' and '.join(shell)}; there Python has no memory any more,"
        " which no forecast knows of",
        "'ulimit -v unlimited -d unlimited' and MEMUSAGE_LIMIT_MB, at which Scrapy"
        " closes in order",
    )


def _children(found: ChildrenFound) -> Said:
    if found.failed:
        return Said(
            "none can be started",
            found.failed,
            "see fork: what keeps one from being forked keeps it from being started",
        )
    if found.level == "no":
        return Said(
            "one was started, and not seen",
            "the system lists no child processes, or not their memory",
            "mount /proc so that the crawl sees its own children (not hidden by pid"
            " namespaces)",
        )
    text = f"one was counted, {size(found.bytes)} ({found.measure.upper()})"
    if found.playwright:
        text += "; so are Playwright's browsers"
    if not found.wanted:
        return Said(
            text,
            "LEAKWATCH_CHILDREN is off",
            "leave it out to have them counted: browsers are children",
        )
    if found.measure != "pss":
        return Said(
            text,
            "the system does not tell PSS: pages that children share count for each",
            "let the crawl read /proc/PID/smaps_rollup of its children",
        )
    return Said(text)


WORDS: dict[str, Callable[[Any], Said]] = {
    "Python": _python,
    "Scrapy": _scrapy,
    "settings": _settings,
    "extension": _extension,
    "live objects": _live_objects,
    "memory": _memory,
    "memory limit": _limit,
    "child processes": _children,
}
