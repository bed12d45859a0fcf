"""What objects of extensions keep outside Python, beside what the process grew by.

Each case keeps 60 objects in a process of its own. ``grew`` is the resident memory and
``told`` what the heap's walk has for them, each divided by their number; ``took`` is
what it took to follow all blocks. A library that is missing is left out. Run::

    pip install selectolax quickjs pymupdf confluent-kafka zstandard bitarray protobuf
    python benchmarks/blocks.py [CASE ...]
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import math
import os
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

import psutil

from scrapy_leakwatch.heap.graph import make
from scrapy_leakwatch.heap.sizes import rule

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = 60
WARM = 2
PAGE = (
    "<html><head><title>t</title></head><body>"
    + "".join(
        f"<div><a href='/{i}'>page {i}</a><p>some words</p></div>" for i in range(900)
    )
    + "</body></html>"
)
SHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    + "".join(
        f'<xsl:template match="a{i}"><b><xsl:value-of select="c"/></b></xsl:template>'
        for i in range(60)
    )
    + "</xsl:stylesheet>"
)
SCHEMA = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    + "".join(f'<xs:element name="e{i}" type="xs:string"/>' for i in range(200))
    + "</xs:schema>"
)


def compress(module: Any) -> Any:
    """Return a compressor that is at work."""
    made = module.compressobj()
    made.compress(os.urandom(500_000))
    return made


def archive(module: Any) -> Any:
    """Return one of LZMA's."""
    made = module.LZMACompressor(preset=1)
    made.compress(os.urandom(500_000))
    return made


def run_script(module: Any) -> Any:
    """Return a context of JavaScript with 4,000 objects."""
    made = module.Context()
    made.eval(
        "var many = []; for (var i = 0; i < 4000; i++) many.push({a: i, b: 'x' + i})"
    )
    return made


def write_page(module: Any) -> Any:
    """Return a document of one page."""
    made = module.open()
    page = made.new_page()
    for line in range(40):
        page.insert_text((72, 20 + 30 * line), PAGE[100 * line : 100 * line + 100])
    return made


def produce(module: Any) -> Any:
    """Return a producer with 50 messages that nobody takes."""
    made = module.Producer({"bootstrap.servers": "127.0.0.1:9", "log_level": 0})
    for _ in range(50):
        made.produce("pages", PAGE.encode()[:20_000])
    return made


def stream(module: Any) -> Any:
    """Return a compressor of Zstandard's that is at work."""
    made = module.ZstdCompressor().compressobj()
    made.compress(os.urandom(200_000))
    return made


def gather(module: Any) -> Any:
    """Return a message of ten pages."""
    made = module.ListValue()
    for _ in range(10):
        made.values.add().string_value = PAGE
    return made


CASES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "zlib": ("zlib", compress),
    "lzma": ("lzma", archive),
    "ssl": ("ssl", lambda module: module.create_default_context()),
    "XSLT": ("lxml.etree", lambda module: module.XSLT(module.XML(SHEET))),
    "XMLSchema": ("lxml.etree", lambda module: module.XMLSchema(module.XML(SCHEMA))),
    "ctypes": ("ctypes", lambda module: (module.c_char * 100_000)(*PAGE[:9].encode())),
    "pyOpenSSL": (
        "OpenSSL.SSL",
        lambda module: module.Connection(module.Context(module.TLS_CLIENT_METHOD)),
    ),
    "selectolax": ("selectolax.lexbor", lambda module: module.LexborHTMLParser(PAGE)),
    "its nodes": (
        "selectolax.lexbor",
        lambda module: module.LexborHTMLParser(PAGE).css_first("title"),
    ),
    "quickjs": ("quickjs", run_script),
    "PyMuPDF": ("pymupdf", write_page),
    "Kafka": ("confluent_kafka", produce),
    "zstandard": ("zstandard", stream),
    "protobuf": ("google.protobuf.struct_pb2", gather),
    "bitarray": ("bitarray", lambda module: module.bitarray(800_000)),
}


def resident() -> int:
    """Return the resident bytes without what malloc keeps free."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(psutil.Process().memory_info().rss)


def told(kept: list[Any]) -> tuple[int, float]:
    """Return the bytes of all in a list, and the seconds to follow all blocks."""
    graph = make(rule)
    index, rest = graph.enter(kept), graph.enter(sys.modules)
    gc.freeze()
    gc.unfreeze()
    for root in (index, rest):
        graph.run([root], False, math.inf)
    graph.unreached(sys.modules, math.inf)
    begun = time.perf_counter()
    graph.keep(math.inf)
    took = time.perf_counter() - begun
    graph.settle()
    return graph.bytes(index), took


def measure(name: str) -> None:
    """Print the row of a case."""
    warnings.simplefilter("ignore")
    home, one = CASES[name]
    try:
        module = importlib.import_module(home)
    except ImportError:
        print(f"{name:12} is not installed")
        return
    kept = [one(module) for _ in range(WARM)]
    before = resident()
    kept += [one(module) for _ in range(NUMBER)]
    grew = (resident() - before) / NUMBER
    size, took = told(kept)
    each = size / len(kept)
    print(
        f"{name:12}{grew / 1000:8.0f} kB{each / 1000:8.0f} kB{each / max(grew, 1):8.2f}"
        f"{took * 1000:8.0f} ms"
    )


def main(names: list[str]) -> None:
    """Measure each case in a process of its own."""
    if len(names) == 1 and names[0] in CASES:
        measure(names[0])
        return
    print("keeps           grew       told    told/grew    took")
    for name in names or CASES:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
