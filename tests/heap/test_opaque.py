"""Objects that hold what the collector is not shown are opened by name."""

from __future__ import annotations

import io
import mmap
import sqlite3
import subprocess
import sys
import threading

import lxml.html
import pytest

from scrapy_leakwatch.heap import memory, twin
from scrapy_leakwatch.heap.opaque import Opener, open_up, parts_of
from scrapy_leakwatch.heap.roots import Outside, parsers
from tests.heap.walkers import walked

MEGABYTE = 1_000_000
KNOWN = pytest.mark.skipif(not memory.KNOWN, reason="no ctypes here")


def size_of(obj):
    return open_up(obj)[0]


@pytest.mark.parametrize("obj", [None, 1, [], {}, object(), Opener, sys])
def test_anything_else_has_nothing_to_open(obj) -> None:
    assert open_up(obj) == (0, [])


def test_the_objects_in_an_array_are_its_own() -> None:
    numpy = pytest.importorskip("numpy")
    pages = [bytearray(number) for number in range(6)]
    objects = numpy.empty((2, 3), dtype=object)
    objects.flat = pages
    size, held = open_up(objects)
    assert size == 0
    assert sorted(map(id, held)) == sorted(map(id, pages))
    assert open_up(numpy.zeros(1000)) == (0, [])


def test_the_objects_in_the_fields_of_an_array_are_its_own() -> None:
    numpy = pytest.importorskip("numpy")
    pages = [bytearray(number) for number in range(3)]
    inner = [("page", object), ("number", int)]
    rows = numpy.zeros(3, dtype=[("key", "U10"), ("both", inner)])
    rows["both"]["page"] = pages
    assert list(map(id, open_up(rows)[1])) == list(map(id, pages))
    assert open_up(numpy.zeros(3, dtype=[("key", "U10"), ("number", int)])) == (0, [])


def test_a_view_of_an_array_holds_the_array() -> None:
    numpy = pytest.importorskip("numpy")
    whole = numpy.zeros(1000)
    assert open_up(whole[:10]) == (0, [whole])
    buffer = bytearray(80)
    held = open_up(numpy.frombuffer(buffer))[1]
    assert len(held) == 1


def test_no_code_of_an_array_is_run() -> None:
    numpy = pytest.importorskip("numpy")
    asked = []

    class Own(numpy.ndarray):
        def __array_finalize__(self, obj):
            asked.append("finalize")

        def __getattribute__(self, name):
            asked.append(name)
            return super().__getattribute__(name)

    own = numpy.array(["a", "b"], dtype=object).view(Own)
    asked.clear()
    held = open_up(own)[1]
    assert asked == []
    assert [each for each in held if type(each) is str] == ["a", "b"]


def test_a_buffer_of_arrow_is_counted_once() -> None:
    arrow = pytest.importorskip("pyarrow")
    opener = Opener()
    column = arrow.array(["x" * 100] * 10_000)
    assert opener.open_up(column)[0] == pytest.approx(MEGABYTE, rel=0.1)
    assert opener.open_up(column.slice(10, 100)) == (0, [])
    assert opener.open_up(arrow.chunked_array([column])) == (0, [])
    table = arrow.table({"url": column, "depth": arrow.array(range(10_000))})
    assert 80_000 <= opener.open_up(table)[0] <= 90_000
    assert opener.open_up(table.to_batches()[0]) == (0, [])
    assert size_of(table) > MEGABYTE
    assert size_of(arrow.allocate_buffer(MEGABYTE)) == MEGABYTE


def test_a_column_of_pandas_leads_to_arrow() -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    texts = pandas.array(["x" * 100] * 10_000, "string[pyarrow]")
    frame = pandas.DataFrame({"text": texts})
    found, _spans = walked(twin.Graph, frame)
    opener = Opener()
    told = [opener.open_up(found.object(index))[0] for index in found.opaque()]
    assert MEGABYTE <= sum(told) <= 1.2 * MEGABYTE


def test_a_frame_of_polars_tells_its_size() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"text": ["x" * 100] * 10_000})
    assert size_of(frame) == pytest.approx(MEGABYTE, rel=0.3)
    assert size_of(frame["text"]) == pytest.approx(MEGABYTE, rel=0.3)


@pytest.mark.parametrize(
    ("mode", "pixel"), [("L", 1), ("1", 1), ("RGB", 4), ("RGBA", 4), ("F", 4)]
)
def test_a_picture_is_as_large_as_its_rows(mode, pixel) -> None:
    image = pytest.importorskip("PIL.Image")
    size = size_of(image.new(mode, (400, 300)).im)
    assert size == pytest.approx(400 * 300 * pixel, rel=0.03)


