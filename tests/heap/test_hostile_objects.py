"""Objects that would do anything rather than be looked at."""

from __future__ import annotations

import sys
from collections import OrderedDict
from io import BytesIO

import pytest

from scrapy_leakwatch.heap.opaque import open_up
from scrapy_leakwatch.heap.sizes import EXTENSION, rule
from tests.heap.walkers import FOREVER, WALKERS, WALKERS_OF_ALL, has, walked

RUN: list[str] = []


def acts(name):
    def act(*_args, **_kwargs):
        RUN.append(name)
        raise RuntimeError(name)

    return act


METHODS = (
    *("__eq__", "__ne__", "__lt__", "__hash__", "__bool__", "__len__", "__iter__"),
    *("__getitem__", "__contains__", "__repr__", "__str__", "__sizeof__", "__call__"),
    *("__getattribute__", "__getattr__", "__dir__", "__reduce_ex__", "__format__"),
    *("__instancecheck__", "__subclasscheck__", "__subclasshook__", "__length_hint__"),
)
HOSTILE = {name: acts(name) for name in METHODS}


class Meta(type):
    """Only Python itself may ask it for anything."""


class Plain(metaclass=Meta):
    pass


def hostile(*bases, **more):
    return Meta("Hostile", bases, {**HOSTILE, **more})


KINDS = [
    hostile(dict, __class__=property(acts("__class__"))),
    hostile(list, keys=acts("keys"), append=acts("append")),
    hostile(tuple),
    hostile(set),
    hostile(str),
    hostile(bytes),
    hostile(int),
    hostile(OrderedDict),
    hostile(BytesIO),
    hostile(Exception),
    hostile(__slots__=("a", "b")),
    hostile(__dict__=property(acts("__dict__"))),
    hostile(),
]


@pytest.fixture(autouse=True, scope="module")
def _hostile_metaclass():
    """Have the metaclass be hostile here alone: Guppy asks all classes there are."""
    names = ["__eq__", "__hash__", "__getattribute__", "__instancecheck__", "__repr__"]
    for name in names:
        type.__setattr__(Meta, name, acts(f"Meta.{name}"))
    yield
    for name in names:
        type.__delattr__(Meta, name)


def new(cls):
    for base in type.__dict__["__mro__"].__get__(cls):
        make = type.__dict__["__dict__"].__get__(base).get("__new__")
        if make is not None:
            return make(cls)
    return object.__new__(cls)


OBJECTS = [new(cls) for cls in KINDS]
"""They stay: a BytesIO asks its class when it goes."""


@pytest.fixture(autouse=True)
def nothing_is_run():
    RUN.clear()
    yield
    assert RUN == []


@WALKERS
def test_no_code_of_what_is_walked_is_run(walker) -> None:
    found, (span,) = walked(walker, OBJECTS)
    assert span[1] - span[0] >= len(OBJECTS)
    for index in range(*span):
        assert found.bytes(index) > 0
    found.types(*span)
    found.asides()
    found.spread()
    found.settle()


@WALKERS
def test_no_code_of_a_class_is_run_when_the_class_is_walked(walker) -> None:
    found = walker(rule)
    entered = [found.enter(cls) for cls in KINDS]
    found.run(entered, True, FOREVER)
    for index in entered:
        assert found.bytes(index) > 500
    found.types(0, len(found))


def test_no_code_of_a_class_is_run_by_the_rule_or_in_opening() -> None:
    for cls, obj in zip(KINDS, OBJECTS, strict=True):
        assert rule(cls)[0] == EXTENSION  # which none of these is, as all are Python's
        assert open_up(obj) == (0, [])


@WALKERS_OF_ALL
def test_no_code_is_run_to_find_garbage(walker) -> None:
    found = walker(rule)
    begin, end = found.unreached(OBJECTS, FOREVER)
    assert end >= begin


class Lies:
    def __sizeof__(self):
        return 10**12


@WALKERS
def test_a_size_that_is_a_lie_is_not_believed(walker) -> None:
    found, _spans = walked(walker, Lies())
    assert found.bytes(0) < 1000


@WALKERS
def test_objects_half_made_are_walked(walker) -> None:
    begun = [
        BytesIO.__new__(BytesIO),
        Exception.__new__(Exception),
        type.__new__(type, "Made", (), {}),
        object.__new__(Lies),
        (None,) * 1_000_000,
    ]
    found, (span,) = walked(walker, begun)
    assert all(has(found, span, obj) for obj in begun if type(obj) is not type)
    assert found.bytes(found.find(begun[-1])) >= 8_000_000


@WALKERS
def test_a_function_that_runs_is_walked(walker) -> None:
    page = bytearray(3)

    def runs(held):
        found, (span,) = walked(walker, [held, sys._getframe(), generator])
        yield has(found, span, held)

    generator = runs(page)
    assert next(generator)


@WALKERS
def test_a_type_of_the_interpreter_is_walked(walker) -> None:
    found = walker(rule)
    for cls in (int, type, object, dict):
        begin, _end = found.run([found.enter(cls)], False, FOREVER)
        assert found.bytes(begin - 1) >= sys.getsizeof(cls)
