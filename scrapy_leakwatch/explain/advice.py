"""Says what to change, in the names of the person who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.anchors import AnchorKind
    from scrapy_leakwatch.explain.records import Origin


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a holder, in plain words.

    ``bag`` is the request's attribute (``meta``), ``key`` the first key in it.
    ``held`` is the class right behind the holder's edge, ``callback`` what the
    holding requests call. ``owner`` is where the anchor itself hangs.
    """

    kind: AnchorKind
    holder: str
    owner: str
    origin: Origin
    held: str
    bag: str = ""
    key: str = ""
    variable: str = ""
    function: str = ""
    callback: str = ""
    container: str = ""
    through_error: str = ""
    chain: bool = False


def fix(finding: Finding) -> str:
    """Return one sentence a person can act on."""
    if finding.through_error:
        return _error(finding)
    if finding.origin == "library" and finding.kind == "root":
        return _library(finding)
    return _FIXES[finding.kind](finding)


def _thing(held: str) -> tuple[str, str]:
    """Return what to call the held object, and what to keep instead of it."""
    if "Selector" in held:
        return "selector", "selector.get()"
    if held.endswith("Loader"):
        return "item loader", "loader.load_item()"
    if held.endswith("Request"):
        return "request", "request.url"
    if held.endswith("Response"):
        return "response", "response.url"
    return held or "object", "its url or id"


def _request(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    callback = finding.callback or "the callback"
    if finding.bag in {"callback", "errback"}:
        return (
            f"use a method of the spider as {finding.bag} and pass what it needs "
            f"(such as {part}) in cb_kwargs; {finding.variable or finding.holder} "
            f"keeps the {thing} until the request is done"
        )
    where = f"{finding.bag}['{finding.key}']" if finding.key else finding.bag
    if finding.bag == "meta" and thing == "response" and not finding.chain:
        return (
            f"pass what {callback} needs (such as {part}) in cb_kwargs, not the {thing}"
        )
    sentence = (
        f'pass what {callback} needs (such as cb_kwargs={{"{_short(finding)}": '
        f"{part}}}), not the {thing} in {where}"
    )
    if finding.chain:
        sentence += f"; each {thing} keeps the one before it alive"
    return sentence


def _short(finding: Finding) -> str:
    """Return a name for the part that is passed instead of the whole."""
    if not finding.key.isidentifier():
        return "url"
    thing, _ = _thing(finding.held)
    if thing in {"selector", "item loader"}:
        return finding.key if thing == "selector" else "item"
    return f"{finding.key}_url"


def _function(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    name = _bare(finding.function)
    subject = "the lambda" if name == "<lambda>" else name
    return (
        f"make {subject} a method of the spider and give it what it needs (such as "
        f"{part}) in cb_kwargs or as an argument: now its '{finding.variable}' keeps "
        f"the {thing}"
    )


def _partial(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    return (
        f"pass {_bare(finding.function)} itself as callback and what it needs "
        f"(such as {part}) in cb_kwargs, not the {thing} in a partial"
    )


def _generator(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    return (
        f"let {_bare(finding.function)} end, or cancel it when the spider closes; "
        f"before it waits, take what it needs (such as {part}) "
        f"and del {_bare(finding.variable)}, which keeps the {thing}"
    )


def _timer(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    return (
        f"give the timer of {_bare(finding.function)} what it needs (such as {part}), "
        f"not the {thing}, and cancel it in closed()"
    )


def _cache(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    return (
        f"give {_bare(finding.function)} a maxsize and arguments like {part} "
        f"instead of the {thing}: the cache keeps arguments and results"
    )


def _deferred(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    return (
        f"fire or cancel the Deferred that waits for {_bare(finding.function)}, and "
        f"give the callback what it needs (such as {part}), not the {thing}"
    )


def _root(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    if finding.owner == "signal receivers":
        return "disconnect the receiver in closed(), or connect it with weak=True"
    if finding.owner == "logging handler":
        return f"log {part}, not the {thing}: {finding.holder} keeps the records"
    if finding.container == "WeakKeyDictionary":
        return (
            f"keep {part} as the value in {_bare(finding.holder)}: a value that "
            f"refers to its key keeps the key alive"
        )
    keep = f"keep {part} in {_bare(finding.holder)}, not the {thing}"
    if "[" in finding.holder:
        return f"{keep}, or remove it there when its work is done"
    return f"{keep}, or set it to None when its work is done"


def _library(finding: Finding) -> str:
    thing, part = _thing(finding.held)
    if finding.owner in {"logging handler", "signal receivers"}:
        return _root(finding)
    return (
        f"{finding.owner} is not your code: switch it off if it is not needed, "
        f"bound or clear {_bare(finding.holder)}, or give it {part} "
        f"instead of the {thing}"
    )


def _error(finding: Finding) -> str:
    thing, _ = _thing(finding.held)
    return (
        f"keep str(error) in {_bare(finding.holder)}, not the exception: its "
        f"traceback keeps {finding.through_error} and so the {thing}"
    )


def _bare(name: str) -> str:
    """Return ``name`` without its indexes and enclosing functions."""
    return name.partition("[")[0].rpartition("<locals>.")[2]


_FIXES = {
    "request": _request,
    "function": _function,
    "generator": _generator,
    "partial": _partial,
    "timer": _timer,
    "cache": _cache,
    "deferred": _deferred,
    "root": _root,
    "object": _root,
}
