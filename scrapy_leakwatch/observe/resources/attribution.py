"""Says whose a resource is and where it was taken, or that nobody knows.

The surest is a callable bound to a component, then a component's attribute
that its own source fills with the resource. What only the source tells, by a
call in a class that names the function, counts where no other crawl of the
process has that class or a base of it, and where the resource was not there
before. Nothing of that: nobody is accused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, places, redact
from scrapy_leakwatch.foundation.lines import at
from scrapy_leakwatch.observe.resources import visible
from scrapy_leakwatch.observe.resources.kinds import CLOSERS
from scrapy_leakwatch.observe.resources.naming import code_of
from scrapy_leakwatch.records import Resource

if TYPE_CHECKING:
    from collections.abc import Collection

    from scrapy_leakwatch.observe.resources.calls import Call, Sources
    from scrapy_leakwatch.observe.resources.kinds import Live
    from scrapy_leakwatch.observe.resources.owners import Owner
    from scrapy_leakwatch.observe.resources.reach import Link, Reach


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose a resource is: through what, and the call that took it."""

    owner: Owner
    link: Link | None = None
    nested: bool = False
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
        rivals: tuple[type, ...],
    ) -> None:
        self._owners = owners
        self._reach = reach
        self._rivals = rivals
        self._sources = sources

    def claim(self, live: Live, *, before: bool) -> Claim | None:
        """Return whose ``live`` is; ``before``: it was there before the crawl."""
        user = self._reach.user(live.uses)
        link = self._reach.to(live.thing)
        if user is not None and live.attribute:
            return self._by_name(user, live)
        if user is not None and (user.way == "component" or self._is_built(user)):
            own = link is not None and link.way == "attribute"
            return self._placed(user, live, link if own else None)
        if link is not None and link.way == "attribute":
            return self._by_attribute(link, live)
        if before:
            return None
        return self._by_global(link, live) or self._by_source(live)

    def kept(self, live: Live) -> Claim | None:
        """Return which component's attribute leads to ``live``, whoever took that."""
        link = self._reach.to(live.thing)
        if link is None or link.way != "attribute":
            return None
        calls = self._sources.calls(link.owner.cls)
        filling = [call for call in calls if link.names[0] in call.targets]
        call = filling[0] if filling else None
        return Claim(link.owner, link, len(link.names) > 1, call, likely=True)

    def _placed(self, user: Link, live: Live, link: Link | None) -> Claim:
        """Claim what calls or serves a component, or what one has built."""
        behind = user.way == "attribute"
        classes = [type(user.first), user.owner.cls] if behind else [user.owner.cls]
        names = link.names[-1:] if link is not None else ()
        nested = behind or (link is not None and len(link.names) > 1)
        for cls in classes:
            call, likely = self._call(cls, live, names)
            if call is not None:
                return Claim(user.owner, link or user, nested, call, likely)
        return Claim(user.owner, link or user, nested)

    def _by_name(self, user: Link, live: Live) -> Claim | None:
        """Claim what an attribute only names, where the source fills it with that."""
        for call in self._calls(user.owner.cls, live.kind.taken_by):
            if live.attribute in call.targets:
                link = user.to(live.attribute, live.thing)
                return Claim(user.owner, link, call=call)
        return None

    def _by_attribute(self, link: Link, live: Live) -> Claim | None:
        """Claim what an attribute has, where the source fills it with such a thing."""
        cls = link.owner.cls
        makers = live.kind.taken_by | {anatomy.name(type(link.first))}
        calls = self._calls(cls, makers)
        filling = [call for call in calls if link.names[0] in call.targets]
        if filling:
            nested = len(link.names) > 1
            return Claim(link.owner, link, nested, filling[0], _differ(filling))
        return None

    def _by_global(self, link: Link | None, live: Live) -> Claim | None:
        """Claim what a module has, where a method of one component put it there."""
        if link is None or link.way != "global":
            return None
        claims = []
        for owner in self._owners:
            calls = [
                call
                for call in self._calls(owner.cls, live.kind.taken_by)
                if link.names[0] in call.targets
            ]
            if calls and visible.has(owner.cls, link.names[0], link.first):
                claims.append(
                    Claim(owner, call=calls[0], likely=_differ(calls), sure=False)
                )
        return self._only(claims)

    def _by_source(self, live: Live) -> Claim | None:
        """Claim what only one class can have taken, by what its source names."""
        claims = []
        for owner in self._owners:
            if visible.instances(owner.cls, live.uses):
                continue  # it is of another instance: another crawl's
            inside = self._is_written_in(owner.cls, live)
            call, likely = (
                self._call(owner.cls, live, (), named=True)
                if inside
                else self._named(owner.cls, live)
            )
            if call is not None or inside:
                claims.append(Claim(owner, call=call, likely=likely, sure=False))
        return self._only(claims)

    def _named(self, cls: type, live: Live) -> tuple[Call | None, bool]:
        """Return the call in ``cls`` that names what ``live`` runs or is made of."""
        for use in live.uses:
            if visible.function(cls, use):
                return self._call(cls, live, (), named=True)
            maker = visible.maker(cls, use)
            if maker and not self._reach.is_singleton(visible.bound(use)):
                calls = self._calls(cls, {maker})
                if calls:
                    return calls[0], _differ(calls)
        if live.kind.told_by_hints:
            return self._call(cls, live, (), named=True)
        return None, False

    def alike(self, live: Live, claim: Claim) -> Claim | None:
        """Claim what is like the thing that was claimed, and is kept nowhere.

        None where another crawl may have taken it.
        """
        owner = claim.owner
        if self._is_theirs(owner) or visible.instances(owner.cls, live.uses):
            return None
        return Claim(claim.owner, call=claim.call, likely=claim.likely, sure=False)

    def _only(self, claims: list[Claim]) -> Claim | None:
        if len({id(claim.owner.cls) for claim in claims}) != 1:
            return None
        return None if self._is_theirs(claims[0].owner) else claims[0]

    def _is_theirs(self, owner: Owner) -> bool:
        """Tell whether another crawl has the class of an owner, or a base of it."""
        family = visible.family(owner.cls)
        return any(base is rival for base in family for rival in self._rivals)

    def _is_built(self, user: Link) -> bool:
        """Tell whether a component's own source builds the object it leads through."""
        maker = anatomy.name(type(user.first))
        return any(
            user.names[0] in call.targets
            for call in self._calls(user.owner.cls, {maker})
        )

    def _calls(self, cls: type, names: Collection[str]) -> list[Call]:
        return [call for call in self._sources.calls(cls) if call.name in names]

    def _is_written_in(self, cls: type, live: Live) -> bool:
        codes = (code_of(use) for use in live.uses)
        return any(
            self._sources.has(cls, code.co_filename, code.co_firstlineno)
            for code in codes
            if code is not None
        )

    def _call(
        self,
        cls: type,
        live: Live,
        attribute: tuple[str, ...],
        *,
        named: bool = False,
    ) -> tuple[Call | None, bool]:
        """Return the call in ``cls`` that took ``live``, and whether it is likely."""
        for makers in (live.kind.taken_by, {anatomy.name(type(live.thing))}):
            calls = self._calls(cls, makers)
            lines = _lines(live)
            for chosen in (
                [call for call in calls if lines & {*range(call.line, call.end + 1)}],
                [call for call in calls if call.targets.intersection(attribute)],
                [call for call in calls if _names_it(call, live)],
                [call for call in calls if _is_near(call, live)],
            ):
                if chosen:
                    return chosen[0], _differ(chosen)
            if len(calls) == 1 and calls[0].name != _AMBIGUOUS and not named:
                return calls[0], True
        return None, False


