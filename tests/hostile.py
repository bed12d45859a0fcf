"""Objects that note who of LeakWatch asks them anything, and serve all others.

They note into a file, for a forked child has no other way to tell. In a child nobody
may ask them at all, and none may be freed.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict, deque
from contextlib import suppress
from functools import cached_property
from importlib import import_module

import scrapy_leakwatch

FILE = "HOSTILE_FILE"
"""The variable that names the file of notes."""
PACKAGE = os.path.dirname(scrapy_leakwatch.__file__) + os.sep
HERE = os.getpid()
DEEPEST = 50

METHODS = (
    *("__eq__", "__ne__", "__lt__", "__gt__", "__hash__", "__bool__", "__len__"),
    *("__repr__", "__str__", "__format__", "__sizeof__", "__dir__", "__reduce__"),
    *("__reduce_ex__", "__getattribute__", "__getattr__", "__iter__", "__next__"),
    *("__contains__", "__getitem__", "__call__", "__get__", "__await__", "__index__"),
    *("__int__", "__float__", "__add__", "__sub__", "__enter__", "__fspath__"),
    *("__del__", "__length_hint__", "__reversed__", "__missing__", "__copy__"),
    *("keys", "items", "values", "copy", "get", "pop", "startswith", "split"),
    *("partition", "rpartition", "encode", "replace", "isprintable", "strip"),
)
OF_A_CLASS = (
    *("__eq__", "__hash__", "__repr__", "__str__", "__getattribute__", "__call__"),
    *("__instancecheck__", "__subclasscheck__", "__subclasses__", "__dir__", "mro"),
    *("__bool__", "__len__", "__iter__", "__contains__", "__sizeof__"),
)
NAMES_OF_A_CLASS = ("__mro__", "__dict__", "__name__", "__module__")


def note(name: str) -> None:
    """Note that ``name`` was run, if it was LeakWatch who did."""
    path = os.environ.get(FILE)
    if path is None:
        return
    in_child, who = os.getpid() != HERE, _who()
    freed = name.endswith("__del__")  # by whom ever collects, unless in a child
    if in_child or (who and not freed):
        place = "child" if in_child else "crawl"
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name} in the {place} by {who}\n")


def _who() -> str:
    """Return the line of LeakWatch that runs, empty where none does."""
    frame = sys._getframe(2)
    for _ in range(DEEPEST):
        if frame is None:
            break
        if frame.f_code.co_filename.startswith(PACKAGE):
            return f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _method(name, bases):
    usual = next((vars(base)[name] for base in bases if name in vars(base)), None)

    def method(self, *args, **kwargs):
        note(name)
        if usual is None:
            if name == "__getattr__":
                raise AttributeError(*args)
            return None
        return usual.__get__(self, type(self))(*args, **kwargs)

    return method


def _attribute(name, value):
    def read(self):
        note(name)
        return value(self)

    return property(read)


def _of_type(name):
    return _attribute(f"class.{name}", type.__dict__[name].__get__)


def _methods_of_type(name):
    usual = getattr(type, name, None)

    def method(cls, *args, **kwargs):
        note(f"class.{name}")
        if usual is None:
            return True
        return usual(cls, *args, **kwargs)

    return method


def of_class(name, *bases, metaclass=type, **more):
    """Return a class of which nothing can be asked without a note."""
    bases = bases or (object,)
    order = [base for each in bases for base in each.__mro__]
    serving = {
        each: _method(each, order)
        for each in METHODS
        if each.startswith("__") or any(each in vars(base) for base in order)
    }
    if not any("__next__" in vars(base) for base in order):
        del serving["__next__"]
    names = {
        **serving,
        "__class__": _attribute("__class__", type),
        "a_property": _attribute("a_property", id),
        "cached": cached_property(lambda self: note("cached")),
        "__class_getitem__": classmethod(lambda cls, _: note("__class_getitem__")),
        **more,
    }
    return metaclass(name, bases, names)


Meta = type(
    "Meta",
    (type,),
    {name: _methods_of_type(name) for name in OF_A_CLASS}
    | {name: _of_type(name) for name in NAMES_OF_A_CLASS},
)
"""Notes whoever asks a class, which includes to hash or compare it."""

Text = of_class("Text", str)
Plain = of_class("Plain")
Slotted = of_class("Slotted", __slots__=("page", "__weakref__"))
WithMeta = of_class("WithMeta", metaclass=Meta)
Lying = of_class("Lying", __dict__=_attribute("__dict__", lambda _: 7))
Named = of_class("Named")
Named.__name__ = Text("Named")
Named.__qualname__ = Text("Named")
Named.__module__ = Text(__name__)
Named.__slots__ = Plain()
Described = type("Described", (), {"at": Plain(), "text": Text("at")})

List = of_class("List", list)
Dict = of_class("Dict", dict)
del Dict.__await__  # Scrapy would await an item
CONTAINERS = [
    List,
    Dict,
    *(of_class(base.__name__.title(), base) for base in (set, deque, OrderedDict)),
    of_class("Tuple", tuple),
]
VALUES = [Text, *(of_class(base.__name__.title(), base) for base in (bytes, int))]
CLASSES = [Plain, Slotted, WithMeta, Lying, Named, Described, *CONTAINERS, *VALUES]


def _made():
    """Be what makes the object behind a lazy proxy."""
    note("what is made lazily")
    return Plain()


def _proxies():
    """Yield proxies, each with a name, of the packages that are installed.

    Those in C have an attribute ``__dict__`` that asks what they stand for.
    """
    with suppress(ImportError):
        wrapt = import_module("wrapt")
        of_c = wrapt.ObjectProxy
        yield "wrapt", lambda: of_c(Lying())
        yield "wrapt, subclass", lambda: type("Proxy", (of_c,), {})(Lying())
        if lazy := getattr(wrapt, "LazyObjectProxy", None):
            yield "wrapt, lazy", lambda: lazy(_made)
    with suppress(ImportError):
        lazily = import_module("lazy_object_proxy")
        yield "lazy_object_proxy", lambda: lazily.Proxy(_made)
    with suppress(ImportError):
        local = import_module("werkzeug.local")
        yield "werkzeug", lambda: local.LocalProxy(_made)


PROXIES = dict(_proxies())


def one_of_each():
    """Return an instance of each class, and the proxies."""
    return [cls() for cls in CLASSES] + [make() for make in PROXIES.values()]


def holding(page):
    """Return an object that has ``page`` in a slot."""
    holder = Slotted()
    Slotted.__dict__["page"].__set__(holder, page)
    return holder


def by_hostile_keys():
    """Return a dict of which each key and each value is one of them."""
    return {Plain(): List([1]), Text("key"): Dict(a=1), WithMeta(): Plain()}
