"""The census of containers asks no object of the crawl for anything."""

from __future__ import annotations

from collections import deque

import pytest

from tests.test_containers import MANY, crawler_of, many, shop, told

pytestmark = pytest.mark.usefixtures("walk_on_each_look")


ASKED: list[str] = []
HOSTILE = (
    *("__eq__", "__ne__", "__lt__", "__len__", "__bool__", "__repr__", "__str__"),
    *("__iter__", "__contains__", "__getitem__", "__call__", "__get__", "__sizeof__"),
    *("__getattr__", "__getattribute__", "__dir__", "__index__", "__reduce__"),
    *("keys", "items", "values", "__missing__", "__instancecheck__", "__set_name__"),
)


def asking(name):
    def method(*_):
        ASKED.append(name)
        raise AssertionError(name)

    return method


def hostile_class(*bases, metaclass=type, **extra):
    """Return a class that notes, in `ASKED`, whoever asks it anything."""
    names = {name: asking(name) for name in HOSTILE}
    names["__class__"] = property(asking("__class__"))
    return metaclass("Hostile", bases or (object,), {**names, **extra})


class HostileMeta(type):
    __hash__ = asking("metaclass __hash__")
    __eq__ = asking("metaclass __eq__")
    __getattribute__ = asking("metaclass __getattribute__")
    __instancecheck__ = asking("metaclass __instancecheck__")
    __mro__ = __dict__ = __name__ = property(asking("metaclass property"))


def build_neighbours():
    plain, meta = hostile_class(), hostile_class(metaclass=HostileMeta)
    return {"plain": plain(), "meta": meta(), "classes": [plain, meta]}, set()


def build_holder():
    holder = hostile_class()()
    object.__setattr__(holder, "seen", many())
    return {"holder": holder}, {"spider.holder.seen"}


def build_slots():
    cls = hostile_class(__slots__=("seen",))
    holder = cls()
    cls.__dict__["seen"].__set__(holder, many())
    return {"holder": holder}, {"spider.holder.seen"}


def build_dict_property():
    base = type("Base", (), {})
    return {
        "holder": hostile_class(base, __dict__=property(asking("__dict__")))()
    }, set()


def build_subclasses():
    kinds = (dict, list, set, deque)
    own_length = {kind.__name__: filled(hostile_class(kind), kind) for kind in kinds}
    inherited = {
        f"own_{kind.__name__}": filled(hostile_class(kind, __len__=kind.__len__), kind)
        for kind in kinds
    }
    return own_length | inherited, {f"spider.{name}" for name in inherited}


def filled(cls, kind):
    filled = cls()
    if kind is dict:
        dict.update(filled, dict.fromkeys(range(MANY)))
    else:
        (kind.update if kind is set else kind.extend)(filled, range(MANY))
    return filled


def build_keys():
    hashed = {"__hash__": object.__hash__, "__eq__": object.__eq__}
    keys = [hostile_class(**hashed)(), hostile_class(str, **hashed)("key")]
    return {"by": {key: many() for key in keys}}, {
        "spider.by[Hostile #0]",
        "spider.by[Hostile #1]",
    }


@pytest.mark.parametrize(
    "build",
    [
        build_neighbours,
        build_holder,
        build_slots,
        build_dict_property,
        build_subclasses,
        build_keys,
    ],
)
def test_hostile_objects_are_never_asked(build):
    attributes, names = build()
    ASKED.clear()
    assert told(crawler_of(shop(**attributes))).keys() == names
    assert ASKED == []
