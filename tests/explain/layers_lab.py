"""Makes real memory of one kind in a process of its own, and looks into it.

Prints one JSON object: the `Layers` at the moments that matter, with Python's
blocks at each, and what trimming gave back in the end.
"""

import ctypes
import gc
import json
import mmap
import random
import sys
import time

from scrapy_leakwatch.crawl.trimming import trim
from scrapy_leakwatch.explain import layers_in_child
from scrapy_leakwatch.records import fields_of

MEGABYTE = 1_000_000
KEPT = []


def fragmented_malloc():
    """Large objects among small ones; one in 50 stays."""
    objects = [
        b"x" * random.randint(600, 3000) if number % 4 else (number, str(number))
        for number in range(150_000)
    ]
    look()
    KEPT.append(objects[::50])
    del objects
    gc.collect()
    look()


def fragmented_arenas():
    objects = [(number, str(number)) for number in range(1_000_000)]
    look()
    KEPT.append(objects[::500])
    del objects
    gc.collect()
    look()


def native():
    """Blocks of malloc that no Python object knows."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    for megabytes in (60, 90):
        for _ in range(megabytes * 100):
            libc.memset(libc.malloc(10_000), 1, 10_000)
        look()


def mapped():
    """Memory from the system, past malloc: what other allocators do."""
    for megabytes in (60, 90):
        KEPT.append(mmap.mmap(-1, megabytes * MEGABYTE, flags=mmap.MAP_PRIVATE))
        KEPT[-1].write(b"x" * (megabytes * MEGABYTE))
        look()


def hoard_of_bytes():
    for megabytes in (60, 90):
        KEPT.extend(bytes(40_000) + b"%d" % n for n in range(megabytes * 25))
        look()


def hoard_of_small():
    for number in (400_000, 600_000):
        KEPT.extend([str(index)] for index in range(number))
        look()


def hoard_in_tuples():
    """What the collector does not list, on what it does not list."""
    for megabytes in (60, 90):
        KEPT.append(
            [("x", ("y", "z" * 9_990 + str(n))) for n in range(megabytes * 100)]
        )
        gc.collect()  # it lets go of tuples that hold nothing that it lists
        look()


def parsed():
    """Trees of lxml."""
    from scrapy import Selector

    page = "<p class='a'>A fine thing <b>to</b> have.</p>" * 1000
    for number in (60, 90):
        for _ in range(number):
            KEPT.append(Selector(text=page))
        look()


def a_file():
    """A mapped file, which the system can drop."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(b"x" * (150 * MEGABYTE))
        file.flush()
        for megabytes in (60, 150):
            size = megabytes * MEGABYTE
            KEPT.append(mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ))
            assert KEPT[-1][:: mmap.PAGESIZE]
            look()


LOOKS = []


def look():
    asked = layers_in_child(timeout_s=60)
    while (found := asked.poll()) is None:
        time.sleep(0.01)
    LOOKS.append({"blocks": sys.getallocatedblocks(), "layers": fields_of(found)})


if __name__ == "__main__":
    random.seed(1)
    look()
    globals()[sys.argv[1]]()
    json.dump({"looks": LOOKS, "trimmed": fields_of(trim())}, sys.stdout)
