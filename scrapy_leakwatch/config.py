"""Every setting of LeakWatch: its name, default and check."""

from __future__ import annotations

import difflib
import math
import os
import re
from dataclasses import dataclass, fields
from pathlib import PurePath
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args
from urllib.parse import urlsplit

from scrapy.utils.misc import load_object

from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.settings import BaseSettings

PREFIX = "LEAKWATCH_"
MOST_SAMPLES = 60
"""The past of a crawl is kept in a fixed space, and growth must show within it."""
MOST_SECONDS = 365 * 24 * 3600
"""Event loops can't wait for any number of seconds."""
LONGEST = 100
"""Characters of a name or value that a message shows."""

OnLeak = Literal["warn", "close"]
Auto = Literal["auto"]
"""Most of what the container of the process may have."""


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
    rss_limit_mb: float | Auto
    prometheus_port: int | None
    prometheus_host: str
    prometheus_file: str | None
    pushgateway: str | None
    otel: bool

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Config:
        """Return the settings of a crawl.

        Raises `ConfigError` at the first one that can't be used, and at a
        name with the prefix that is no setting.
        """
        for name in settings:
            known = not isinstance(name, str) or name in _READERS
            if not known and name.startswith(PREFIX):
                raise ConfigError(_unknown(redact.text(name, LONGEST)))
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
    return anatomy.path(cls)


def _path(cls: type) -> str:
    return redact.text(class_path(cls))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_path(each) if isinstance(each, type) else each for each in value]
    if isinstance(value, str) and "://" in value:
        return redact.url(value)
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
    except Exception as error:  # noqa: BLE001, an object may refuse whatever it is asked
        raise ConfigError(
            f"{name} can't be read from {_shown(value)} ({_reason(error)});"
            " give a plain value, or leave it out for the default"
        ) from None


def _reason(error: BaseException) -> str:
    """Return what an error says, on one line and without secrets."""
    kind = anatomy.name(type(error))
    try:
        reason = " ".join(f"{kind}: {error}".split()).rstrip(":")
    except Exception:  # noqa: BLE001, it is foreign code that says it
        return kind
    return redact.url(reason)


_PLAIN = anatomy.identities(str, bytes, bool, int, float, NoneType)


def _shown(value: object) -> str:
    """Return a value in source form: printable, of a bounded length, no secrets."""
    if anatomy.is_a(value, type):
        return _path(cast("type", value))
    if not anatomy.is_exactly(value, _PLAIN):  # its repr may be any code
        return f"an object of {_path(type(value))}"
    try:
        return redact.url(repr(value), LONGEST)
    except ValueError:  # Python does not write the longest numbers
        return "a number of thousands of digits"


def _boolean(value: Any) -> bool:
    known = {"1": True, "true": True, "0": False, "false": False}
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ConfigError(f"must be True or False, not {_shown(value)}")


def _number(value: Any) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ConfigError(
        f"must be a number, not {_shown(value)}; leave it out for the default"
    )


def _seconds(value: Any) -> float:
    if not 0 <= (seconds := _number(value)) <= MOST_SECONDS:
        raise ConfigError(
            f"must be from 0 to {MOST_SECONDS} seconds (a year), not {_shown(value)}"
        )
    return seconds


def _interval(value: Any) -> float:
    if not 0 < (seconds := _number(value)) <= MOST_SECONDS:
        raise ConfigError(
            f"must be more than 0 seconds and at most {MOST_SECONDS} (a year), not"
            f" {_shown(value)}; leave it out for the default"
        )
    return seconds


def _count(least: int, most: float = math.inf) -> Callable[[Any], int]:
    bounds = f"from {least}" if most == math.inf else f"from {least} to {most}"

    def read(value: Any) -> int:
        number = _number(value)
        if not least <= number <= most or number != int(number):
            raise ConfigError(f"must be a whole number {bounds}, not {_shown(value)}")
        return int(number)

    return read


def _classes(value: Any) -> tuple[type, ...]:
    if isinstance(value, str):
        value = [path.strip() for path in value.split(",") if path.strip()]
    if not isinstance(value, (list, tuple, set, frozenset)) and value is not None:
        raise ConfigError(f"must be a list of class paths, not {_shown(value)}")
    return tuple(_class(path) for path in value or ())


