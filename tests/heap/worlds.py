"""Random object graphs whose owners, garbage and held parts are known beforehand."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from hypothesis import strategies as st

MOST = 12
SLOTS = 8


class Plain:
    pass


class Slotted:
    __slots__ = tuple(f"s{n}" for n in range(SLOTS))


class Table(dict):
    pass


KINDS = {
    "list": list,
    "tuple": tuple,
    "texts": dict,
    "numbers": dict,
    "ordered": OrderedDict,
    "table": Table,
    "set": set,
    "deque": deque,
    "plain": Plain,
    "slotted": Slotted,
}


@dataclass(frozen=True)
class Plan:
    """Node ``n`` is of ``kinds[n]`` and refers to ``edges[n]``.

    ``roots`` are walked from in that order, ``held`` have a reference from outside.
    """

    kinds: tuple[str, ...]
    edges: tuple[tuple[int, ...], ...]
    roots: tuple[int, ...]
    held: tuple[int, ...]

    def reach(self, starts, stops=()):
        found, queue = set(starts), list(starts)
        while queue:
            for target in self.edges[queue.pop()]:
                if target not in found and target not in stops:
                    found.add(target)
                    queue.append(target)
        return found

    def owners(self):
        """Return the root that each node belongs to, of those that one reaches."""
        owners = {root: root for root in self.roots}
        for root in self.roots:
            for node in self.reach([root], self.roots):
                owners.setdefault(node, root)
        return owners

    def shared(self):
        """Return what a walk that comes later refers to as well."""
        owners, order = self.owners(), self.roots.index
        return {
            target
            for node in owners
            for target in self.edges[node]
            if target not in self.roots and order(owners[node]) > order(owners[target])
        }

    def garbage(self):
        """Return the dead cycles and what hangs on them; the rest is freed at once."""
        cyclic = {
            node
            for node in range(len(self.kinds))
            if node in self.reach(self.edges[node])
        }
        return self.reach(cyclic) - self.reach(self.roots) - self.reach(self.held)

    def unknown(self):
        """Return what is held from outside alone."""
        return self.reach(self.held) - self.reach(self.roots)


@st.composite
def plans(draw):
    count = draw(st.integers(2, MOST))
    nodes = st.integers(0, count - 1)
    kinds = draw(st.tuples(*[st.sampled_from(sorted(KINDS))] * count))
    wanted = draw(st.tuples(*[st.lists(nodes, max_size=5)] * count))
    edges = tuple(
        tuple(target for target in targets if _may_hold(kinds, node, target))
        for node, targets in enumerate(wanted)
    )
    roots = draw(st.lists(nodes, min_size=1, max_size=3, unique=True))
    held = draw(st.lists(nodes, max_size=2, unique=True))
    return Plan(kinds, edges, tuple(roots), tuple(held))


def _may_hold(kinds, node, target):
    """A tuple has what was there before it; a set what can be hashed."""
    if kinds[node] == "tuple":
        return kinds[target] != "tuple" or target < node
    return kinds[node] != "set" or kinds[target] in {"plain", "slotted"}


def build(plan):
    """Return the roots, the held, and the ids of all objects, in order."""
    built = {
        node: KINDS[kind]() for node, kind in enumerate(plan.kinds) if kind != "tuple"
    }
    for node, kind in enumerate(plan.kinds):
        if kind == "tuple":
            # A tuple of nothing is one and the same for all.
            built[node] = (*(built[target] for target in plan.edges[node]), float(node))
    for node, kind in enumerate(plan.kinds):
        _fill(built[node], kind, [built[target] for target in plan.edges[node]])
    ids = {node: id(obj) for node, obj in built.items()}
    return [built[n] for n in plan.roots], [built[n] for n in plan.held], ids


def _fill(obj, kind, targets):
    if kind in {"list", "deque"}:
        obj.extend(targets)
    elif kind == "set":
        obj.update(targets)
    elif kind == "numbers":
        obj.update({number + 1000: target for number, target in enumerate(targets)})
    elif kind in {"texts", "ordered", "table"}:
        obj.update({f"{kind} {n}": target for n, target in enumerate(targets)})
    elif kind in {"plain", "slotted"}:
        for number, target in enumerate(targets):
            setattr(obj, f"s{number}", target)
