"""Counts the instances of classes that trackref does not know.

The field's way, a weak reference for each instance, but by identity: trackref's
`~weakref.WeakKeyDictionary` would call the `__hash__` and `__eq__` of the
class, and a dataclass has none or a slow one. A class is watched by wrapping
its ``__init__``, so copies made without it are not counted.
"""

from __future__ import annotations

import time
import weakref
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy_leakwatch.config import class_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

_Class = TypeVar("_Class", bound=type)
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

ATTEMPTS = 5


class InstanceRef(weakref.ref[Any]):
    """A weak reference that knows when its object was made (monotonic s)."""

    __slots__ = ("born", "home", "key")

    born: float
    home: dict[int, InstanceRef]
    key: int


Instances = dict[int, InstanceRef]
"""The live instances of one class by `id`, the oldest first."""

_instances: weakref.WeakKeyDictionary[type, Instances] = weakref.WeakKeyDictionary()
_watched: weakref.WeakKeyDictionary[type, _Watch] = weakref.WeakKeyDictionary()


class _Watch:
    """How often a class is watched, and how to undo it."""

    __slots__ = ("own_init", "users")

    def __init__(self, own_init: Callable[..., None] | None) -> None:
        self.own_init = own_init
        self.users = 0


def track(cls: _Class) -> _Class:
    """Count the live instances of a class in every watched crawl: a decorator.

    Raises `TypeError` for a class that takes no weak references.
    """
    if not cls.__weakrefoffset__:
        raise TypeError(
            f"can't count {class_path(cls)}: it takes no weak references;"
            " add '__weakref__' to its __slots__"
        )
    watch(cls)
    return cls


def watch(cls: type) -> None:
    """Count the instances of ``cls`` and its subclasses made from now on."""
    state = _watched.get(cls)
    if state is None:
        state = _watched[cls] = _Watch(cls.__dict__.get("__init__"))
        cls.__init__ = _counting(cls)  # type: ignore[misc]
    state.users += 1


def unwatch(cls: type) -> None:
    """Undo one `watch`; the last one leaves the class as it was."""
    state = _watched[cls]
    state.users -= 1
    if state.users:
        return
    del _watched[cls]
    if state.own_init is None:
        del cls.__init__  # type: ignore[misc]
    else:
        cls.__init__ = state.own_init  # type: ignore[misc]
    for counted, _ in tracked():
        if cls in counted.__mro__ and not _watches(counted):
            del _instances[counted]


def tracked() -> list[tuple[type, Instances]]:
    """Return the classes that have or had live instances."""
    return entries(_instances)


def entries(table: MutableMapping[_Key, _Value]) -> list[tuple[_Key, _Value]]:
    """Return what is in a table that other threads may add to meanwhile."""
    for _ in range(ATTEMPTS):
        with suppress(RuntimeError):
            if type(table) is not weakref.WeakKeyDictionary:
                return list(table.items())
            # The dict behind it: its public iterators cost ten times as much.
            found = list(table.data.items())  # type: ignore[attr-defined]
            return [(key, value) for ref, value in found if (key := ref()) is not None]
    return []


def watch_all(classes: Iterable[type]) -> None:
    """`watch` each class."""
    for cls in classes:
        watch(cls)


def unwatch_all(classes: Iterable[type]) -> None:
    """`unwatch` each class."""
    for cls in classes:
        unwatch(cls)


def _watches(cls: type) -> bool:
    return any(base in _watched for base in cls.__mro__)


def _counting(cls: type) -> Callable[..., None]:
    """Return an ``__init__`` that registers, and does what was done without it.

    Where ``cls`` has none of its own, that is the next one of the instance's class.
    """
    init = cls.__init__  # type: ignore[misc]
    is_own = "__init__" in cls.__dict__

    @wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        _register(self)
        if is_own:
            init(self, *args, **kwargs)
        else:
            following = super(cls, self).__init__  # type: ignore[arg-type]
            _go_on(following, type(self), args, kwargs)

    return __init__


def _go_on(
    following: Callable[..., None], cls: type, args: Any, kwargs: dict[str, Any]
) -> None:
    is_last = getattr(following, "__objclass__", None) is object
    if is_last and _takes_arguments(cls):
        return  # object.__init__ refuses the arguments that __new__ took
    following(*args, **kwargs)


def _takes_arguments(cls: type) -> bool:
    new: Any = cls.__new__
    return new is not object.__new__


def _register(instance: Any) -> None:
    cls = type(instance)
    home = _instances.get(cls)
    if home is None:
        home = _instances[cls] = {}
    key = id(instance)
    if key in home:  # a subclass and its base are both watched
        return
    ref = InstanceRef(instance, _forget)
    ref.born, ref.home, ref.key = time.monotonic(), home, key
    home[key] = ref


def _forget(ref: InstanceRef) -> None:
    ref.home.pop(ref.key, None)
