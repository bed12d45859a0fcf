"""Pure: what a crawl recorded, held to the truth of its row."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy_leakwatch.records import ALARMS
from scrapy_leakwatch.report import known
from tests.zoo.truth import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.zoo.truth import Named, Row

    Line = dict[str, Any]

GRACE = 3
"""So many samples may pass beyond those that the settings ask for."""
LEAST = {"hoard": 5}
"""Times LEAKWATCH_MIN_OBJECTS: a shorter container is not asked about."""
LEAST_SAMPLES = 12
"""A healthy crawl that was looked at less often says nothing."""
OFF = "LeakWatch can't "
RISEN = 64_000_000
RISEN_SHARE = 0.25
"""Bytes, and the part of what there was: who grew by so much is not healthy."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is left of a crawl.

    ``lines`` are those of its recordings, by time. ``received`` are times, and
    how many responses had been received by then. ``ended``: None, or how the
    crawl went wrong.
    """

    lines: Sequence[Line]
    received: Sequence[tuple[float, int]]
    log: str = ""
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What LeakWatch said of a row, and what is wrong with that.

    ``told`` are the kinds of its verdicts. ``holder`` and ``place`` are those of
    the first right verdict, and ``holder_right`` and ``place_right`` whether they
    were right each time; None where they are not asked for. That verdict came
    ``samples`` samples and a look of ``looked_s`` seconds after the growth's start;
    ``leaked`` objects had leaked by then. ``fixes`` are what its right verdicts say
    is to be done.
    """

    row: str
    truth: str
    told: tuple[str, ...] = ()
    holder: str | None = None
    place: str | None = None
    holder_right: bool | None = None
    place_right: bool | None = None
    samples: int | None = None
    looked_s: float | None = None
    leaked: int | None = None
    fixes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was right."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict, and the explanation that came with it."""

    verdict: Line
    explanation: Line

    @property
    def looked_s(self) -> float:
        """How long the look at the heap took."""
        spent = ("stall_ms", "analysis_ms")
        return sum(self.explanation.get(name, 0.0) for name in spent) / 1000

    @property
    def holder(self) -> str:
        """Who holds it; a container without an explanation speaks for itself."""
        if self.verdict["kind"] == "hoard" and "holder" not in self.explanation:
            return str(self.verdict["subject"])
        return str(self.explanation.get("holder", ""))

    @property
    def fix(self) -> str:
        """What is to be done, and what helps against a leak that is known upstream."""
        fix = self.explanation.get("fix") or self.verdict.get("remedy", "")
        helps = known.helps(self.explanation.get("known", ""))
        return "; ".join(filter(None, (fix, helps)))

    def names(self, one: Named) -> bool:
        """Tell whether this names somebody."""
        said = [str(self.verdict.get(name, "")) for name in ("subject", "message")]
        text = "\n".join([*said, self.holder])
        return all(
            any(word in text for word in either.split("|")) for either in one.words
        )


def judge(row: Row, evidence: Evidence) -> Result:
    """Hold what a crawl recorded to the truth of its row."""
    told = _told(evidence.lines)
    right = [one for one in told if _is_right(row, one)]
    faults = [
        *_trouble(row, evidence),
        *_wrong_verdicts(row, told, right, evidence.lines),
        *_wrong_names(row, right),
        *_not_named(row, right),
        *_wrong_known(row, right),
        *_unsaid(evidence.lines),
    ]
    first = right[0] if right else None
    delay = _delay(row, evidence, first) if first else None
    if row.counted and delay and delay.samples > delay.allowed:
        faults.append(f"told after {delay.samples} samples, not within {delay.allowed}")
    return Result(
        row=row.name,
        truth=row.truth,
        told=tuple(dict.fromkeys(one.verdict["kind"] for one in told)),
        holder=first and first.holder,
        place=first and first.explanation.get("location"),
        holder_right=_holder_right(row, right),
        place_right=_place_right(row, right),
        samples=delay and delay.samples,
        looked_s=delay and delay.looked_s,
        leaked=delay and delay.leaked,
        fixes=tuple(dict.fromkeys(one.fix for one in right)),
        faults=tuple(faults),
    )


