"""Modules and classes of packages, which a walk enters without a look from Python."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from scrapy_leakwatch.heap import graph, twin
from scrapy_leakwatch.heap.sizes import rule
from tests.heap.walkers import FOREVER, NEEDS_C, WALKERS, objects_in

PACKAGES = pytest.mark.parametrize(
    "packages",
    [
        pytest.param(getattr(graph._graph, "packages", None), id="c", marks=NEEDS_C),
        pytest.param(twin.packages, id="twin"),
    ],
)


def module(name: str, **attributes) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(attributes)
    return made


def table(*names: str) -> dict[str, ModuleType]:
    return {name: module(name) for name in names}


@PACKAGES
def test_names_are_told_by_package_each_with_its_file(packages) -> None:
    modules = table("shop", "shop.spiders", "shopping", "über.x", "sys")
    modules["shop"].__file__ = "/shop/__init__.py"
    modules["sys"].__file__ = 3
    modules |= {"reactor": object(), 5: module("five")}
    assert packages(modules) == {
        "shop": {"shop": "/shop/__init__.py", "shop.spiders": None},
        "shopping": {"shopping": None},
        "über": {"über.x": None},
        "sys": {"sys": None},
    }


@PACKAGES
def test_the_modules_of_this_process_are_all_in_a_package(packages) -> None:
    found = packages(sys.modules)
    assert "scrapy.http.request" in found["scrapy"]
    assert found["scrapy"]["scrapy"] == sys.modules["scrapy"].__file__


@PACKAGES
def test_what_is_no_table_is_refused(packages) -> None:
    with pytest.raises((TypeError, AttributeError)):
        packages([])


@WALKERS
def test_the_modules_of_a_package_are_entered_with_their_dicts(walker) -> None:
    modules = table("shop", "shop.spiders", "shopping")
    known = modules["shop.spiders"]
    found = walker(rule)
    found.enter(known)
    span = found.enter_package(modules, "shop")
    assert objects_in(found, span) == [
        modules["shop"],
        vars(modules["shop"]),
        vars(known),
    ]
    assert found.find(modules["shopping"]) == -1


@WALKERS
def test_a_class_goes_home_to_its_module_or_else_to_the_package(walker) -> None:
    spiders, lost = (
        type(name, (), {"__module__": f"shop.{name.lower()}"})
        for name in ("Spiders", "Lost")
    )
    other = type("Other", (), {"__module__": "elsewhere"})
    found = walker(rule, {"shop": 0, "shop.spiders": 1})
    held = [spiders, lost, other]
    found.run([found.enter(held)], False, FOREVER)
    assert objects_in(found, found.classes(1)) == [spiders]
    assert objects_in(found, found.classes(0)) == [lost]
    assert [each for each, _ in found.asides() if each is other]


@WALKERS
def test_a_table_that_grows_knows_each_object_by_its_number(walker) -> None:
    many = [[number] for number in range(60_000)]
    found = walker(rule)
    begin, _ = found.run([found.enter(many)], False, FOREVER)
    numbers = [found.find(each) for each in many]
    assert sorted(numbers) == list(range(begin, begin + len(many)))
    assert all(found.object(found.find(each)) is each for each in many[::97])
