"""What is made for each name, though one for all would do or none is kept for long."""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.things.kind import ThingKind, of, says
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.things.kind import Kept

LOGGERS = (
    "a logger stays as long as the process: use one for all, and put what varies"
    " into the message or extra="
)
_LOCKS = (
    "_thread.lock",
    "_thread.RLock",
    "threading.Condition",
    "threading.Event",
    "threading.Semaphore",
    "asyncio.locks.Lock",
    "asyncio.locks.Condition",
    "asyncio.locks.Event",
    "asyncio.locks.Semaphore",
    "twisted.internet.defer._ConcurrencyPrimitive",
)
_COMPILED = (
    "_ssl._SSLContext",
    "OpenSSL.SSL.Context",
    "lxml.etree.XSLT",
    "lxml.etree._XPathEvaluatorBase",
    "lxml.etree._Validator",
)
"""What takes time to make and memory to keep, and works for any number of pages."""
_REFERENCES = ("weakref.ReferenceType", "builtins.weakref")


def _of_lock(kept: Kept) -> str:
    if kept.form == "dict":
        return (
            f"make {kept.where} a weakref.WeakValueDictionary(), which lets go of each "
            f"{kept.name} that nobody uses any more"
        )
    return f"take each {kept.name} out of {kept.where} when nobody uses it any more"


def _of_reference(kept: Kept) -> str:
    name = "WeakValueDictionary" if kept.form == "dict" else "WeakSet"
    return (
        f"make {kept.where} a weakref.{name}(), and put the objects themselves in it: "
        "it drops those that have died, where a weak reference stays"
    )


KINDS = (
    ThingKind(of(*_LOCKS), _of_lock),
    ThingKind(of(*_REFERENCES), _of_reference),
    ThingKind(
        of(*_COMPILED),
        says(
            "make one {thing} for the whole crawl, and do not collect them in {where}"
        ),
    ),
    ThingKind(
        of("weakref.finalize"),
        says(
            "Python keeps each finalizer until its object dies: do not keep it in"
            " {where}, or detach() it when it is not needed"
        ),
    ),
    ThingKind(
        of("re.Pattern"),
        says(
            "leave it to re.search(pattern, text), which remembers the last 512"
            " patterns by itself, and do not keep each in {where}"
        ),
    ),
    ThingKind(
        of(
            "logging.Logger",
            "logging.LoggerAdapter",
        ),
        says(LOGGERS),
    ),
    ThingKind(
        of("logging.Handler"),
        says(
            "add one {thing} when the spider opens, and removeHandler() and close() it"
            " when the spider closes: {where} keeps each"
        ),
    ),
    ThingKind(
        of("logging.LogRecord"),
        says("keep record.getMessage() in {where}: a record refers to what was logged"),
        holds=True,
    ),
    ThingKind(
        lambda obj: anatomy.is_a(obj, ContextVar),
        says(
            "make one ContextVar, at the top of its module, and set() it: Python keeps"
            " the values of each that was ever made"
        ),
    ),
    ThingKind(
        lambda obj: anatomy.is_a(obj, Context),
        says(
            "take each {thing} out of {where} when its work is done: it keeps the"
            " values of all variables that were set when it was copied"
        ),
        holds=True,
    ),
)