def _told(lines: Sequence[Line]) -> list[Told]:
    """Put each verdict together with the explanation that it rests on, by its id."""
    told: list[Told] = []
    latest: dict[tuple[str, int], int] = {}
    for line in lines:
        if line["type"] == "verdict":
            latest[line["spider"], line["id"]] = len(told)
            told.append(Told(line, {}))
        elif line["type"] == "explanation":
            at = latest.get((line["spider"], line["verdict"]))
            if at is not None:
                told[at] = replace(told[at], explanation=line)
    return told


def _is_right(row: Row, one: Told) -> bool:
    return (
        one.verdict["kind"] == row.truth
        and (not row.subjects or one.verdict["subject"] in row.subjects)
        and (not row.named or any(one.names(each) for each in row.named))
    )


def _wrong_verdicts(
    row: Row, told: list[Told], right: list[Told], lines: Sequence[Line]
) -> Iterable[str]:
    if row.truth != HEALTHY and not right:
        yield f"no {row.truth} was told"
    for one in told:
        kind, subject = one.verdict["kind"], one.verdict["subject"]
        if one in right or kind in row.also or _is_said_of_memory(one, lines):
            continue
        name = "false alarm" if kind in ALARMS else "untrue"
        yield f"{name}: {kind} of {subject} held by {one.holder or 'nobody'}"


def _is_said_of_memory(one: Told, lines: Sequence[Line]) -> bool:
    """Tell whether it says that memory grows and of whom is not known, and it does.

    Or that it is known by now.
    """
    if one.verdict["subject"] != "memory":
        return False
    if one.verdict["kind"] == "recovered":
        return one.verdict.get("cause") is not None
    return one.verdict["kind"] == "inconclusive" and any(
        _has_risen(crawl, one.verdict["time"]) for crawl in _crawls(lines)
    )


def _unsaid(lines: Sequence[Line]) -> Iterable[str]:
    """Yield the crawls whose memory rose, and which were healthy to the end."""
    for crawl in _crawls(lines):
        last = {
            (line["spider"], line["id"]): line
            for line in _of_type(crawl, "verdict")
            if not line.get("suppressed")
        }
        stands = any(line["kind"] != "recovered" for line in last.values())
        if not stands and _has_risen(crawl):
            first, *_, now = (rss / 1e6 for rss in _memory(crawl))
            yield f"healthy, and memory rose from {first:,.0f} to {now:,.0f} MB"


def _crawls(lines: Sequence[Line]) -> Iterable[Sequence[Line]]:
    """Yield the lines of each crawl; one begins when that before it has ended."""
    begins = [at for at, line in enumerate(lines) if line["type"] == "run"]
    for begin, end in pairwise([*begins, len(lines)]):
        yield lines[begin:end]


def _has_risen(crawl: Sequence[Line], until: float = inf) -> bool:
    memory = _memory(crawl, until)
    grown = memory[-1] - memory[0] if memory else 0
    return grown >= RISEN and grown >= RISEN_SHARE * memory[0]


def _memory(crawl: Sequence[Line], until: float = inf) -> list[float]:
    """Return the resident bytes from the first sample on that is judged."""
    least = crawl[0]["config"]["LEAKWATCH_MIN_SAMPLES"]
    samples = [line for line in _of_type(crawl, "sample") if line["time"] <= until]
    return [sample["memory"]["rss"] for sample in samples[least - 1 :]]


def _wrong_names(row: Row, right: list[Told]) -> Iterable[str]:
    for one in right:
        if row.holders and one.holder not in row.holders:
            said = one.holder or f"nobody ({one.explanation.get('failed')})"
            yield f"held by {said}, not by {row.holders[0]}"
        elif row.line and _location(one) != row.line:
            yield f"put there in {_location(one)}, not {row.line}"


