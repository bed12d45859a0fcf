"""Groups suspects that hang on the same edge into holders with true counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

from scrapy.utils.trackref import object_ref

from scrapy_leakwatch.explain.containers import bounds
from scrapy_leakwatch.explain.holders import Anchor, anchor_of, cache, of_code, root
from scrapy_leakwatch.explain.holders.finding import Finding, bare, thing_and_part
from scrapy_leakwatch.explain.naming import words
from scrapy_leakwatch.explain.naming.edges import GENERATORS, edge
from scrapy_leakwatch.explain.naming.labels import label
from scrapy_leakwatch.explain.naming.reference_path import path_to
from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.foundation.signatures import signature

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.holders import Fate
    from scrapy_leakwatch.explain.naming.reference_path import PathStart
    from scrapy_leakwatch.explain.records import Origin
    from scrapy_leakwatch.heap.clusters import Row
    from scrapy_leakwatch.heap.walk import Heap

ROW = 5 / 6
"""Of the suspects, those that are parts of others, from which on they are a row."""
MOST_EXAMPLES = 24
"""Of suspects that are held alike, and of all that are looked at one by one."""
MOST_CLUSTERS = 300
"""Of them; the smallest others are counted with those that nobody is known to hold."""


@dataclass(slots=True)
class Group:
    """The suspects on one holder, with the anchors and words of some of them.

    ``nested`` of the ``count`` suspects are parts of others, ``bytes`` is what all
    of them keep alive. ``examples`` are the numbers of some.
    """

    key: tuple[str, str]
    fate: Fate
    anchors: list[Anchor] = field(default_factory=list)
    wordings: list[words.Wording] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    count: int = 0
    nested: int = 0
    bytes: int = 0

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
    def wording(self) -> words.Wording:
        """The words for `lead`."""
        return self.wordings[self.anchors.index(self.lead)]

    @property
    def holder(self) -> str:
        """The holder's name, without the keys in which the suspects differ."""
        names = {wording.holder for wording in self.wordings}
        return names.pop() if len(names) == 1 else self.key[1]

    @property
    def expression(self) -> str:
        """The way from the anchor to the suspect, where it is always the same."""
        names = {wording.expression for wording in self.wordings}
        return names.pop() if len(names) == 1 else self.wording.general_expression

    @property
    def chain(self) -> bool:
        """Tell whether the suspects hold one another in a row."""
        in_row = any(anchor.row for anchor in self.anchors)
        return in_row or self.nested >= ROW * max(self.count, 1)

    def signature(self, spider: str) -> str:
        """Return eight hex digits that the same cause has in every run."""
        return signature(spider, *self.key)


@dataclass(slots=True)
class Tally:
    """The holders, largest first, and the suspects that nobody is blamed for.

    ``unseen`` have references that no object shows, ``unknown`` are all others whose
    holder was not found.
    """

    held: list[Group] = field(default_factory=list)
    waiting: list[Group] = field(default_factory=list)
    waiting_count: int = 0
    in_flight: int = 0
    garbage: int = 0
    unknown: int = 0
    unseen: int = 0
    examined: int = 0


def take(heap: Heap, clusters: list[Row], soon_s: float = 0.0) -> Tally:
    """Return who holds the suspects of ``clusters``, as `Graph.clusters` gives them.

    A few of each are looked at. Where those hang on several holders, so do all.
    """
    tally = Tally()
    groups: dict[tuple[str, str, Fate], Group] = {}
    clusters = sorted(clusters, key=lambda row: (-row[0], row[3]))
    for count, nested, size, examples in clusters[:MOST_CLUSTERS]:
        for number, index in enumerate(examples):
            anchor = anchor_of(path_to(heap, index))
            fate = anchor.kind.fate(anchor, soon_s) if anchor else "in flight"
            part = _part(count, number, len(examples))
            if anchor is None or fate == "in flight":
                tally.in_flight += part
            elif fate == "unknown":
                tally.unknown += part
            else:
                group = _group(groups, anchor, fate)
                group.examples.append(index)
                group.count += part
                group.nested += _part(nested, number, len(examples))
                group.bytes += _part(size, number, len(examples))
    tally.unknown += sum(row[0] for row in clusters[MOST_CLUSTERS:])
    tally.examined = sum(row[0] for row in clusters)
    ordered = sorted(groups.values(), key=lambda group: (-group.count, group.key))
    tally.held = [group for group in ordered if group.fate == "held"]
    tally.waiting = [group for group in ordered if group.fate == "waiting"]
    tally.waiting_count = sum(group.count for group in tally.waiting)
    return tally


