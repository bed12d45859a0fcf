"""What a root is, and the objects that one begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import CO_OPTIMIZED
from typing import TYPE_CHECKING, Any, Literal

from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from types import FrameType

    from scrapy_leakwatch.records import Origin, OwnerKind

DEEPEST = 200
"""Frames of a thread that are looked at."""


@dataclass(frozen=True, slots=True)
class Start:
    """An object that a root begins with, and what a person calls it.

    ``label`` is how a path of a bill is written that begins there. ``expression`` is
    that in source text and ``owner`` who has it, where they differ from the label and
    the root's name. ``passing``: what it holds is on its way through the crawl.
    ``value``: it is the value of a variable, which nothing refers to that the
    collector shows. ``lent``: it is Scrapy's or Python's, and the project adds to it.
    """

    obj: Any
    label: str
    expression: str = ""
    owner: str = ""
    passing: bool = False
    value: bool = False
    lent: Literal["", "logging", "receivers", "atexit"] = ""


@dataclass(slots=True)
class Root:
    """One owner and the objects it begins with.

    ``late``: no barrier, it gets what nobody before it reaches. ``passing``: what
    it holds is on its way, so suspended functions in it are owners of their own.
    ``modules``: the classes of these modules, or packages, are its own; ``package``:
    so are the modules of this one that are nobody's before.
    """

    name: str
    kind: OwnerKind
    origin: Origin = "library"
    starts: list[Start] = field(default_factory=list)
    late: bool = False
    passing: bool = False
    modules: tuple[str, ...] = ()
    package: str = ""


@dataclass(frozen=True, slots=True)
class ThreadState:
    """What Python keeps for a thread beside its frames; a forked child drops it.

    ``thread`` is the object of `threading`, ``error`` the exception that it handles,
    ``context`` has its context variables, ``data`` what `threading.local` has for it,
    ``mark`` is what that lives as long as, from Python 3.13 on.
    """

    name: str
    thread: Any = None
    error: Any = None
    context: Any = None
    data: Any = None
    mark: Any = None


@dataclass(frozen=True, slots=True)
class Outside:
    """What the process holds where the collector does not look, taken before a fork.

    ``frames`` are those of all threads, as `stack_of` has them, ``threads`` all else
    that the others have, ``handlers`` those of signals: a child has no other threads,
    and resets its handlers. ``loop`` is asyncio's that runs, which Python forgets in
    a child.
    """

    frames: tuple[tuple[str, tuple[FrameType, ...]], ...] = ()
    threads: tuple[ThreadState, ...] = ()
    handlers: tuple[Any, ...] = ()
    loop: Any = None


def passing_start(obj: Any, label: str, expression: str = "") -> Start:
    """Return a start where what it holds is on its way through the crawl."""
    return Start(obj, label, expression, owner=label, passing=True)


def stack_of(innermost: FrameType) -> tuple[FrameType, ...]:
    """Return the frames of a thread, the innermost first.

    Before a fork: in the child the way to the next ends in what another thread had,
    which is freed there.
    """
    found: list[FrameType] = []
    frame: FrameType | None = innermost
    while frame is not None and len(found) < DEEPEST:
        found.append(frame)
        frame = frame.f_back
    return tuple(found)


def locals_of(frame: FrameType) -> list[tuple[str, Any]]:
    """Return the variables of a function's frame.

    Those of a class body may be any mapping, of a module its globals.
    """
    if not frame.f_code.co_flags & CO_OPTIMIZED:
        return []
    return list(frame.f_locals.items())


def class_text(cls: type, name: str) -> str:
    """Return a text that a class has, or the next of its bases."""
    for base in anatomy.mro(cls):
        found = anatomy.namespace(base).get(name)
        if type(found) is str:
            return redact.text(found, 60)
    return ""