def _not_named(row: Row, right: list[Told]) -> Iterable[str]:
    for each in row.named:
        said = [one for one in right if one.names(each)]
        if right and not said:
            yield f"nobody was told of {' '.join(each.words)}"
        for one in said:
            if each.line and _location(one) != each.line:
                yield f"{one.holder}: put there in {_location(one)}, not {each.line}"


def _wrong_known(row: Row, right: list[Told]) -> Iterable[str]:
    for one in right:
        known = {each.known for each in row.named if one.names(each)} or {row.known}
        said = one.explanation.get("known", "")
        if said not in known:
            yield f"{one.holder}: told to be {said or 'no known leak'}, not {known}"


def _holder_right(row: Row, right: list[Told]) -> bool | None:
    if row.named and right:
        return all(any(one.names(each) for one in right) for each in row.named)
    return _each(right, row.holders, _holder)


def _place_right(row: Row, right: list[Told]) -> bool | None:
    places = [
        _location(one) == each.line
        for each in row.named
        if each.line
        for one in right
        if one.names(each)
    ]
    if places:
        return all(places)
    return _each(right, (row.line,) if row.line else (), _location)


def _each(right: list[Told], names: Sequence[str], said: Any) -> bool | None:
    if not names or not right:
        return None
    return all(said(one) in names for one in right)


def _holder(one: Told) -> str:
    return one.holder


def _location(one: Told) -> str | None:
    return one.explanation.get("location")


def _trouble(row: Row, evidence: Evidence) -> Iterable[str]:
    """Yield why the crawl was not what the row says."""
    if evidence.ended:
        yield evidence.ended
    if OFF in evidence.log:
        yield OFF + evidence.log.partition(OFF)[2].partition("\n")[0]
    samples = _of_type(evidence.lines, "sample")
    if row.truth == HEALTHY and len(samples) < LEAST_SAMPLES:
        yield f"only {len(samples)} samples"
    received = max((number for _, number in evidence.received), default=0)
    if received < row.least_received:
        yield f"only {received} responses"
    for path, least in row.reaches:
        group, _, name = path.partition(".")
        most = max((sample[group][name] or 0 for sample in samples), default=0)
        if most < least:
            yield f"{path} reached only {most}, not {least}"


class Delay(NamedTuple):
    """How late a verdict came, counted from the growth's start.

    The ``samples`` are those before the look at the heap, which took ``looked_s``
    seconds: less than a sample by default, and several here, where the samples
    follow one another 30 times as fast. ``allowed`` of them may pass: as many as
    LEAKWATCH_MIN_SAMPLES asks for, or as many as it takes until
    twice LEAKWATCH_MIN_OBJECTS have leaked, for the weakest step counts and they
    are not alike; and the grace.
    """

    samples: int
    looked_s: float
    allowed: int
    leaked: int


def _delay(row: Row, evidence: Evidence, first: Told) -> Delay | None:
    times = [time for time, _ in evidence.received]

    def leaked(time: float) -> int:
        at = bisect_right(times, time)
        received = evidence.received[at - 1][1] if at else 0
        return int(max(received - row.grows_after, 0) * row.leaked_each)

    samples = [sample["time"] for sample in _of_type(evidence.lines, "sample")]
    growing = [leaked(time) for time in samples if leaked(time)]
    if not growing:
        return None
    (run, *_) = _of_type(evidence.lines, "run")
    config = run["config"]
    asked = first.verdict["time"] - first.looked_s
    least = LEAST.get(row.truth, 1) * config["LEAKWATCH_MIN_OBJECTS"]
    few = sum(number < 2 * least for number in growing)
    return Delay(
        samples=sum(time <= asked and leaked(time) > 0 for time in samples) - 1,
        allowed=max(config["LEAKWATCH_MIN_SAMPLES"], few) + GRACE,
        looked_s=first.verdict["time"] - asked,
        leaked=leaked(first.verdict["time"]),
    )


def _of_type(lines: Sequence[Line], kind: str) -> list[Line]:
    return [line for line in lines if line["type"] == kind]
