"""Says whose a resource is and where it was taken, or that nobody knows.

The surest is a callable bound to a component, then a component's attribute
that its own source fills with the resource. What only the source tells, by a
call in a class that names the function, counts where no other crawl of the
process has that class, and where the resource was not there before. Nothing
of that: nobody is accused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch import anatomy, places, redact
from scrapy_leakwatch.lines import at
from scrapy_leakwatch.observe.resources.naming import code_of
from scrapy_leakwatch.observe.resources.taking import OPENERS
from scrapy_leakwatch.records import Resource

if TYPE_CHECKING:
    from scrapy_leakwatch.observe.resources.found import Found
    from scrapy_leakwatch.observe.resources.owners import Owner
    from scrapy_leakwatch.observe.resources.reach import Link, Reach
    from scrapy_leakwatch.observe.resources.taking import Call, Sources


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose a resource is: through what, and the call that took it."""

    owner: Owner
    link: Link | None = None
    call: Call | None = None
    likely: bool = False
    sure: bool = True


class Attribution:
    """Finds the owners of what one crawl left. ``rivals`` are of other crawls."""

    def __init__(
        self,
        owners: tuple[Owner, ...],
        reach: Reach,
        sources: Sources,
        rivals: frozenset[type],
    ) -> None:
        self._owners = owners
        self._reach = reach
        self._rivals = rivals
        self._sources = sources

    def claim(self, found: Found, *, before: bool) -> Claim | None:
        """Return whose ``found`` is; ``before``: it was there before the crawl."""
        user = self._reach.user(found.uses)
        link = self._reach.to(found.thing)
        if user is not None and (user.way == "component" or self._is_built(user)):
            names = link.names if link is not None and link.way != "global" else ()
            return self._placed(user, found, names)
        if link is not None and link.way == "attribute":
            return self._by_attribute(link, found, before=before)
        if before:
            return None
        return self._by_global(link, found) or self._by_source(found)

    def _placed(self, user: Link, found: Found, names: tuple[str, ...]) -> Claim:
        classes = [user.owner.cls]
        if user.way == "attribute":
            classes.insert(0, type(user.first))
        for cls in classes:
            call, likely = self._call(cls, found, names[-1:])
            if call is not None:
                return Claim(user.owner, _named(user, names), call, likely)
        return Claim(user.owner, _named(user, names))

    def _by_attribute(self, link: Link, found: Found, *, before: bool) -> Claim | None:
        """Claim what an attribute has, where the source fills it with such a thing."""
        cls = link.owner.cls
        makers = OPENERS[found.kind] | {anatomy.name(type(link.first))}
        calls = [call for call in self._sources.calls(cls) if call.name in makers]
        filling = [call for call in calls if link.names[0] in call.targets]
        if filling:
            return Claim(link.owner, link, filling[0], likely=_differ(filling))
        if not before and len(calls) == 1 and calls[0].name in OPENERS[found.kind]:
            return Claim(link.owner, link, calls[0], likely=True, sure=False)
        return None

    def _by_global(self, link: Link | None, found: Found) -> Claim | None:
        """Claim what a module has, where a method of the component put it there."""
        if link is None or link.way != "global" or link.owner.cls in self._rivals:
            return None
        calls = [
            call
            for call in self._sources.calls(link.owner.cls)
            if call.name in OPENERS[found.kind]
            and (link.names[0] in call.targets or link.names[0] in call.around)
        ]
        if not calls:
            return None
        return Claim(link.owner, None, calls[0], likely=_differ(calls), sure=False)

    def _by_source(self, found: Found) -> Claim | None:
        """Claim what only one class can have taken, by what its source names."""
        claims = []
        for owner in self._owners:
            if owner.cls in self._rivals:
                continue
            call, likely = self._call(owner.cls, found, (), named=True)
            if call is not None or self._is_written_in(owner.cls, found):
                claims.append(Claim(owner, None, call, likely, sure=False))
        return claims[0] if len({claim.owner.cls for claim in claims}) == 1 else None

    def _is_built(self, user: Link) -> bool:
        """Tell whether a component's own source builds the object it leads through."""
        maker = anatomy.name(type(user.first))
        return any(
            call.name == maker and user.names[0] in call.targets
            for call in self._sources.calls(user.owner.cls)
        )

    def _is_written_in(self, cls: type, found: Found) -> bool:
        codes = (code_of(use) for use in found.uses)
        return any(
            self._sources.has(cls, code.co_filename, code.co_firstlineno)
            for code in codes
            if code is not None
        )

    def _call(
        self,
        cls: type,
        found: Found,
        attribute: tuple[str, ...],
        *,
        named: bool = False,
    ) -> tuple[Call | None, bool]:
        """Return the call in ``cls`` that took ``found``, and whether it is likely."""
        own = {anatomy.name(type(found.thing))}
        makers = OPENERS[found.kind] | own
        calls = [call for call in self._sources.calls(cls) if call.name in makers]
        for chosen in (
            [call for call in calls if call.targets.intersection(attribute)],
            [call for call in calls if call.names & found.hints],
            [call for call in calls if call.around & found.hints],
        ):
            if chosen:
                return chosen[0], _differ(chosen)
        return (calls[0], True) if len(calls) == 1 and not named else (None, False)


def resource(found: Found, claim: Claim) -> Resource:
    """Return the record of a resource with an owner."""
    link, call = claim.link, claim.call
    line = at(call.path, call.line) if call is not None else None
    cls = claim.owner.cls
    through = link is not None and len(link.names) > 1
    return Resource(
        kind=found.kind,
        what=found.what,
        owner=claim.owner.name,
        class_path=redact.text(f"{anatomy.module(cls)}.{anatomy.qualname(cls)}"),
        origin=places.origin_of_class(cls),
        method=redact.text(f"{call.class_name}.{call.method}") if call else "",
        attribute=redact.text(link.names[0], 60) if link and link.names else "",
        through=redact.text(anatomy.name(type(link.first))) if link and through else "",
        location=line.location if line else None,
        code=line.code if line else None,
        likely=claim.likely,
        sure=claim.sure,
        remaining_s=found.remaining_s,
    )


def _named(user: Link, names: tuple[str, ...]) -> Link:
    """Return the way to the resource itself where it is known, else to its user."""
    if user.way == "component" and names:
        return user.to(names[0], None) if len(names) == 1 else user
    return user


def _differ(calls: list[Any]) -> bool:
    return len({(call.path, call.line) for call in calls}) > 1
