"""The tools that are compared, each used as its own documentation shows.

A tool begins in a process that runs, and is asked later. It answers with the first
three rows of its table, and then with what it says of each when asked on, as a person
would ask: of classes of a module before those of Python. `TOOLS` has all.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import tempfile
import time
import tracemalloc
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy.extensions.memdebug import MemoryDebugger
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.trackref import format_live_refs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SHOWN = 3
"""Rows of an answer that count."""
FRAMES = 10
"""Of each allocation, for tools that tell where memory was allocated."""
LIFETIME_S = 1.0
"""Memalot's: what lives longer is told. Its own example has this, or a minute."""


class Tool(NamedTuple):
    """One way to look for a leak.

    ``begin`` returns what ``ask`` is given, and ``ask`` the entries of the answer.
    A tool that ``traces`` sees only what happens after it has begun, and costs from
    then on. ``needs`` is its package.
    """

    name: str
    begin: Callable[[], Any]
    ask: Callable[[Any], Iterable[str]]
    needs: str = ""
    traces: bool = False

    @property
    def is_there(self) -> bool:
        """Whether its package is installed."""
        return not self.needs or find_spec(self.needs) is not None


def _nothing() -> None:
    """Begin nothing: the tool needs no beginning."""


def _memdebug(_: None) -> list[str]:
    stats = MemoryStatsCollector(_Crawler())
    MemoryDebugger(stats).spider_closed(None, "finished")
    refs = {
        name.rpartition("/")[2]: count
        for name, count in stats.get_stats().items()
        if "/live_refs/" in name
    }
    most = sorted(refs, key=refs.get, reverse=True)[:SHOWN]
    return [f"{name} {refs[name]}" for name in most]


class _Crawler:
    """What Scrapy's stats collector asks of a crawler."""

    class settings:  # noqa: N801
        """No stats are to be dumped."""

        getbool = staticmethod(lambda _: False)


def _prefs(_: None) -> list[str]:
    """Return the rows, largest first: Scrapy sorts them by name."""
    rows = filter(None, format_live_refs().splitlines()[2:])
    return sorted(rows, key=lambda row: -int(row.split()[1]))[:SHOWN]


def _tracemalloc(frames: int) -> Any:
    tracemalloc.start(frames)
    return tracemalloc.take_snapshot(), frames


def _traced(begun: Any) -> list[str]:
    before, frames = begun
    only = [tracemalloc.Filter(False, tracemalloc.__file__)]
    now = tracemalloc.take_snapshot().filter_traces(only)
    by = "traceback" if frames > 1 else "lineno"
    grown = now.compare_to(before.filter_traces(only), by)
    tracemalloc.stop()
    largest = sorted(grown, key=lambda each: -each.size_diff)[:SHOWN]
    return [
        "\n".join([f"{each.size_diff:+,} bytes", *each.traceback.format()])
        for each in largest
    ]


def _memray(*, python: bool) -> Any:
    from memray import Tracker  # noqa: PLC0415

    path = Path(tempfile.mkdtemp()) / "capture"
    tracker = Tracker(path, trace_python_allocators=python)
    tracker.__enter__()
    return tracker, path


def _not_freed(begun: Any) -> list[str]:
    from memray import FileReader  # noqa: PLC0415

    tracker, path = begun
    tracker.__exit__(None, None, None)
    with FileReader(path) as reader:
        kept = reader.get_leaked_allocation_records(merge_threads=True)
        largest = sorted(kept, key=lambda each: -each.size)[:SHOWN]
        return [
            "\n".join([f"{each.size:,} bytes", *map(_frame, _stack(each))])
            for each in largest
        ]


def _stack(record: Any) -> Any:
    return record.stack_trace(max_stacks=FRAMES)


def _frame(frame: tuple[str, str, int]) -> str:
    function, path, line = frame
    return f"{path}:{line} {function} {linecache.getline(path, line).strip()}"


def _objgraph() -> Any:
    import objgraph  # noqa: PLC0415

    peaks: dict[str, int] = {}
    objgraph.growth(peak_stats=peaks, shortnames=False)
    return peaks


def _grown(peaks: dict[str, int]) -> Iterator[str]:
    """Yield what grew, and the chain to one of each as it would be drawn."""
    import objgraph  # noqa: PLC0415

    grown = objgraph.growth(SHOWN, peak_stats=peaks, shortnames=False)
    for name, count, more in grown:
        yield f"{name} {count} {more:+}"
    for name, _, more in sorted(grown, key=lambda row: row[0].startswith("builtins.")):
        yield _chain(name, more)


def _chain(name: str, more: int) -> str:
    import objgraph  # noqa: PLC0415

    one = _of_the_new(objgraph.by_type(name), more)
    chain = objgraph.find_backref_chain(one, objgraph.is_proper_module, max_depth=20)
    drawn = io.StringIO()
    objgraph.show_chain(chain, output=drawn)
    return drawn.getvalue()


