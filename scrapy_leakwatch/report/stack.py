"""Where the memory is, as what adds up to all that is resident."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Bill, BillLayers, BillOwner

CODE = "code and modules"
GARBAGE = "garbage"
FREE = "free in the allocators"
FILES = "mapped files"
NOT_NAMED = "not named"
OTHERS = "others"
GREYS = {FILES: "n0", CODE: "n1", OTHERS: "n2", GARBAGE: "n3", FREE: "n4",
         NOT_NAMED: "n5"}  # fmt: skip
"""The colours are for the owners."""
COLOURS = ("s0", "s1", "s2", "s3", "s4", "s5", "s6", "s8")
"""Of the owners, one each: only so many are told apart."""
SUMMED = {"code": CODE, "garbage": GARBAGE}
"""By kind: owners of whom one wants to know only what they have together."""

Key = tuple[str, str]
"""The kind and the name of an owner: two of one name are two."""


class Level(NamedTuple):
    """One part of the stack: its bytes in each bill."""

    label: str
    values: list[int]
    colour: str


def levels(bills: tuple[Bill, ...]) -> list[Level]:
    """Return the parts from the lowest up; what stays the same lies below.

    The owners are those who have most in any bill, the largest lowest. What is
    nowhere more than nothing is left out.
    """
    each = [sizes(bill) for bill in bills]
    most: dict[Key, int] = {}
    for bill in reversed(each):
        for one, amount in bill.items():
            most[one] = max(most.get(one, 0), amount)
    keys = sorted(most, key=lambda one: -most[one])[: len(COLOURS)]
    names = [name for _, name in keys]
    nobodys = [unowned(bill) for bill in bills]

    def of(label: str) -> Level:
        return Level(label, [bill[label] for bill in nobodys], GREYS[label])

    found = [of(FILES), of(CODE)]
    for one, colour in zip(keys, COLOURS, strict=False):
        kind, name = one
        label = name if names.count(name) == 1 else f"{name} ({kind})"
        found.append(Level(label, [bill.get(one, 0) for bill in each], colour))
    rest = [sum(bill.values()) - sum(bill.get(one, 0) for one in keys) for bill in each]
    found.append(Level(OTHERS, rest, GREYS[OTHERS]))
    found += [of(GARBAGE), of(FREE), of(NOT_NAMED)]
    return [level for level in found if any(level.values)]


def owners(bill: Bill) -> list[BillOwner]:
    """Return those whose memory is told one by one, the largest first."""
    found = [owner for owner in bill.owners if owner.kind not in SUMMED]
    return sorted(found, key=lambda owner: -owner.bytes)


def key(owner: BillOwner) -> Key:
    """Return what tells an owner from another one."""
    return owner.kind, owner.name


def unowned(bill: Bill) -> dict[str, int]:
    """Return what lies beside the owners, by its label.

    What is not named is what the bill says; where it can't say, the rest.
    """
    layers = _layers(bill.layers)
    found = {
        FILES: layers[FILES] or 0,
        CODE: sum(owner.bytes for owner in _of_kind(bill, "code")),
        GARBAGE: sum(owner.bytes for owner in _of_kind(bill, "garbage")),
        FREE: layers[FREE] or 0,
    }
    owned = sum(owner.bytes for owner in owners(bill))
    rest = max(bill.rss - owned - sum(found.values()), 0)
    named = layers[NOT_NAMED]
    return {**found, NOT_NAMED: rest if named is None else named}


def grown(bill: Bill) -> dict[str, int]:
    """Return how much what lies beside the owners has grown, as far as is known."""
    found = {label: bill.grown_by(kind) for kind, label in SUMMED.items()}
    before = {} if bill.since_layers is None else _layers(bill.since_layers)
    for label, now in _layers(bill.layers).items():
        then = before.get(label)
        if now is not None and then is not None:
            found[label] = now - then
    return found


def _layers(layers: BillLayers) -> dict[str, int | None]:
    free = [
        each for each in (layers.python_free, layers.malloc_free) if each is not None
    ]
    return {
        FILES: layers.files,
        FREE: sum(free) if free else None,
        NOT_NAMED: layers.native_unnamed,
    }


def sizes(bill: Bill) -> dict[Key, int]:
    """Return what each owner has."""
    found: dict[Key, int] = {}
    for owner in owners(bill):
        found[key(owner)] = found.get(key(owner), 0) + owner.bytes
    return found


def _of_kind(bill: Bill, kind: str) -> list[BillOwner]:
    return [owner for owner in bill.owners if owner.kind == kind]
