"""The charts of a report, as the data that its script draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from scrapy_leakwatch.report import kinds, stack
from scrapy_leakwatch.report.amounts import local

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapy_leakwatch.records import Crawl, Series, Timeline
    from scrapy_leakwatch.report.cards import Card

    Chart: TypeAlias = dict[str, Any]

MOST_SERIES = 12
"""In a chart; of more, those that reach the highest values are drawn."""
MOST_MARKS = 40
RATES = 60
"""At least so many parts of the crawl have a rate of their own."""
REQUESTS = {
    "queued_memory": "queued in memory",
    "queued_disk": "queued on disk",
    "in_progress": "in progress",
    "unaccounted": "unaccounted",
}
RESPONSES = {"in_flight": "in the scraper", "unaccounted": "unaccounted"}
LAYERS = {
    "arenas": "Python's arenas",
    "arenas_free": "free in arenas",
    "malloc_used": "malloc in use",
    "malloc_free": "malloc free",
}


def data(crawl: Crawl, cards: list[Card]) -> dict[str, Any]:
    """Return times, charts and marks; what there is nothing of is left out."""
    line = crawl.timeline
    charts = [
        _owners(crawl),
        _live(line),
        _ledger(line.requests, REQUESTS, "requests", "Requests: where they are",
                "Unaccounted ones belong to nobody the engine knows."),
        _ledger(line.responses, RESPONSES, "responses", "Responses: where they are",
                "In a healthy crawl the unaccounted come and go."),
        _memory(crawl),
        _blocks(line),
        _containers(line),
        _rates(line),
        _cost(line),
    ]  # fmt: skip
    offset = local(crawl.run.time).utcoffset()
    return {
        "times": [round(time, 2) for time in line.times],
        "start": crawl.run.time,
        "utcOffset": offset.total_seconds() if offset else 0,
        "charts": [chart for chart in charts if chart["series"]],
        "marks": list(_marks(crawl, cards)),
    }


def _chart(
    name: str, title: str, note: str, unit: str, series: list[Chart], **more: Any
) -> Chart:
    return {
        "id": name, "title": title, "note": note, "unit": unit, "series": series, **more
    }  # fmt: skip


def _series(label: str, values: Series, **more: Any) -> Chart:
    return {"label": label, "values": list(values), **more}


def _owners(crawl: Crawl) -> Chart:
    """Stack the owners; its times are those of the bills, not of the samples."""
    bills = crawl.taken if crawl.timeline.times else ()
    drawn = len(bills) > 1
    series = [
        _series(level.label, tuple(level.values), colour=level.colour)
        for level in (stack.levels(bills) if drawn else ())
    ]
    times = [round(bill.time, 2) for bill in bills]
    note = "Who has it, in the memory bills; all together is what is resident."
    return _chart(
        "owners",
        "Where the memory is",
        note,
        "bytes",
        series,
        stacked=True,
        times=times,
    )


def _live(line: Timeline) -> Chart:
    paths = list(line.live)
    bare = [path.rpartition(".")[2] or path for path in paths]
    names = {
        path: name if bare.count(name) == 1 else path
        for path, name in zip(paths, bare, strict=True)
    }
    chosen = _most(
        {path: max(filter(None, line.live[path]), default=0) for path in paths}
    )
    series = [_series(names[path], line.live[path]) for path in chosen]
    note = "What Scrapy's trackref and LEAKWATCH_TRACK count."
    note += _left_out(len(paths) - len(chosen), "smaller one")
    return _chart("live", "Live objects by class", note, "count", series)


def _ledger(
    values: Mapping[str, Series], names: Mapping[str, str], *texts: str
) -> Chart:
    name, title, note = texts
    series = [
        _series(label, values[field])
        for field, label in names.items()
        if field in values and (field != "queued_disk" or any(values[field]))
    ]
    return _chart(name, title, note, "count", series)


def _memory(crawl: Crawl) -> Chart:
    line = crawl.timeline
    rss = line.memory.get("rss", ())
    series = [_series("resident", rss, fill=True)] if rss else []
    if any(line.children):
        series.append(_series("child processes", line.children))
    series += _of_layers(crawl)
    limit = next((value for value in reversed(line.memory_limit) if value), None)
    note = "What the system counts; where LeakWatch looked, also what it is made of."
    return _chart("memory", "Memory in layers", note, "bytes", series, limit=limit)


def _blocks(line: Timeline) -> Chart:
    blocks = line.memory.get("python_blocks", ())
    series = [_series("blocks", blocks)] if any(blocks) else []
    note = "Where memory grows and these do not, it is no object of Python."
    return _chart("blocks", "Python's memory blocks", note, "count", series)


def _of_layers(crawl: Crawl) -> Iterator[Chart]:
    """Yield the layers, each look at the nearest point of the time axis."""
    times = crawl.timeline.times
    for field, label in LAYERS.items():
        values: list[float | None] = [None] * len(times)
        for layers in crawl.layers:
            value = getattr(layers, field)
            if times and value is not None:
                values[_nearest(times, layers.time)] = value
        if any(value is not None for value in values):
            yield _series(label, tuple(values), sparse=True)


def _nearest(times: tuple[float, ...], time: float) -> int:
    return min(range(len(times)), key=lambda index: abs(times[index] - time))


def _containers(line: Timeline) -> Chart:
    boxes = line.containers
    growing = {name: _growth(boxes[name]) for name in boxes if _growth(boxes[name])}
    chosen = _most(growing or {name: _peak(boxes[name]) for name in boxes})
    series = [_series(name, boxes[name]) for name in chosen]
    note = "The lengths of those that live as long as the crawl, and grow most."
    note += _left_out(len(boxes) - len(chosen), "other")
    return _chart("containers", "Containers", note, "count", series)


def _growth(values: Series) -> float:
    known = [value for value in values if value is not None]
    return max(known) - known[0] if known else 0.0


def _peak(values: Series) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _most(sizes: Mapping[str, float]) -> list[str]:
    return sorted(sizes, key=lambda name: -sizes[name])[:MOST_SERIES]


def _left_out(number: int, what: str) -> str:
    left_out = f"one {what} is" if number == 1 else f"{number:,} {what}s are"
    return f" ({left_out} left out.)" if number > 0 else ""


def _rates(line: Timeline) -> Chart:
    rates = _per_minute(line.times, line.received)
    series = [_series("responses per minute", rates, fill=True)] if any(rates) else []
    note = "How fast the crawl is; a leak slows it down in the end."
    return _chart("rates", "Responses per minute", note, "rate", series)


def _per_minute(times: tuple[float, ...], received: Series) -> Series:
    """Return the rate at each point, over a part of the crawl that ends there."""
    if not received or len(times) < 2:  # noqa: PLR2004, a rate is between two
        return ()
    least = (times[-1] - times[0]) / RATES
    rates: list[float | None] = [None]
    begin = 0
    for at in range(1, len(times)):
        while begin + 1 < at and times[at] - times[begin + 1] >= least:
            begin += 1
        now, then, taken = received[at], received[begin], times[at] - times[begin]
        known = now is not None and then is not None and taken > 0
        rates.append(round(60 * (now - then) / taken, 1) if known else None)  # type: ignore[operator]
    return tuple(rates)


def _cost(line: Timeline) -> Chart:
    series = [_series("a sample", line.cost_ms)] if any(line.cost_ms) else []
    note = "How long the crawl waits for each sample."
    return _chart("cost", "What LeakWatch costs", note, "ms", series)


def _marks(crawl: Crawl, cards: list[Card]) -> Iterator[Chart]:
    numbers = {
        told.case: card.number
        for told, card in zip(kinds.by_severity(crawl.standing), cards, strict=True)
    }
    for restart in crawl.restarts[:MOST_MARKS]:
        yield {
            "time": round(restart.time, 2),
            "number": "\u21bb",
            "tone": "quiet",
            "text": f"process {restart.process} takes over: {restart.why}",
        }
    for told in crawl.told[:MOST_MARKS]:
        yield {
            "time": round(told.time, 2),
            "number": numbers[told.case],
            "tone": kinds.tone(told.verdict),
            "text": f"{kinds.title(told.verdict)}: {told.verdict.subject}",
        }
