"""What objects of extensions keep outside Python.

A dead word may lead any object to what is somebody else's in this process. So where not
too much is to be told, the middle one of several is asked.
"""

from __future__ import annotations

import bz2
import ctypes
import os
import ssl
import statistics
import subprocess
import sys
import zlib
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree

from scrapy_leakwatch.heap import twin
from scrapy_leakwatch.heap.sizes import rule
from tests.heap.blocks import KNOWS_BLOCKS, LIBC, block, holder, kept_by
from tests.heap.walkers import FOREVER, IN_C, unreached

MEGABYTE = 1_000_000
pytestmark = pytest.mark.skipif(
    not KNOWS_BLOCKS, reason="not built in C, or another malloc"
)


def compressor():
    made = zlib.compressobj()
    made.compress(os.urandom(MEGABYTE))
    return made


def archiver():
    made = bz2.BZ2Compressor()
    made.compress(os.urandom(3 * MEGABYTE))
    return made


def style_sheet(rules=300):
    rule_of = (
        '<xsl:template match="a{0}"><b><xsl:value-of select="c"/></b></xsl:template>'
    )
    return etree.XSLT(
        etree.XML(
            '<xsl:stylesheet version="1.0"'
            ' xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
            + "".join(map(rule_of.format, range(rules)))
            + "</xsl:stylesheet>"
        )
    )


def certificates(number: int) -> str:
    """Return so many certificates, each of another authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = []
    for each in range(number):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {each}")])
        begun = datetime(2026, 1, 1, tzinfo=timezone.utc)
        built = (
            x509.CertificateBuilder(name, name, key.public_key(), each + 1)
            .not_valid_before(begun)
            .not_valid_after(begun + timedelta(days=9))
        )
        signed = built.sign(key, hashes.SHA256())
        made.append(signed.public_bytes(serialization.Encoding.PEM).decode())
    return "".join(made)


def context(trusted=50):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cadata=certificates(trusted))
    return made


class Record(ctypes.Structure):
    _fields_ = (("text", ctypes.c_char * MEGABYTE),)


def written(record):
    ctypes.memset(ctypes.addressof(record), 1, ctypes.sizeof(record))
    return record


@pytest.mark.parametrize(
    ("make", "least", "most"),
    [
        pytest.param(compressor, 200_000, 400_000, id="zlib"),
        pytest.param(archiver, 5 * MEGABYTE, 10 * MEGABYTE, id="bz2"),
        pytest.param(style_sheet, 300_000, 3 * MEGABYTE, id="lxml"),
        pytest.param(context, 100_000, MEGABYTE, id="ssl"),
        pytest.param(lambda: written(Record()), MEGABYTE, 1_010_000, id="subclass"),
    ],
)
def test_an_object_of_c_has_the_bytes_that_it_keeps(make, least, most) -> None:
    kept = [[make()] for _ in range(5)]
    assert least <= statistics.median(kept_by(*kept)) <= most


def test_a_message_has_what_an_object_that_nobody_sees_keeps_for_it() -> None:
    struct = pytest.importorskip("google.protobuf.struct_pb2")
    messages = [struct.ListValue() for _ in range(5)]
    if type(messages[0]).__bases__[0].__module__ != "google._upb._message":
        pytest.skip("not the one that is written in C")
    for message in messages:
        for _ in range(100):
            message.values.add().string_value = "x" * 10_000
    size = statistics.median(kept_by(*([each] for each in messages)))
    assert MEGABYTE <= size <= 3 * MEGABYTE


def test_a_block_is_followed_to_others() -> None:
    last = block(MEGABYTE)
    first = block(2 * MEGABYTE)
    ctypes.c_void_p.from_address(first + 500_000).value = last
    (size,) = kept_by([holder(first)])
    assert 3 * MEGABYTE <= size <= 3_020_000
    LIBC.free(ctypes.c_void_p(first))
    LIBC.free(ctypes.c_void_p(last))


def test_what_two_have_counts_once_and_is_the_nearest_ones() -> None:
    shared = block(MEGABYTE)
    between = block(10_000)
    ctypes.c_void_p.from_address(between).value = shared
    far, near = kept_by([holder(between)], [holder(shared)])
    assert near >= MEGABYTE > 20_000 > far
    for each in (shared, between):
        LIBC.free(ctypes.c_void_p(each))


def test_what_was_never_written_takes_no_memory() -> None:
    address = LIBC.calloc(ctypes.c_size_t(1), ctypes.c_size_t(100 * MEGABYTE))
    (size,) = kept_by([holder(address)])
    assert size < 20_000
    LIBC.free(ctypes.c_void_p(address))


def test_what_was_given_back_is_nobodys() -> None:
    gone = []
    for _ in range(5):
        blocks = [block(5_000) for _ in range(200)]
        given_back, kept = blocks[::2], blocks[1::2]
        holders = [(ctypes.c_void_p * len(each))(*each) for each in (given_back, kept)]
        for each in given_back:
            LIBC.free(ctypes.c_void_p(each))
        size, there = kept_by(*([each] for each in holders))
        gone.append(size)
        assert there >= 100 * 5_000
        for each in kept:
            LIBC.free(ctypes.c_void_p(each))
    assert min(gone) < 50 * 5_000  # some may be somebody else's by now


def test_what_python_has_in_blocks_of_malloc_is_not_counted_twice() -> None:
    text = "x" * MEGABYTE
    large = tuple(range(100_000))
    alone = kept_by([text, large])
    both = kept_by([text, large], [holder(id(text), id(large), id(large) - 16)])
    assert both[0] == alone[0]
    assert both[1] < 5_000


def test_what_is_measured_by_other_means_has_its_memory_already() -> None:
    roots = [etree.HTML("<p>a word</p>" * 20_000)]
    found = IN_C(rule)
    span = found.run([found.enter(roots)], False, FOREVER)
    before = found.totals(*span)
    assert before[0] > found.tree_bytes > MEGABYTE
    unreached(found)
    found.keep(FOREVER)
    assert found.totals(*span) == before


def test_without_time_nothing_is_added() -> None:
    blocks = [block(64) for _ in range(20_000)]
    table = block(8 * len(blocks))
    (ctypes.c_void_p * len(blocks)).from_address(table)[:] = blocks
    held = [holder(table)]
    assert kept_by(held, until=0)[0] < 5_000
    assert kept_by(held)[0] > 20_000 * 64
    for each in (table, *blocks):
        LIBC.free(ctypes.c_void_p(each))


ANYWHERE = """
import contextlib, ctypes, mmap, random, sys
from scrapy_leakwatch.heap.graph import make
from scrapy_leakwatch.heap.sizes import rule

