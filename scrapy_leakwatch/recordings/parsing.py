"""Makes records of the lines of a recording, which ``writing`` made of records.

A recording may be from another version, cut off, or made to do harm. So what
a line lacks is empty, what it has more is left out, and what is of another type
raises `ValueError`: that line is broken. Text is made printable.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy_leakwatch.foundation import redact
from scrapy_leakwatch.records import (
    MEASURES,
    OWNER_KINDS,
    STAGES,
    TRAITS,
    Bill,
    BillLayers,
    BillOwner,
    BillPath,
    Children,
    Container,
    Counts,
    Effort,
    Explanation,
    Growth,
    Layers,
    LiveClass,
    Looks,
    Memory,
    NoBill,
    PathStep,
    Price,
    Process,
    Program,
    Progress,
    RequestLedger,
    ResourceCounts,
    ResponseLedger,
    Restart,
    Run,
    Sample,
    Share,
    Summary,
    Trimmed,
    Unexplained,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy_leakwatch.recordings.lines import Line

_Record = TypeVar("_Record")

LONGEST = 2000
LARGEST = 1e18
LATEST = 1e11
"""A time in seconds of the epoch, some 3,000 years from now."""
MOST = 1000
"""Settings, stats or parts that a line may have; more are left out."""
MOST_OWNERS, MOST_PATHS = 300, 12
"""Of a bill, and of each of its owners; bills have the largest first."""


@lru_cache(maxsize=1000)
def _clean(text: str) -> str:
    return redact.text(text, LONGEST)


def text(value: Any) -> str:
    """Return a text, printable."""
    if type(value) is not str:
        raise ValueError("not a text")
    return _clean(cut(value))


def cut(value: str) -> str:
    """Return as much of a text as says that it is too long: caches keep it."""
    return value[: LONGEST + 1]


def number(value: Any) -> float:
    """Return a number that is neither infinite nor beyond all sense."""
    if type(value) in {int, float} and -LARGEST < value < LARGEST:
        return value  # type: ignore[no-any-return]
    raise ValueError("not a number")


def moment(value: Any) -> float:
    """Return a time in seconds of the epoch."""
    if 0 <= number(value) <= LATEST:
        return float(value)
    raise ValueError("not a time")


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("neither true nor false")


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text(each) for each in _list(value))


def _origin(value: Any) -> str:
    return "library" if value == "library" else "project"


def _owner_kind(value: Any) -> str:
    return value if value in OWNER_KINDS else "unknown"


def _measure(value: Any) -> str:
    return value if value in MEASURES else "rss"


def _stage(value: Any) -> str:
    return value if value in STAGES else "open"


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value[:MOST]
    raise ValueError("not a list")


def mapping(value: Any) -> dict[str, Any]:
    """Return an object of JSON."""
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def _whole(value: Any) -> int:
    return int(number(value))


_READERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "str": (text, ""),
    "int": (_whole, 0),
    "float": (number, 0.0),
    "bool": (_truth, False),
    "Kind": (text, ""),
    "Measure": (_measure, "rss"),
    "Confidence": (text, "low"),
    "LimitOf": (text, "memory"),
    "Origin": (_origin, "project"),
    "Stage": (_stage, "open"),
    "OwnerKind": (_owner_kind, "unknown"),
    "tuple[str, ...]": (_texts, ()),
}
"""By the type of a field: what reads its value, and what it is without one."""


def _read(cls: Callable[..., _Record], line: Line, **given: Any) -> _Record:
    """Return a record of the class, with the fields that are ``given``."""
    for field in fields(cls):  # type: ignore[arg-type]
        if field.name in given:
            continue
        plain, _, optional = str(field.type).partition(" | ")
        read, empty = _READERS[plain]
        value = line.get(field.name)
        if value is not None:
            given[field.name] = read(value)
        elif field.default is MISSING:
            given[field.name] = None if optional else empty
    return cls(**given)


def run(line: Line) -> Run:
    """Return the run of the first line."""
    versions = mapping(line.get("versions", {})).items()
    config = mapping(line.get("config", {})).items()
    return _read(
        Run,
        line,
        time=moment(line.get("time")),
        process=_process(line.get("process")),
        versions={text(name): text(value) for name, value in list(versions)[:MOST]},
        config={text(name): _setting(value) for name, value in list(config)[:MOST]},
    )


def _process(found: Any) -> Process | None:
    return None if found is None else _read(Process, mapping(found))


def _setting(value: Any) -> object:
    if isinstance(value, list):
        return _texts(value)
    return stat(value)


def stat(value: Any) -> str | int | float | None:
    """Return a value that is as it may be in the stats, an absurd number as text."""
    if value is None or isinstance(value, bool):
        return value
    if type(value) in {int, float} and not -LARGEST < value < LARGEST:
        return text(str(value))
    return text(value) if isinstance(value, str) else number(value)


def verdict(line: Line) -> Verdict:
    """Return a verdict."""
    if not line.get("kind") or not line.get("subject"):
        raise ValueError("no verdict")
    growth = Growth(
        floors=(),
        per_1000_responses=number(line.get("growth_per_1000_responses", 0)),
        per_min=number(line.get("growth_per_min", 0)),
    )
    path = text(line.get("class", ""))
    return _read(Verdict, line, class_path=path, growth=growth, facts=None)


def explanation(line: Line) -> Explanation | Unexplained:
    """Return what was found of who holds some objects."""
    path = text(line.get("class", ""))
    counts, effort = _read(Counts, line), _read(Effort, line)
    if "failed" in line:
        return _read(
            Unexplained,
            line,
            class_path=path,
            reason=text(line["failed"]),
            counts=counts,
            effort=effort,
        )
    held = round(number(line.get("share", 0.0)) * counts.examined)
    steps = [_read(PathStep, mapping(step)) for step in _list(line.get("path", []))]
    others = [_read(Share, mapping(each)) for each in _list(line.get("others", []))]
    return _read(
        Explanation,
        line,
        class_path=path,
        path=tuple(steps),
        others=tuple(others),
        counts=replace(counts, held=held),
        price=_read(Price, line),
        traits=tuple(name for name in TRAITS if line.get(name) is True),
        effort=effort,
    )


def rested_on_by(line: Line) -> int | None:
    """Return the id of the verdict that rests on what a line has, if one does."""
    found = line.get("verdict")
    return None if found is None else _whole(found)


def layers(line: Line) -> Layers:
    """Return a look at the layers of the memory."""
    return _read(Layers, line, time=moment(line.get("time")))


def bill(line: Line) -> Bill | NoBill:
    """Return a memory bill, or why there is none."""
    time = moment(line.get("time"))
    if "failed" in line:
        return _read(NoBill, line, time=time, reason=text(line["failed"]))
    owners = _list(line.get("owners", []))[:MOST_OWNERS]
    before = line.get("since_layers")
    return _read(
        Bill,
        line,
        time=time,
        since=moment(line.get("since", 0)),
        owners=tuple(_owner(mapping(each)) for each in owners),
        layers=_read(BillLayers, mapping(line.get("layers", {}))),
        since_layers=None if before is None else _read(BillLayers, mapping(before)),
    )


def _owner(line: Line) -> BillOwner:
    paths = _list(line.get("paths", []))[:MOST_PATHS]
    return _read(
        BillOwner, line, paths=tuple(_read(BillPath, mapping(each)) for each in paths)
    )


def trim(line: Line) -> tuple[float, Trimmed]:
    """Return what was given back, and when."""
    return moment(line.get("time")), _read(Trimmed, line)


def restart(line: Line) -> Restart:
    """Return when another process took over."""
    return _read(Restart, line)


def looks(line: Line) -> Looks:
    """Return how many looks failed."""
    return _read(Looks, line)


def summary(line: Line) -> Summary:
    """Return the end of a crawl."""
    stats = list(mapping(line.get("stats", {})).items())[:MOST]
    return Summary(
        time=moment(line.get("time")),
        stats={text(name): stat(value) for name, value in stats},
        verdicts=tuple(
            verdict(mapping(each)) for each in _list(line.get("verdicts", []))
        ),
    )


def sample(line: Line) -> Sample:
    """Return a sample as far as it was recorded: its time, counts and memory."""
    return _read(
        Sample,
        line,
        time=moment(line.get("time")),
        live=_live(line.get("live", {})),
        requests=_read(RequestLedger, mapping(line.get("requests", {}))),
        responses=_read(ResponseLedger, mapping(line.get("responses", {}))),
        memory=_read(Memory, mapping(line.get("memory", {}))),
        held={},
        floors=(),
        oldest={},
        progress=_progress(line.get("progress")),
        cost_s=number(line.get("cost_ms", 0)) / 1000,
        containers=tuple(
            _read(Container, mapping(each))
            for each in _list(line.get("containers", []))
        ),
        children=_children(line),
        resources=_read(ResourceCounts, mapping(line.get("resources", {}))),
        limits=None,
        collector="full",
    )


def _children(line: Line) -> Children | None:
    found = line.get("children")
    if found is None:
        return None
    programs = _list(mapping(found).get("programs", []))
    return _read(
        Children,
        found,
        programs=tuple(_read(Program, mapping(each)) for each in programs),
    )


def _progress(found: Any) -> Progress | None:
    return None if found is None else _read(Progress, mapping(found))


def _live(found: Mapping[str, Any]) -> tuple[LiveClass, ...]:
    """Return the classes; those that share a bare name go by their path."""
    paths = [text(path) for path in list(mapping(found))[:MOST]]
    names = [path.rpartition(".")[2] or path for path in paths]
    return tuple(
        _read(
            LiveClass,
            mapping(found[raw]),
            path=path,
            name=name if names.count(name) == 1 else path,
        )
        for raw, path, name in zip(found, paths, names, strict=False)
    )
