"""What is read of CPython's structs and tables, and of what it prints."""

from __future__ import annotations

import atexit
import bz2
import ctypes
import dis
import functools
import gc
import hashlib
import io
import lzma
import mmap
import sqlite3
import ssl
import sys
import types
from typing import Any

from scrapy_leakwatch.explain.containers import contents, entries
from scrapy_leakwatch.explain.memory import allocators
from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import measures, memory, opaque, twin
from scrapy_leakwatch.heap.roots import exits
from scrapy_leakwatch.observe import full_collections
from tests.canaries.part import LOST, MB, Part, Plain
from tests.heap.blocks import KNOWS_BLOCKS, LIBC, block, holder, kept_by
from tests.heap.walkers import IN_C, is_marked, nothing_collected, unreached, walked

KEEPERS = [
    cls.__module__
    for cls in (
        bz2.BZ2Compressor,
        ctypes.Array,
        type(hashlib.sha256()),
        lzma.LZMADecompressor,
        ssl.MemoryBIO,
    )
]
WALKS = [each for each in (IN_C, twin.Graph) if each is not None]


def is_reached(root: Any, wanted: Any) -> bool:
    """Tell whether each walk goes from one object to the other."""
    graphs = (walked(walker, root)[0] for walker in WALKS)
    return all(found.find(wanted) >= 0 for found in graphs)


def measured(obj: Any) -> list[int]:
    """Return the bytes of an object itself, as each walk has them."""
    found = []
    for walker in WALKS:
        one, _ = walked(walker, obj)
        found.append(one.totals(0, 1)[0])
    return found


def finds_callback() -> bool:
    """Tell whether a callback is found with all it was registered with."""
    kept = Plain("kept")
    atexit.register(finds_callback, kept, named=kept)
    try:
        callback = (finds_callback, (kept,), {"named": kept})
        return sys.platform != "linux" or callback in exits.callbacks()
    finally:
        atexit.unregister(finds_callback)


def weighs_attributes() -> bool:
    """Tell whether attributes are weighed that no ``__dict__`` was made for."""
    known, least = sys.getsizeof(Plain(1)), 16 * (sys.version_info >= (3, 11))
    return all(known + least <= size <= known + 600 for size in measured(Plain(1)))


def weighs_block() -> bool:
    """Tell whether an object has the bytes of what malloc gave for it."""
    if not KNOWS_BLOCKS:
        return True
    made = (ctypes.c_char * MB)(*bytes(MB))
    return MB <= kept_by([made])[0] <= 1.1 * MB


def follows_small_block() -> bool:
    """Tell whether what Python's allocator gave for it is followed to others."""
    if not KNOWS_BLOCKS:
        return True
    address = block(MB)
    size = kept_by([holder(address)])[0]
    LIBC.free(ctypes.c_void_p(address))
    return size >= MB


def shows_keys() -> bool:
    table = {"".join(("a ", "key")): 1}
    return is_reached(table, next(iter(table)))


def shows_made_dict() -> bool:
    made = Plain(1)
    return is_reached(made, vars(made))


def lists_garbage() -> bool:
    for walker in WALKS[:1]:  # Python's own asks the collector
        with nothing_collected():
            dead = Plain(None)
            dead.held = dead
            number = id(dead)
            del dead
            found, _ = walked(walker, [])
            begin, end = unreached(found)
            if not any(
                id(found.object(index)) == number and not is_marked(found, index)
                for index in range(begin, end)
            ):
                return False
    return True


def opened(obj: Any) -> int:
    """Return the bytes that an object has besides, and those of what it holds."""
    size, held = opaque.open_up(obj)
    return size + sum(sys.getsizeof(part) for each in held for part in each)


def weighs_text() -> bool:
    text = io.StringIO()
    for _ in range(1000):
        text.write("a" * 1000)
    gathering = opened(text)
    text.seek(0)
    text.read(1)
    return 0.7 * MB < gathering < 1.4 * MB and 3.9 * MB < opened(text) < 5 * MB


def weighs_mapping() -> bool:
    with mmap.mmap(-1, 2**20) as mapped:
        return opened(mapped) == 2**20


def weighs_database() -> bool:
    database = sqlite3.connect(":memory:")
    database.execute("create table pages (body blob)")
    database.execute("insert into pages values (?)", (bytes(MB),))
    size = opened(database)
    database.close()
    return MB < size < 2 * MB


def counts_buffer_once() -> bool:
    for walker in WALKS:
        found, (span,) = walked(walker, [io.BytesIO(bytes(MB))])
        if not MB < found.totals(*span)[0] < 1.1 * MB:
            return False
    return True


def entries_of_cache() -> bool:
    cache = functools.lru_cache(maxsize=9)(str)
    for number in range(5):
        cache(number)
    return (0, "0") in contents.pick(cache) and len(contents.pick(cache)) == 5


def ends_full_collection() -> bool:
    seen: list[tuple[str, int]] = []

    def ran(phase: str, info: dict[str, int]) -> None:
        seen.append((phase, info["generation"]))

    gc.callbacks.append(ran)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(ran)
    return seen[-1] == ("stop", full_collections.FULL)