def _class(path: Any) -> type:
    try:
        cls = load_object(path)
    except (Exception, SystemExit) as error:  # noqa: BLE001, a module may raise anything
        raise ConfigError(
            f"can't import {_shown(path)} ({_reason(error)}); give the full path of a"
            " class, such as 'myproject.items.Product'"
        ) from None
    if not isinstance(cls, type):
        raise ConfigError(f"needs classes, and {_shown(path)} is none")
    return cls


def _trackable(value: Any) -> tuple[type, ...]:
    classes = _classes(value)
    for cls in classes:
        if not cls.__weakrefoffset__:
            raise ConfigError(
                f"can't count {_path(cls)}: it takes no weak references;"
                " add '__weakref__' to its __slots__, or leave it out"
            )
        if not cls.__flags__ & _HEAP_TYPE or cls.__flags__ & _IMMUTABLE_TYPE:
            raise ConfigError(
                f"can't count {_path(cls)}: it is not written in Python;"
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
    if not isinstance(path, str) or "\0" in path or PurePath(path).name in ("", ".."):
        raise ConfigError(
            "must be a file path or None, such as 'crawls/%(name)s.jsonl', not"
            f" {_shown(value)}"
        )
    if "%" in _PLACEHOLDER.sub("", path):
        raise ConfigError(
            f"has a placeholder in {_shown(path)} that can't be filled;"
            " use %(name)s, %(time)s, and %% for a percent sign"
        )
    return path


def _textfile(value: Any) -> str | None:
    path = _template(value)
    if path is not None and not path.endswith(".prom"):
        raise ConfigError(
            "must be a file that ends with .prom, for node_exporter reads no other,"
            f" such as '/var/lib/metrics/%(name)s.prom', not {_shown(value)}"
        )
    return path


def _port(value: Any) -> int | None:
    return None if value is None else _count(least=0, most=65535)(value)


def _host(value: Any) -> str:
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise ConfigError(
            "must be the address of an interface, such as '127.0.0.1', or '0.0.0.0' for"
            f" all, not {_shown(value)}"
        )
    return value


def _gateway(value: Any) -> str | None:
    if value is None:
        return None
    try:
        url = urlsplit(value if isinstance(value, str) else "")
        known = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        known = False
    if not known or not value.isprintable() or " " in value or url.query:
        raise ConfigError(
            "must be the URL of a Pushgateway, such as 'http://localhost:9091', not"
            f" {_shown(value)}"
        )
    return str(value)


_HOST = re.compile(r"[\w.:-]+", re.ASCII)


def _on_leak(value: Any) -> OnLeak:
    for known in get_args(OnLeak):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise ConfigError(f"must be 'warn' or 'close', not {_shown(value)}")


def _megabytes(value: Any) -> float | Auto:
    if isinstance(value, str) and value == "auto":
        return "auto"
    try:
        megabytes = _number(value)
    except ConfigError:
        megabytes = -1.0
    if megabytes < 0:
        raise ConfigError(
            "must be megabytes, as for MEMUSAGE_LIMIT_MB, 'auto' for 90 % of the"
            f" container's limit, or 0 for no limit, not {_shown(value)}"
        )
    return megabytes


def _globs(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [glob.strip() for glob in value.split(",") if glob.strip()]
    if not isinstance(value, (list, tuple, set, frozenset)) and value is not None:
        raise ConfigError(
            f"must be a list of signatures or holders, not {_shown(value)}"
        )
    for glob in value or ():
        if not isinstance(glob, str) or not glob or not glob.isprintable():
            raise ConfigError(
                f"needs signatures or holders as in the log, such as '3f2a9c1e' or"
                f" 'spider.pages*', and {_shown(glob)} is none"
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
    "LEAKWATCH_RSS_LIMIT_MB": (0, _megabytes),
    "LEAKWATCH_PROMETHEUS_PORT": (None, _port),
    "LEAKWATCH_PROMETHEUS_HOST": ("127.0.0.1", _host),
    "LEAKWATCH_PROMETHEUS_FILE": (None, _textfile),
    "LEAKWATCH_PUSHGATEWAY": (None, _gateway),
    "LEAKWATCH_OTEL": (False, _boolean),
}