choice = random.Random(int(sys.argv[1]))
guarded = mmap.mmap(-1, 2**20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(0, 2**20, 8192):
    with contextlib.suppress(OSError):  # before Linux 6.13
        guarded.madvise(102, page, 4096)  # MADV_GUARD_INSTALL
edges = []
for line in open("/proc/self/maps"):
    edges += [int(edge, 16) for edge in line.split()[0].split("-")]
objects = [[{str(n): n}, str(n) * 300, b"x" * n] for n in range(3000)]
known = [id(each) for row in objects for each in row]
inside = ctypes.addressof(ctypes.c_char.from_buffer(guarded))
known += range(inside, inside + 2**20, 4096)
words = (ctypes.c_uint64 * 200_000)()
for place in range(len(words)):
    near = choice.choice((choice.choice(edges), choice.choice(known)))
    words[place] = (near + 8 * choice.randint(-40, 40)) % 2**64
for place in range(0, len(words), 50):
    words[place] = choice.getrandbits(choice.choice((32, 47, 64)))
found = make(rule)
roots = [words, objects]
found.run([found.enter(roots)], False, float("inf"))
resident = int(open("/proc/self/statm").read().split()[1]) * 4096
assert 1_600_000 <= found.keep(float("inf")) <= resident
"""
"""An object whose words point to wherever there is something, or isn't."""


@pytest.mark.parametrize("seed", range(5))
def test_whatever_words_say_nothing_is_read_that_is_not_there(seed) -> None:
    subprocess.run([sys.executable, "-c", ANYWHERE, str(seed)], check=True, timeout=50)


def test_the_twin_leaves_it_to_the_part_in_c() -> None:
    found = twin.Graph(rule)
    index = found.enter(compressor())
    found.run([index], False, FOREVER)
    assert found.keep(FOREVER) == 0
    assert found.bytes(index) < 5_000
