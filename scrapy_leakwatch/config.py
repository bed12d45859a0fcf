"""Every setting of LeakWatch: its name, default and check."""

from __future__ import annotations

import difflib
import math
import os
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from scrapy.utils.misc import load_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.settings import BaseSettings

PREFIX = "LEAKWATCH_"
MOST_SAMPLES = 60
"""The past of a crawl is kept in a fixed space, and growth must show within it."""

OnLeak = Literal["warn", "close"]


class ConfigError(ValueError):
    """A setting that can't be used; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one crawl, checked.

    A field is named after its setting, without the prefix and in lower case.
    """

    enabled: bool
    interval: float
    log_interval: float
    ignore: tuple[type, ...]
    track: tuple[type, ...]
    min_objects: int
    min_samples: int
    explain: bool
    explain_timeout: float
    record: str | None
    report: str | None
    on_leak: OnLeak
    suppress: tuple[str, ...]
    trim: bool
    bill: bool
    children: bool

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Config:
        """Return the settings of a crawl.

        Raises `ConfigError` at the first one that can't be used, and at a
        name with the prefix that is no setting.
        """
        for name in settings:
            if str(name).startswith(PREFIX) and name not in _READERS:
                raise ConfigError(_unknown(str(name)))
        return cls(
            **{
                _field(name): _read(name, settings.get(name, default))
                for name, (default, _) in _READERS.items()
            }
        )

    def as_record(self) -> dict[str, Any]:
        """Return the settings by name, in values that JSON can hold."""
        return {
            f"{PREFIX}{field.name.upper()}": _plain(getattr(self, field.name))
            for field in fields(self)
        }


def class_path(cls: type) -> str:
    """Return the full import path of a class, without running its code."""
    module = type.__getattribute__(cls, "__module__")
    return f"{module}.{type.__getattribute__(cls, '__qualname__')}"


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [class_path(each) if isinstance(each, type) else each for each in value]
    return value


def _field(name: str) -> str:
    return name.removeprefix(PREFIX).lower()


def _unknown(name: str) -> str:
    known = [known.removeprefix(PREFIX) for known in _READERS]
    nearest = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
    if nearest:
        return f"{name} is not a setting; did you mean {PREFIX}{nearest[0]}?"
    return f"{name} is not a setting; remove it, or use one of {', '.join(_READERS)}"


def _read(name: str, value: Any) -> Any:
    _, read = _READERS[name]
    try:
        return read(value)
    except ConfigError as error:
        raise ConfigError(f"{name} {error}") from None


def _boolean(value: Any) -> bool:
    known = {"1": True, "true": True, "0": False, "false": False}
    try:
        return known[str(value).lower()]
    except KeyError:
        raise ConfigError(f"must be True or False, not {value!r}") from None


def _number(value: Any) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
    raise ConfigError(f"must be a number, not {value!r}")


def _seconds(value: Any) -> float:
    if (seconds := _number(value)) < 0:
        raise ConfigError(f"must be 0 or more seconds, not {value!r}")
    return seconds


def _interval(value: Any) -> float:
    if (seconds := _number(value)) <= 0:
        raise ConfigError(
            f"must be more than 0 seconds, not {value!r}; leave it out for the default"
        )
    return seconds


def _count(least: int, most: float = math.inf) -> Callable[[Any], int]:
    bounds = f"from {least}" if most == math.inf else f"from {least} to {most}"

    def read(value: Any) -> int:
        number = _number(value)
        if not least <= number <= most or number != int(number):
            raise ConfigError(f"must be a whole number {bounds}, not {value!r}")
        return int(number)

    return read


def _classes(value: Any) -> tuple[type, ...]:
    if isinstance(value, str):
        value = [path.strip() for path in value.split(",") if path.strip()]
    if not isinstance(value, (list, tuple, set, frozenset)) and value is not None:
        raise ConfigError(f"must be a list of class paths, not {value!r}")
    return tuple(_class(path) for path in value or ())


def _class(path: Any) -> type:
    try:
        cls = load_object(path)
    except Exception as error:  # noqa: BLE001, a module may raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")
        raise ConfigError(
            f"can't import {path!r} ({reason}); give the full path of a class,"
            " such as 'myproject.items.Product'"
        ) from None
    if not isinstance(cls, type):
        raise ConfigError(f"needs classes, and {path!r} is none")
    return cls


def _trackable(value: Any) -> tuple[type, ...]:
    classes = _classes(value)
    for cls in classes:
        if not cls.__weakrefoffset__:
            raise ConfigError(
                f"can't count {class_path(cls)}: it takes no weak references;"
                " add '__weakref__' to its __slots__, or leave it out"
            )
        if not cls.__flags__ & _HEAP_TYPE or cls.__flags__ & _IMMUTABLE_TYPE:
            raise ConfigError(
                f"can't count {class_path(cls)}: it is not written in Python;"
                " name a subclass of your own, or leave it out"
            )
    return classes


_HEAP_TYPE = 1 << 9
_IMMUTABLE_TYPE = 1 << 8
"""Flags of CPython's type objects (Include/object.h)."""


def _template(value: Any) -> str | None:
    if value is None:
        return None
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str) or not path:
        raise ConfigError(f"must be a file path or None, not {value!r}")
    if "%" in _PLACEHOLDER.sub("", path):
        raise ConfigError(
            f"has a placeholder in {path!r} that can't be filled;"
            " use %(name)s, %(time)s, and %% for a percent sign"
        )
    return path


def _on_leak(value: Any) -> OnLeak:
    for known in get_args(OnLeak):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise ConfigError(f"must be 'warn' or 'close', not {value!r}")


def _globs(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [glob.strip() for glob in value.split(",") if glob.strip()]
    if not isinstance(value, (list, tuple, set, frozenset)) and value is not None:
        raise ConfigError(f"must be a list of signatures or holders, not {value!r}")
    for glob in value or ():
        if not isinstance(glob, str) or not glob:
            raise ConfigError(
                f"needs signatures or holders as in the log, such as '3f2a9c1e' or"
                f" 'spider.pages*', and {glob!r} is none"
            )
    return tuple(value or ())


_PLACEHOLDER = re.compile(r"%%|%\((?:name|time)\)s")

_READERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "LEAKWATCH_ENABLED": (True, _boolean),
    "LEAKWATCH_INTERVAL": (10.0, _interval),
    "LEAKWATCH_LOG_INTERVAL": (60.0, _seconds),
    "LEAKWATCH_IGNORE": (("scrapy.Spider",), _classes),
    "LEAKWATCH_TRACK": ((), _trackable),
    "LEAKWATCH_MIN_OBJECTS": (100, _count(least=1)),
    "LEAKWATCH_MIN_SAMPLES": (4, _count(least=2, most=MOST_SAMPLES)),
    "LEAKWATCH_EXPLAIN": (True, _boolean),
    "LEAKWATCH_EXPLAIN_TIMEOUT": (30.0, _interval),
    "LEAKWATCH_RECORD": (None, _template),
    "LEAKWATCH_REPORT": (None, _template),
    "LEAKWATCH_ON_LEAK": ("warn", _on_leak),
    "LEAKWATCH_SUPPRESS": ((), _globs),
    "LEAKWATCH_TRIM": (False, _boolean),
    "LEAKWATCH_BILL": (True, _boolean),
    "LEAKWATCH_CHILDREN": (True, _boolean),
}