@KNOWN
def test_memory_of_no_file_is_as_large_as_its_mapping(tmp_path) -> None:
    with mmap.mmap(-1, MEGABYTE) as mapped:
        mapped[0] = 1
        assert size_of(mapped) == MEGABYTE
    assert size_of(mapped) == 0
    path = tmp_path / "file"
    path.write_bytes(bytes(MEGABYTE))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        assert size_of(mapped) == 0


@KNOWN
@pytest.mark.parametrize("letter", ["a", "\xe9", "\u4e00", "\U0001f600"])
def test_text_that_is_written_is_as_large_as_its_buffer(letter) -> None:
    text = io.StringIO()
    for _ in range(1000):
        text.write(letter * 1000)
    size, lists = open_up(text)
    in_lists = sum(sys.getsizeof(part) for each in lists for part in each)
    width = 1 if letter < "\u0100" else 2 if letter < "\U00010000" else 4
    assert size + in_lists == pytest.approx(width * MEGABYTE, rel=0.3)
    text.seek(0)
    text.read(1)
    size, lists = open_up(text)
    assert size == pytest.approx(4 * MEGABYTE, rel=0.3)
    assert lists == []


@KNOWN
def test_a_database_in_memory_is_as_large_as_its_pages() -> None:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table pages (body blob)")
        before = size_of(database)
        database.execute("insert into pages values (?)", (bytes(5 * MEGABYTE),))
        assert size_of(database) - before == pytest.approx(5 * MEGABYTE, rel=0.2)
    database.close()
    assert size_of(database) == 0
    assert size_of(sqlite3.Connection.__new__(sqlite3.Connection)) == 0


def names_of_pages(numbers):
    """Parse a page for each number, whose tags and attributes are its own."""
    for number in numbers:
        page = "".join(
            f"<x-{number}-{each}-{'q' * 80} data-{number}-{each}-{'z' * 80}=1>"
            for each in range(50)
        )
        lxml.html.fromstring(f"<p>{page}")


def dictionary():
    (root,) = parsers.roots(None, Outside())
    (start,) = root.starts
    return start.obj


@KNOWN
def test_lxml_keeps_the_names_of_all_pages() -> None:
    names_of_pages(range(1))
    found = dictionary()
    before, (_, named) = size_of(found), parts_of(found)
    names_of_pages(range(1000, 1200))
    assert parts_of(found) == ("names", pytest.approx(named + 20_000, rel=0.01))
    assert size_of(found) - before == pytest.approx(20_000 * 110, rel=0.3)
    names_of_pages(range(1000, 1200))
    assert parts_of(found)[1] == pytest.approx(named + 20_000, rel=0.01)


@KNOWN
def test_the_names_that_two_threads_share_count_once() -> None:
    names_of_pages(range(2000, 2200))
    main, met = dictionary(), []

    def parse():
        names_of_pages(range(2000, 2001))  # with the parser of the main thread
        opener = Opener()
        met.extend(opener.open_up(each)[0] for each in (main, dictionary(), main))

    thread = threading.Thread(target=parse)
    thread.start()
    thread.join()
    assert met[0] > 20_000 * 110 * 0.7
    assert met[1] < 100_000
    assert met[2] == 0


BUSY = """
import os, sqlite3, sys, threading, time, warnings
from scrapy_leakwatch.heap.opaque import open_up
warnings.simplefilter("ignore")
database = sqlite3.connect(":memory:", check_same_thread=False)
running = threading.Event()
database.create_function("wait", 0, lambda: running.set() or time.sleep(60))
threading.Thread(target=lambda: database.execute("select wait()"), daemon=True).start()
running.wait()
if os.fork() == 0:
    os._exit(0 if open_up(database) == (0, []) else 1)
_, status = os.wait()
os._exit(status >> 8 or status)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_database_at_work_in_another_thread_is_left_alone() -> None:
    subprocess.run([sys.executable, "-c", BUSY], check=True, timeout=50)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "ndarray"),
        ("mmap", "mmap"),
        ("sqlite3", "Connection"),
        ("_io", "StringIO"),
        ("builtins", "ImagingCore"),
        ("polars.series.series", "Series"),
        ("pyarrow.lib", "Buffer"),
        ("lxml.etree", "_ParserDictionaryContext"),
    ],
)
def test_who_bears_the_name_of_another_is_not_opened(module, name) -> None:
    fake = type(name, (), {"__module__": module, "__slots__": ("a", "b")})
    assert open_up(fake()) == (0, [])
