"""Says what bounds a container that grows, in the names of the person who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scrapy_leakwatch.explain.containers import clients

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.naming.reference_path import StartKind
    from scrapy_leakwatch.explain.records import Origin

SMART_STRINGS = frozenset({"_ElementUnicodeResult", "_ElementStringResult"})
"""What lxml calls strings that know the element they came from."""

Made = Literal["", "class", "function"]
"""What a program has once as a rule, and can also make again and again."""

Kind = Literal["set", "dict", "counter", "list", "cache"]
"""``cache``: of `functools.lru_cache`."""


@dataclass(frozen=True, slots=True)
class Hoard:
    """What is known of a container, in plain words.

    ``keys`` and ``values`` are the kinds of its entries; only a mapping has
    ``keys``. ``owner_kind`` is what the way to it begins at. ``client`` is the class of
    the clients that most entries are, if they are clients of a server or a database,
    ``made`` what most are that is made while the crawl runs.
    """

    name: str
    kind: Kind
    owner: str
    origin: Origin
    values: str
    keys: str = ""
    owner_kind: StartKind = "component"
    client: type | None = None
    made: Made = ""


def remedy(hoard: Hoard) -> str:
    """Return one sentence a person can act on."""
    if hoard.origin == "library":
        return _of_library(hoard)
    if hoard.client is not None:
        return clients.remedy(hoard.client, hoard.name)
    if hoard.made:
        return _ONCE[hoard.made].format(hoard.name)
    if SMART_STRINGS & {_thing(hoard.keys), _thing(hoard.values)}:
        return against_smart_strings(hoard.name)
    return _REMEDIES[hoard.kind](hoard) + _SCOPES.get(hoard.owner_kind, "")


def against_smart_strings(name: str) -> str:
    """Return what helps where lxml's strings are kept, each with its page's tree."""
    return (
        f"keep str(...) of each string in {name}: lxml's smart strings keep the whole"
        " page's tree alive (or XPath with smart_strings=False)"
    )


_ONCE: dict[Made, str] = {
    "class": (
        "make the class once, at the top of its module, and give its instances what "
        "varies: {} keeps each one that is made, and a class takes some kB"
    ),
    "function": (
        "write the function once, at the top of its module, and give it what varies "
        "as an argument: {} keeps each one that is made, with all that it uses"
    ),
}

_SCOPES: dict[StartKind, str] = {
    "class": "; an attribute of the class, it is shared by all its objects and stays",
    "global": "; a global, it stays as long as the process",
}
"""What an owner that outlives the crawl adds to it."""


def _set(hoard: Hoard) -> str:
    keep = f"keep {hoard.name} in sqlite3 or a Bloom filter"
    entry = _thing(hoard.keys or hoard.values)
    if entry == "int":
        return f"{keep}, which take a fraction of the memory"
    return (
        f"leave it to Scrapy's duplicate filter if {hoard.name} is there to skip "
        f"requests; else {keep}, or hash() of each {entry} only"
    )


def _dict(hoard: Hoard) -> str:
    if _thing(hoard.values) in {"bool", "None"}:
        return _set(hoard)
    if _is_plain(hoard.values):
        return (
            f"give {hoard.name} a bound: functools.lru_cache(maxsize=10_000) on what "
            f"computes it, or {hoard.name}.pop(next(iter({hoard.name}))) past so many; "
            "or keep it in sqlite3"
        )
    return (
        f"pop() each {_thing(hoard.values)} of {hoard.name} when its work is done and "
        "yield it as an item or write it out, or keep them in sqlite3"
    )


def _counter(hoard: Hoard) -> str:
    return (
        f"keep only the largest, {hoard.name}.most_common(10_000), "
        "or count in a database such as sqlite3"
    )


def _list(hoard: Hoard) -> str:
    if _is_plain(hoard.values):
        return (
            f"write {hoard.name} out and clear() it every thousand, or let "
            "collections.deque(maxlen=1_000) keep the last ones"
        )
    return (
        f"yield each {_thing(hoard.values)} as an item, for a feed or a pipeline to "
        f"write, and do not collect them in {hoard.name}; or write them out and "
        "clear() it every thousand"
    )


def _cache(hoard: Hoard) -> str:
    return f"give {hoard.name} a bound: @functools.lru_cache(maxsize=10_000)"


_REMEDIES = {
    "set": _set,
    "dict": _dict,
    "counter": _counter,
    "list": _list,
    "cache": _cache,
}


def _of_library(hoard: Hoard) -> str:
    for ending, sentence in _FRAMEWORK.items():
        if hoard.name.endswith(ending):
            return sentence
    return (
        f"{hoard.owner} is not your code: switch it off if it is not needed, or bound "
        f"or clear {hoard.name}"
    )


_FRAMEWORK = {
    ".fingerprints": (
        "Scrapy keeps a fingerprint of each request to drop duplicates, with a JOBDIR "
        "too: split the crawl, or set DUPEFILTER_CLASS to a filter that has them on "
        "disk; dont_filter=True does without for requests that can't come twice"
    ),
    ".jars": (
        "there is a cookie jar for each meta['cookiejar']: use fewer of them, or "
        "COOKIES_ENABLED = False if the site works without"
    ),
    "._cookies": (
        "the cookies of each domain stay until the crawl ends: COOKIES_ENABLED = False "
        "if the sites work without, or split the crawl"
    ),
    "._parsers": (
        "Scrapy keeps the robots.txt of each domain: split the crawl by domains, or "
        "ROBOTSTXT_OBEY = False where you may"
    ),
    ".domains_seen": (
        "Scrapy keeps the name of each offsite domain: extract fewer links to them "
        "(allow_domains of the LinkExtractor)"
    ),
    ".live_refs": (
        "Scrapy before 2.18 keeps each class of items and requests for ever: "
        "make the class once, at the top of its module, or update Scrapy"
    ),
    ".downloaded": (
        "the pipeline keeps the result of each file, to download it once: split the "
        "crawl, or download the files in a crawl of their own"
    ),
}


def _thing(kinds: str) -> str:
    """Return what to call one entry: the commonest kind, without its size."""
    return kinds.partition(" or ")[0].partition(" of ")[0].partition("[")[0] or "entry"


def _is_plain(kinds: str) -> bool:
    return _thing(kinds) in {"str", "bytes", "int", "float", "None", "tuple", "entry"}
