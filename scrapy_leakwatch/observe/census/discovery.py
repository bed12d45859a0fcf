"""Walks on from look to look, a few steps each, and finds containers.

What is kept between two looks are routes and positions, no object.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy, redact
from scrapy_leakwatch.observe.census.routes import (
    SMALL,
    Route,
    children,
    is_empty,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.observe.census.measuring import Measuring
    from scrapy_leakwatch.observe.census.routes import Child, View
    from scrapy_leakwatch.observe.census.shapes import Shape

DEEPEST = 4
TURN = 500
"""Steps of one owner before it is the next one's turn; to learn shapes is free."""

VISIT = 50
MEET = 20
LEARN = 200
"""Steps that it costs to look into an object, to meet something in it, and to
learn the shape of a class."""

MOST_SEEN = 10_000


class Budget:
    """How many steps are left: one for each reference read, some 0.1 µs."""

    def __init__(self) -> None:
        self.left = 0

    def grant(self, steps: int) -> None:
        """Allow so many steps more; what was spent too much is missing of them."""
        self.left = min(self.left, 0) + steps

    def spend(self, steps: int) -> None:
        """Take steps; the last ones may be more than there were."""
        self.left -= steps


@dataclass(slots=True)
class Cursor:
    """Where the walk from one owner stopped.

    ``seen`` are identities, so that no object is entered twice in a round;
    ``left`` are the steps of its turn.
    """

    stack: list[tuple[Route, int]]
    seen: set[int] = field(default_factory=set)
    left: int = TURN


class Round:
    """The owners whose turn it is, before all begin anew.

    ``done`` counts the rounds that have ended.
    """

    def __init__(self) -> None:
        self.budget = Budget()
        self.done = 0
        self._pending: deque[Cursor] = deque()

    def walk(self, walk: Discovery, owners: Callable[[], list[Route]]) -> None:
        """Go on until the round or the budget is at its end."""
        walk.budget = self.budget
        if not self._pending and self.budget.left > 0:
            self._pending.extend(Cursor([(route, 0)]) for route in owners())
            walk.charge()
        while self._pending and self.budget.left > 0:
            cursor = self._pending.popleft()
            walk.turn(cursor)
            if cursor.stack and cursor.left > 0:
                self._pending.appendleft(cursor)
            elif cursor.stack:
                cursor.left = TURN
                self._pending.append(cursor)
        self.done += not self._pending


class Discovery:
    """The walk during one look.

    ``found`` gets each container with ``least`` entries, and the route to it.
    ``near`` returns the routes to the owners, which are not entered from elsewhere.
    """

    def __init__(
        self,
        look: Measuring,
        least: int,
        near: Callable[[], list[Route]],
        found: Callable[[Route, Child], None],
    ) -> None:
        self.budget = Budget()
        self._look = look
        self._least = least
        self._near = near
        self._found = found
        self._owners: set[int] = set()
        self._learned = look.shapes.learned

    def charge(self) -> None:
        """Spend what the classes cost that were met for the first time."""
        learned = self._look.shapes.learned
        self.budget.spend(LEARN * (learned - self._learned))
        self._learned = learned

    def turn(self, cursor: Cursor) -> None:
        """Walk on from a cursor, as far as its turn and the budget go."""
        while cursor.stack and cursor.left > 0 and self.budget.left > 0:
            budget, learned = self.budget.left, self._learned
            route, start = cursor.stack.pop()
            obj = self._look.at(route)
            if obj is not None:
                self._visit(cursor, route, obj, start)
            to_learn = LEARN * (self._learned - learned)
            cursor.left -= budget - self.budget.left - to_learn

    def _visit(self, cursor: Cursor, route: Route, obj: Any, start: int) -> None:
        met, following = children(self._look.shapes, obj, route.view, start)
        self.budget.spend(VISIT + start // 10 + MEET * len(met))
        self.charge()
        if following is not None:
            self.budget.spend(following - start)
            cursor.stack.append((route, following))
        holder = self._look.shapes.of(obj)
        for child in met:
            self._measure(route, holder, child)
            view = self._view(cursor, route, holder, child)
            if view is not None:
                step = step_to(route, holder, child, view)
                self._look.note(step, child.value)
                cursor.stack.append((step, 0))

    def _measure(self, route: Route, holder: Shape, child: Child) -> None:
        length, met = child.shape.length, self._look.met
        if length is None or length(child.value) < self._least:
            return
        if id(child.value) not in met and _is_of(route, child):
            met.add(id(child.value))
            self.budget.spend(2 * MEET)
            self._found(step_to(route, holder, child, "items"), child)

    def _view(
        self, cursor: Cursor, route: Route, holder: Shape, child: Child
    ) -> View | None:
        """Return as what to look into ``child``, None for not at all."""
        shape = child.shape
        if route.depth + 1 >= DEEPEST:
            return None
        if shape.base is not None:
            return "items" if self._has_parts(child) else None
        if shape.sort == "class":
            enter = route.view == "module" and self._is_defined_in(route, child)
        else:
            enter = holder.may_enter(shape)
        if not enter or self._is_seen(cursor, id(child.value)):
            return None
        return "class" if shape.sort == "class" else "instance"

    def _has_parts(self, child: Child) -> bool:
        base: Any = child.shape.base
        if base is set or not 0 < base.__len__(child.value) <= SMALL:
            return False
        return not is_empty(self._look.shapes, child.value)

    def _is_seen(self, cursor: Cursor, key: int) -> bool:
        if not self._owners:
            self._owners = {id(self._look.at(route)) for route in self._near()}
        if key in self._owners or key in cursor.seen:
            return True
        if len(cursor.seen) < MOST_SEEN:
            cursor.seen.add(key)
        return False

    def _is_defined_in(self, route: Route, child: Child) -> bool:
        cls = child.value
        module = anatomy.module(cls)
        return route.key == ("module", module) and self._look.shapes.is_ours(cls)


def _is_of(route: Route, child: Child) -> bool:
    """Tell whether a function that a module names was defined there."""
    if child.shape.sort != "cache" or route.view != "module":
        return True
    module = anatomy.text_attribute(child.value, "__module__")
    return bool(route.key == ("module", module))


def step_to(route: Route, holder: Shape, child: Child, view: View) -> Route:
    """Return the route to what is at the end of ``route``."""
    text, owner, origin = route.text + written(holder, child), route.owner, route.origin
    if view == "class":
        text = redact.text(anatomy.qualname(child.value))
        owner = f"class {text}"
    elif child.kind == "attribute" and child.key in holder.framework:
        origin = "library"
    elif view == "instance" and not child.shape.wrapper:
        origin = "project" if child.shape.ours else "library"
    return Route(
        child.kind, child.key, text, owner, origin, view, route, route.depth + 1
    )