CPYTHON = [
    Part(
        "CPython: attributes beside their object (Objects/dictobject.c)",
        "",
        "heap/_graph.c heap/measures.py",
        LOST,
        weighs_attributes,
    ),
    Part(
        "CPython: where an object has its __dict__ (Include/cpython/object.h)",
        "",
        "heap/_graph.c heap/measures.py",
        "what is in it would be held by nobody",
        shows_made_dict,
    ),
    Part(
        "glibc: the head of a block (malloc/malloc.c)",
        "",
        "heap/_blocks.h",
        "what extensions keep would be outside Python, and nobody's",
        weighs_block,
    ),
    Part(
        "CPython: the pools of its allocator (Objects/obmalloc.c)",
        "",
        "heap/_blocks.h",
        "less of what extensions keep would have an owner",
        follows_small_block,
    ),
    Part(
        "CPython: modules in C that keep memory",
        "_bz2 _ctypes _hashlib _lzma _ssl",
        "heap/sizes.py",
        "what they keep would be outside Python, and nobody's",
        lambda: types.SimpleNamespace(**dict.fromkeys(KEEPERS)),
    ),
    Part(
        "CPython: a dict of strings shows no keys (dict_traverse)",
        "",
        "heap/_graph.c heap/measures.py",
        LOST,
        shows_keys,
    ),
    Part(
        "CPython: the links of the collector's list (PyGC_Head)",
        "",
        "heap/_graph.c heap/measures.py",
        "garbage would be told as leaked",
        lists_garbage,
    ),
    Part(
        "CPython: the head of an object, and that an id is its address",
        "",
        "heap/memory.py",
        LOST,
        lambda: memory.KNOWN and memory.object_at(id(WALKS), list) is WALKS,
    ),
    Part(
        "CPython: io.StringIO (Modules/_io/stringio.c)",
        "",
        "heap/opaque/texts.py",
        LOST,
        weighs_text,
    ),
    Part(
        "CPython: mmap.mmap (Modules/mmapmodule.c)",
        "",
        "heap/opaque/mappings.py",
        LOST,
        weighs_mapping,
    ),
    Part(
        "CPython: sqlite3.Connection begins with its handle",
        "_sqlite3",
        "heap/opaque/databases.py",
        LOST,
        lambda: weighs_database() and types.SimpleNamespace(**sys.modules),
    ),
    Part(
        "CPython: what a BytesIO shows to the collector",
        "",
        "heap/sizes.py",
        LOST,
        counts_buffer_once,
    ),
    Part(
        "CPython: functools.lru_cache and its links (Modules/_functoolsmodule.c)",
        "_lru_cache_wrapper",
        "explain/accumulations/memo.py"
        " explain/answers/hoard.py explain/bills/paths.py explain/containers/bounds.py"
        " explain/containers/contents.py explain/holders/cache.py"
        " foundation/anatomy.py observe/census/shapes.py",
        "what a cache has would not be told",
        lambda: entries_of_cache() and functools,
    ),
    Part(
        "CPython: PyDict_Next through ctypes",
        "",
        "explain/containers/entries.py",
        "a few entries of a large dict would cost the memory of all",
        lambda: (4, 4) in list(entries.entries({n: n for n in range(5)}, 5)),
    ),
    Part(
        "CPython: the callbacks of atexit in the interpreter's state",
        "_ncallbacks",
        "heap/roots/exits.py",
        "what they keep would be held by nobody that is known",
        lambda: finds_callback() and atexit,
    ),
    Part(
        "CPython: generations in gc.callbacks",
        "",
        "observe/full_collections.py",
        "no full collection would be seen, and no leak be told",
        ends_full_collection,
    ),
    Part(
        "CPython: the generations of gc.get_objects()",
        "",
        "heap/measures.py",
        "garbage would be told as leaked",
        lambda: any(each is sys.modules for each in measures.listed_with(sys.modules)),
    ),
    Part(
        "CPython: what sys._debugmallocstats() prints",
        "",
        "explain/memory/allocators.py",
        "growth outside Python would not be told",
        lambda: (
            type(allocators.arenas()) is allocators.Arenas
            and allocators.arenas().size > 0
        ),
    ),
    Part(
        "CPython: the name of the instruction that deletes an item",
        "",
        "explain/code/evictions.py",
        "what is bounded by hand would be told to grow",
        lambda: (
            "DELETE_SUBSCR"
            in {
                each.opname
                for each in dis.get_instructions(compile("del a[b]", "", "exec"))
            }
        ),
    ),
    Part(
        "CPython: the flag of types that were made at run time",
        "",
        "foundation/anatomy.py",
        "classes would belong to nobody",
        lambda: anatomy.is_heap_type(Plain) and not anatomy.is_heap_type(dict),
    ),
    Part(
        "CPython: sys._current_frames",
        "_current_frames _current_exceptions _getframe",
        "explain/asking.py",
        "what other threads have would be held by nobody",
        lambda: sys,
    ),
]
