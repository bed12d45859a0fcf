"""Blocks of malloc's, and objects that keep them."""

from __future__ import annotations

import ctypes

from scrapy_leakwatch.heap.sizes import rule
from tests.heap.walkers import FOREVER, IN_C, unreached

LIBC = ctypes.CDLL(None)
KNOWS_BLOCKS = IN_C is not None and hasattr(LIBC, "gnu_get_libc_version")
if KNOWS_BLOCKS:
    LIBC.malloc.restype = LIBC.calloc.restype = ctypes.c_void_p


def kept_by(*roots, until=FOREVER):
    """Return the bytes of each with all that hangs on it, in C."""
    found = IN_C(rule)
    entered = [found.enter(root) for root in roots]
    for index in entered:
        found.run([index], False, FOREVER)
    unreached(found)
    found.keep(until)
    found.settle()
    return [found.bytes(index) for index in entered]


def block(size):
    """Return the address of a block that is resident."""
    address = LIBC.malloc(ctypes.c_size_t(size))
    ctypes.memset(address, 1, size)
    return address


def holder(*addresses):
    """Return an object of C's that has pointers to blocks, and nothing else."""
    return (ctypes.c_void_p * 8)(*addresses)