_AMBIGUOUS = "connect"
"""A name that calls of several kinds have, and of what is no resource."""


def resource(live: Live, claim: Claim) -> Resource:
    """Return the record of a resource with an owner."""
    link, call = claim.link, claim.call
    has = anatomy.name(type(link.first)) if link and link.names else ""
    place = (call.path, call.line) if call is not None else live.place
    line = at(*place) if place is not None else None
    cls = claim.owner.cls
    return Resource(
        kind=live.kind.record,
        what=live.what,
        owner=claim.owner.name,
        owner_kind=claim.owner.kind,
        class_path=redact.text(anatomy.path(cls)),
        origin=places.origin_of_class(cls),
        method=redact.text(f"{call.class_name}.{call.method}") if call else "",
        attribute=redact.text(link.names[0], 60) if link and link.names else "",
        has=redact.text(has),
        closer=CLOSERS.get(has, ""),
        nested=claim.nested,
        location=line.location if line else None,
        code=line.code if line else None,
        likely=claim.likely,
        sure=claim.sure,
        remaining_s=live.remaining_s,
    )


def _lines(live: Live) -> set[int]:
    """Return where the functions without a name stand."""
    codes = [code_of(use) for use in live.uses]
    nameless = [code for code in codes if code and code.co_name == "<lambda>"]
    return {code.co_firstlineno for code in nameless}


def _is_near(call: Call, live: Live) -> bool:
    return not live.kind.all_hints and bool(live.hints & call.around)


def _names_it(call: Call, live: Live) -> bool:
    if live.kind.all_hints:
        return bool(live.hints) and live.hints <= call.names
    return bool(live.hints & call.names)


def _differ(calls: list[Any]) -> bool:
    return len({(call.path, call.line) for call in calls}) > 1
