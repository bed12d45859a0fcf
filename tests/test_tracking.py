from __future__ import annotations

import gc
from dataclasses import dataclass

import pytest

import scrapy_leakwatch
from scrapy_leakwatch.observe import tracking
from scrapy_leakwatch.observe.tracking import entries, tracked, unwatch, watch


def counts() -> dict[str, int]:
    return {cls.__name__: len(instances) for cls, instances in tracked()}


@pytest.fixture
def watching():
    watched = []

    def start(cls):
        watch(cls)
        watched.append(cls)
        return cls

    yield start
    for cls in watched:
        unwatch(cls)


@dataclass
class Unhashable:
    name: str


class Plain:
    pass


class OwnNew:
    def __new__(cls, number):
        instance = super().__new__(cls)
        instance.number = number
        return instance


class Mapping(dict):
    pass


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [(Unhashable, ("a",)), (Plain, ()), (OwnNew, (1,)), (Mapping, ({"a": 1},))],
)
def test_live_instances_are_counted(watching, cls, arguments) -> None:
    watching(cls)
    kept = [cls(*arguments) for _ in range(3)]
    assert counts()[cls.__name__] == 3
    assert kept[0] == kept[0]
    del kept[0]
    assert counts()[cls.__name__] == 2


def test_an_instance_in_a_dead_cycle_is_forgotten_when_it_is_collected(
    watching,
) -> None:
    watching(Plain)
    one = Plain()
    one.me = one
    del one
    gc.collect()
    assert counts()["Plain"] == 0


class Restless(dict):
    """Gets a new entry at each of its first reads, as from another thread."""

    reads = 0

    def items(self):
        for entry in super().items():
            self.reads += 1
            if self.reads < 3:
                self[self.reads] = "new"
            yield entry


def test_a_table_that_changes_as_it_is_read_is_read_again() -> None:
    assert entries(Restless(first="old")) == [("first", "old"), (1, "new"), (2, "new")]


def test_a_table_that_never_rests_is_left_out(monkeypatch) -> None:
    monkeypatch.setattr(tracking, "ATTEMPTS", 2)
    assert entries(Restless(first="old")) == []


class Base:
    def __init__(self):
        self.ready = True


class Derived(Base):
    def __init__(self):
        super().__init__()
        self.late = True


def test_a_subclass_is_counted_once_and_under_its_own_name(watching) -> None:
    watching(Base)
    watching(Derived)
    one = Derived()
    assert one.ready
    assert one.late
    assert counts()["Derived"] == 1
    assert "Base" not in counts()


class Sized:
    def __init__(self, size):
        self.size = size


class ByNew(Plain):
    def __new__(cls, number):
        instance = super().__new__(cls)
        instance.number = number
        return instance


class PlainMapping(Plain, dict):
    pass


class PlainSized(Plain, Sized):
    pass


@pytest.mark.parametrize(
    ("cls", "argument", "attributes"),
    [(PlainSized, 3, {"size": 3}), (ByNew, 3, {"number": 3})],
)
def test_what_comes_after_a_class_without_an_init_is_still_run(
    watching, cls, argument, attributes
) -> None:
    watching(Plain)
    one = cls(argument)
    assert vars(one) == attributes
    assert counts()[cls.__name__] == 1


def test_a_builtin_class_after_one_without_an_init_is_still_filled(watching) -> None:
    watching(Plain)
    one = PlainMapping({"a": 1})
    assert one == {"a": 1}
    assert counts()["PlainMapping"] == 1


class Left(Base):
    pass


class Right(Base):
    def __init__(self):
        super().__init__()
        self.right = True


class Diamond(Left, Right):
    pass


def test_the_other_side_of_a_diamond_is_still_run(watching) -> None:
    watching(Left)
    watching(Base)
    one = Diamond()
    assert vars(one) == {"ready": True, "right": True}
    assert counts()["Diamond"] == 1


def test_wrong_arguments_are_refused_as_before(watching) -> None:
    with pytest.raises(TypeError):
        Plain(1)
    watching(Plain)
    with pytest.raises(TypeError):
        Plain(1)


def test_a_class_is_left_as_it_was() -> None:
    for cls in (Plain, Derived, Unhashable):
        before = dict(cls.__dict__)
        watch(cls)
        watch(cls)
        unwatch(cls)
        kept = cls("a") if cls is Unhashable else cls()
        assert counts()[cls.__name__] == 1
        unwatch(cls)
        assert dict(cls.__dict__) == before
        assert cls.__name__ not in counts()
        assert kept is not None


def test_the_decorator_counts_and_returns_the_class() -> None:
    @scrapy_leakwatch.track
    class Decorated:
        pass

    kept = Decorated()
    assert counts()["Decorated"] == 1
    assert kept


def test_the_decorator_refuses_a_class_without_weak_references() -> None:
    class Slotted:
        __slots__ = ()

    with pytest.raises(TypeError, match="add '__weakref__' to its __slots__"):
        scrapy_leakwatch.track(Slotted)
