"""Groups suspects that hang on the same edge into holders with true counts."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch import anatomy, places
from scrapy_leakwatch.explain import bounds, words
from scrapy_leakwatch.explain.advice import Finding, fix
from scrapy_leakwatch.explain.anchors import Anchor
from scrapy_leakwatch.explain.edges import GENERATORS, edge
from scrapy_leakwatch.explain.labels import label

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.anchors import Anchors, Fate
    from scrapy_leakwatch.explain.records import Origin
    from scrapy_leakwatch.explain.roots import Root

CHAIN = 3
"""Suspects above a suspect's anchor that make it a link of a chain."""


@dataclass(slots=True)
class Group:
    """The suspects on one holder, with the anchors and words of each."""

    key: tuple[str, str]
    fate: Fate
    anchors: list[Anchor] = field(default_factory=list)
    places: list[words.Place] = field(default_factory=list)
    suspects: set[int] = field(default_factory=set)

    @property
    def lead(self) -> Anchor:
        """The anchor to show: one that leads to the root that most lead to."""
        owners = Counter(one.root.owner for one in self.anchors if one.root is not None)
        if not owners:
            return min(self.anchors, key=lambda one: len(one.above))
        (most, _), *_ = owners.most_common(1)
        typical = [one for one in self.anchors if one.root and one.root.owner == most]
        return min(typical, key=lambda one: len(one.above))

    @property
    def place(self) -> words.Place:
        """The words for `lead`."""
        return self.places[self.anchors.index(self.lead)]

    @property
    def holder(self) -> str:
        """The holder's name, without the keys in which the suspects differ."""
        names = {place.holder for place in self.places}
        return names.pop() if len(names) == 1 else self.key[1]

    @property
    def expression(self) -> str:
        """The way from the anchor to the suspect, where it is always the same."""
        names = {place.expression for place in self.places}
        return names.pop() if len(names) == 1 else self.place.general_expression

    @property
    def chain(self) -> bool:
        """Tell whether the suspects hold one another in a row."""
        links = sum(_suspects_above(anchor) >= CHAIN for anchor in self.anchors)
        return links * 2 >= len(self.anchors)

    def signature(self, spider: str) -> str:
        """Return eight hex digits that the same cause has in every run."""
        text = "\n".join((spider, *self.key))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(slots=True)
class Census:
    """The holders, largest first, and the suspects that nobody is blamed for."""

    held: list[Group] = field(default_factory=list)
    waiting: list[Group] = field(default_factory=list)
    waiting_count: int = 0
    in_flight: int = 0
    garbage: int = 0
    unknown: int = 0


def take(anchors: Anchors, suspects: list[Any]) -> Census:
    """Return who holds each of ``suspects``."""
    groups: dict[tuple[str, str, str], Group] = {}
    fates: dict[int, Fate] = {}
    for suspect in suspects:
        found = anchors.of(suspect)
        fates[id(suspect)] = anchors.fate(suspect, found)
        for anchor in found:
            if anchor.fate not in {"garbage", "in flight"}:
                _join(groups, anchor, id(suspect))
    _settle_chains(groups, fates)
    return _census(groups, fates)


def _join(
    groups: dict[tuple[str, str, str], Group], anchor: Anchor, suspect: int
) -> None:
    place = words.place(anchor)
    key = (_scope(anchor), place.general)
    group = groups.setdefault((*key, anchor.fate), Group(key, anchor.fate))
    group.anchors.append(anchor)
    group.places.append(place)
    group.suspects.add(suspect)


def _settle_chains(
    groups: dict[tuple[str, str, str], Group], fates: dict[int, Fate]
) -> None:
    """Count the links of a chain as held, though the walk saw no root there."""
    for (*key, fate), group in list(groups.items()):
        if fate != "unknown":
            continue
        head = groups.get((key[0], key[1], "held"))
        if head is None and not group.chain:
            continue
        head = groups.setdefault((key[0], key[1], "held"), Group(group.key, "held"))
        head.anchors += group.anchors
        head.places += group.places
        head.suspects |= group.suspects
        fates.update(dict.fromkeys(group.suspects, "held"))


def _census(
    groups: dict[tuple[str, str, str], Group], fates: dict[int, Fate]
) -> Census:
    census = Census()
    for group in groups.values():
        if group.fate == "held":
            census.held.append(group)
        elif group.fate == "waiting":
            census.waiting.append(group)
    for part in (census.held, census.waiting):
        part.sort(key=lambda group: (-len(group.suspects), group.key))
    counts = list(fates.values())
    census.in_flight = counts.count("in flight")
    census.waiting_count = counts.count("waiting")
    census.garbage = counts.count("garbage")
    census.unknown = counts.count("unknown")
    return census