def _pympler() -> Any:
    from pympler.tracker import SummaryTracker  # noqa: PLC0415

    return SummaryTracker()


def _summarised(tracker: Any) -> Iterator[str]:
    """Yield what grew, and what refers to one of each."""
    from pympler.refbrowser import ConsoleBrowser  # noqa: PLC0415

    grown = sorted(tracker.diff(), key=lambda row: -row[2])[:SHOWN]
    for name, count, size in grown:
        yield f"{name} {count:+} {size:+,} bytes"
    for name, count, _ in sorted(grown, key=lambda row: "." not in row[0]):
        one = _one_of(name, count)
        with contextlib.redirect_stdout(io.StringIO()) as tree:
            ConsoleBrowser(one, str_func=_type).print_tree()
        yield tree.getvalue()


def _one_of(name: str, more: int) -> object:
    from pympler import muppy  # noqa: PLC0415

    of_type = [each for each in muppy.get_objects() if _is_called(each, name)]
    return _of_the_new(of_type, more) if of_type else None


def _of_the_new(alive: list[Any], more: int) -> object:
    """Return one from the middle of those that came last."""
    return alive[-min(max(more // 2, 1), len(alive))]


def _is_called(obj: object, name: str) -> bool:
    cls = type(obj)
    return name in {cls.__name__, f"{cls.__module__}.{cls.__name__}"}


def _type(obj: object) -> str:
    return str(type(obj))


def _guppy() -> Any:
    from guppy import hpy  # noqa: PLC0415

    heap = hpy()
    heap.setrelheap()
    return heap


def _heap(heap: Any) -> Iterator[str]:
    """Yield what has come since, by type, and by what and along which path."""
    new = heap.heap()
    rows = [new[number] for number in range(min(SHOWN, new.partition.numrows))]
    yield from map(str, rows)
    for row in rows:
        yield f"{row.byvia}\n{row.byid[0].shpaths}"


def _leak_hunter() -> Any:
    from leak_hunter import count_objects  # noqa: PLC0415

    return count_objects()


def _why_alive(before: Any) -> Iterator[str]:
    """Yield what grew, beginning with the type that the tool would go on with."""
    from leak_hunter import count_objects, why_alive  # noqa: PLC0415

    grown = count_objects() - before
    types = sorted(grown, key=lambda name: ("." not in name, -grown[name]))[:1]
    types += [name for name, _ in grown.most_common(SHOWN) if name not in types]
    yield from (f"{name} {grown[name]:+}" for name in types[:SHOWN])
    for name in types[:SHOWN]:
        yield why_alive(name).format()


class _Memalot:
    """Reports by itself, in a thread; keeps what it says."""

    def __init__(self) -> None:
        import memalot  # noqa: PLC0415

        self.begun = time.monotonic()
        self.said: list[tuple[float, str]] = []
        self.monitor = memalot.start_leak_monitoring(
            LIFETIME_S,
            max_object_details=SHOWN,
            output_func=lambda text: self.said.append((self.age(), text)),
            save_reports=False,
            color=False,
        )

    def age(self) -> float:
        return time.monotonic() - self.begun

    def entries(self) -> list[tuple[float, str]]:
        """Return when it told of what, beginning with the first report's first."""
        rows = [
            (at, row)
            for at, text in self.said
            if "Possible New Leaks" in text
            for row in text.splitlines()[4:-1]
        ][:SHOWN]
        details = [(at, text) for at, text in self.said if "Details for" in text]
        return rows + details[:SHOWN]

    def is_complete(self) -> bool:
        return any("End of" in text and "1)" not in text for _, text in self.said)


def _memalot_said(memalot: _Memalot) -> list[str]:
    memalot.monitor.stop()
    return [text for _, text in memalot.entries()]


TOOLS = (
    Tool("MEMDEBUG", _nothing, _memdebug),
    Tool("prefs", _nothing, _prefs),
    Tool("tracemalloc", partial(_tracemalloc, 1), _traced, traces=True),
    Tool("tracemalloc, 10 frames", partial(_tracemalloc, FRAMES), _traced, traces=True),
    Tool("memray", partial(_memray, python=False), _not_freed, "memray", traces=True),
    Tool(
        "memray, Python's too",
        partial(_memray, python=True),
        _not_freed,
        "memray",
        traces=True,
    ),
    Tool("objgraph", _objgraph, _grown, "objgraph"),
    Tool("Pympler", _pympler, _summarised, "pympler"),
    Tool("Guppy", _guppy, _heap, "guppy"),
    Tool("leak-hunter", _leak_hunter, _why_alive, "leak_hunter"),
    Tool("memalot", _Memalot, _memalot_said, "memalot", traces=True),
)


def tool_named(name: str) -> Tool:
    """Return the tool of this name."""
    return next(tool for tool in TOOLS if tool.name == name)