def _part(whole: int, number: int, parts: int) -> int:
    """Return one of so many nearly equal parts of a number."""
    return whole // parts + (number < whole % parts)


def _group(
    groups: dict[tuple[str, str, Fate], Group], anchor: Anchor, fate: Fate
) -> Group:
    wording = wording_of(anchor)
    key = (_scope(anchor), wording.general)
    group = groups.setdefault((*key, fate), Group(key, fate))
    group.anchors.append(anchor)
    group.wordings.append(wording)
    return group


def wording_of(anchor: Anchor) -> words.Wording:
    """Return an anchor in words."""
    edges = words.edges_of(anchor)
    return anchor.kind.wording(anchor, edges, words.reach(anchor.trail, edges))


def _scope(anchor: Anchor) -> str:
    """Return what tells equal names of different causes apart."""
    if anchor.kind is root.KIND and anchor.root is not None:
        return anchor.root.scope or anchor.root.owner
    return anchor.kind.name


def of_container(trail: tuple[Any, ...], start: PathStart) -> Group:
    """Return the group of a container that is known by the way to it."""
    anchor = Anchor(root.KIND, trail, (), start)
    wording = wording_of(anchor)
    key = (_scope(anchor), wording.general)
    return Group(key, "held", [anchor], [wording], count=1)


def is_running(anchor: Anchor) -> bool:
    """Tell whether a function that has not ended holds it in a variable."""
    in_frame = anchor.root is not None and anchor.root.kind == "frame"
    return anchor.kind.runs or in_frame


def is_bounded(anchor: Anchor) -> bool:
    """Tell whether some container on the way to the suspect has a bound.

    Not where other suspects are on the way: a bounded deque of pages bounds
    no row in which each page holds the one before.
    """
    *way, suspect = anchor.trail
    if any(type(node) is type(suspect) for node in way):
        return False
    owned = way[1:] if anchor.kind is root.KIND and len(way) > 1 else way
    return bounds.is_within(tuple(owned))


def finding(group: Group) -> Finding:
    """Return the plain facts of ``group`` for the advice."""
    anchor, wording = group.lead, group.wording
    names = [edge.name.strip("'") for edge in wording.names if edge.kind != "inside"]
    callbacks = {words.callback_of(one.trail[0]) for one in group.anchors}
    return Finding(
        kind=anchor.kind,
        holder=group.holder,
        owner=owner(group),
        origin=origin(group),
        held=_held(anchor),
        start=anchor.root.kind if anchor.root else "component",
        names=tuple(names),
        variable=wording.variable,
        function=wording.function,
        callback=callbacks.pop() if len(callbacks) == 1 else "",
        container=_container(anchor),
        through_error=_local_of_traceback(anchor),
        chain=group.chain,
    )


def advise(group: Group) -> str:
    """Return the fix for ``group``, one sentence a person can act on."""
    found = finding(group)
    if found.through_error and found.start != "logging":
        return _without_error(found)
    return found.kind.fix(found)


def _without_error(found: Finding) -> str:
    thing, _ = thing_and_part(found.held)
    if found.origin == "library":
        return (
            f"{found.owner} is not your code and keeps exceptions: set __traceback__ of"
            f" each in {bare(found.holder)} to None, for it keeps {found.through_error}"
            f" and so the {thing}"
        )
    return (
        f"keep str(error) in {bare(found.holder)}, not the exception: its "
        f"traceback keeps {found.through_error} and so the {thing}"
    )


def owner(group: Group) -> str:
    """Return where the anchor hangs, in words."""
    start = group.lead.root
    if start is not None:
        return start.owner
    return f"a chain of {label(group.lead.trail[-1])}"


def origin(group: Group) -> Origin:
    """Return whose code holds the suspects; what requests carry is the project's."""
    anchor = group.lead
    if anchor.kind is root.KIND and anchor.root is not None:
        logged = any(_logged_by_project(node) for node in anchor.trail)
        return "project" if logged else anchor.root.origin
    if anchor.kind is cache.KIND:
        code = of_code.code_of(anchor.trail[0])
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