def _scope(anchor: Anchor) -> str:
    """Return what tells equal names of different causes apart."""
    if anchor.kind == "root" and anchor.root is not None:
        return anchor.root.scope or anchor.root.owner
    return anchor.kind


def _suspects_above(anchor: Anchor) -> int:
    kind = type(anchor.trail[-1])
    return sum(type(node) is kind for node in anchor.above)


def of_container(trail: tuple[Any, ...], root: Root) -> Group:
    """Return the group of a container that is known by the way to it."""
    anchor = Anchor("root", trail, (), root, "held")
    place = words.place(anchor)
    key = (_scope(anchor), place.general)
    return Group(key, "held", [anchor], [place], {id(trail[-1])})


def is_running(anchor: Anchor) -> bool:
    """Tell whether a function that has not ended holds it in a variable."""
    root = anchor.root
    return anchor.kind == "generator" or (root is not None and root.kind == "frame")


def is_bounded(anchor: Anchor) -> bool:
    """Tell whether some container on the way to the suspect has a bound.

    Not where other suspects are on the way: a bounded deque of pages bounds
    no row in which each page holds the one before.
    """
    *way, suspect = anchor.trail
    if any(type(node) is type(suspect) for node in way):
        return False
    owned = way[1:] if anchor.kind == "root" and len(way) > 1 else way
    return bounds.is_within(tuple(owned))


def finding(group: Group) -> Finding:
    """Return the plain facts of ``group`` for the advice."""
    anchor, place = group.lead, group.place
    is_request = anchor.kind == "request"
    names = [edge.name.strip("'") for edge in place.names if edge.kind != "inside"]
    callbacks = {words.callback_of(one.trail[0]) for one in group.anchors}
    return Finding(
        kind=anchor.kind,
        holder=group.holder,
        owner=owner(group),
        origin=origin(group),
        held=_held(anchor),
        bag=names[0] if is_request and names else "",
        key=names[1] if is_request and len(names) > 1 else "",
        variable=place.variable,
        function=place.function,
        callback=callbacks.pop() if is_request and len(callbacks) == 1 else "",
        container=_container(anchor),
        through_error=_local_of_traceback(anchor),
        chain=group.chain,
    )


def advise(group: Group) -> str:
    """Return the fix for ``group``."""
    return fix(finding(group))


def owner(group: Group) -> str:
    """Return where the anchor hangs, in words."""
    root = group.lead.root
    if root is not None:
        return root.owner
    return f"a chain of {label(group.lead.trail[-1])}"


def origin(group: Group) -> Origin:
    """Return whose code holds the suspects; what requests carry is the project's."""
    anchor = group.lead
    if anchor.kind == "root" and anchor.root is not None:
        logged = any(_logged_by_project(node) for node in anchor.trail)
        return "project" if logged else anchor.root.origin
    if anchor.kind == "cache":
        code = words.code_of_anchor(anchor)
        return "project" if code is None or places.is_project(code) else "library"
    return "project"


def _logged_by_project(node: Any) -> bool:
    if not anatomy.inherits(node, "logging.LogRecord"):
        return False
    path = anatomy.text_attribute(node, "pathname")
    return places.origin_of_file(path) == "project"


def _held(anchor: Anchor) -> str:
    """Return the class that the fix speaks of: the first that Scrapy tracks.

    An item loader is not tracked, but it is what the person put there.
    """
    for node in anchor.trail[1:]:
        if anatomy.is_a(node, object_ref) or anatomy.inherits(node, _LOADER):
            return anatomy.name(type(node))
    return anatomy.name(type(anchor.trail[-1]))


_LOADER = "itemloaders.ItemLoader"


def _container(anchor: Anchor) -> str:
    for node in anchor.trail[1:-1]:
        if anatomy.inherits(node, "weakref.WeakKeyDictionary"):
            return "WeakKeyDictionary"
    return ""


def _local_of_traceback(anchor: Anchor) -> str:
    """Return the variable and function of the frame that an error keeps."""
    nodes = anchor.trail
    for number, node in enumerate(nodes[1:-1], 1):
        if type(node) is FrameType and id(type(nodes[0])) not in GENERATORS:
            found = edge(node, nodes[number + 1])
            if found.kind == "local":
                function = places.function_name(node.f_code)
                return f"local variable '{found.name}' of {function}"
    return ""
