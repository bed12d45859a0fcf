"""States what is known of one holder: its names, its line, its fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.explain.answers import findings
from scrapy_leakwatch.explain.code.blame import taken_out_there
from scrapy_leakwatch.explain.holders import root
from scrapy_leakwatch.explain.known import known_leak
from scrapy_leakwatch.explain.naming import words
from scrapy_leakwatch.explain.records import Explanation, Share
from scrapy_leakwatch.explain.uses import use_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.explain.answers.findings import Group
    from scrapy_leakwatch.explain.holders import Anchor
    from scrapy_leakwatch.explain.records import Question
    from scrapy_leakwatch.records import Trait


def state(question: Question, group: Group, crawler: Any) -> Explanation:
    """Return the explanation by ``group``, without counts, price and costs."""
    anchor = group.lead
    use = use_of(anchor, crawler)
    line = (use.line if use else None) or anchor.kind.line(group, crawler)
    return Explanation(
        subject=question.subject,
        class_path=question.class_path,
        spider=question.spider,
        holder=group.holder,
        owner=findings.owner(group),
        origin=findings.origin(group),
        path=words.path((*anchor.above, *anchor.trail), anchor.root),
        expression=group.expression,
        location=line.location if line else None,
        code=line.code if line else None,
        fix=use.fix if use else findings.advise(group),
        signature=group.signature(question.spider),
        owner_kind=anchor.root.owner_kind if anchor.root else "unknown",
        likely=line.likely if line else False,
        traits=tuple(_traits(group, crawler)),
        known=known_leak((*anchor.above, *anchor.trail)),
    )


def _traits(group: Group, crawler: Any) -> Iterator[Trait]:
    anchor = group.lead
    if group.chain:
        yield "chain"
    if group.fate == "waiting":
        yield "waiting"
    if findings.is_running(anchor):
        yield "running"
    if is_foreign(group):
        yield "foreign"
    if all(map(findings.is_bounded, group.anchors)):
        yield "bounded"
    if anchor.kind is root.KIND and is_emptied(anchor, crawler):
        yield "emptied"


def is_foreign(group: Group) -> bool:
    """Tell whether another crawl of the process has the suspects."""
    root = group.lead.root
    return root is not None and root.foreign


def is_emptied(anchor: Anchor, crawler: Any) -> bool:
    """Tell whether the source of its owner takes entries out of a container."""
    return taken_out_there(anchor, crawler) is not None


def state_share(question: Question, group: Group, crawler: Any) -> Share:
    """Return ``group`` as one of the other holders."""
    use = use_of(group.lead, crawler)
    line = (use.line if use else None) or group.lead.kind.line(group, crawler)
    return Share(
        holder=group.holder,
        owner=findings.owner(group),
        origin=findings.origin(group),
        held=group.count,
        signature=group.signature(question.spider),
        location=line.location if line else None,
        fix=use.fix if use else findings.advise(group),
    )
