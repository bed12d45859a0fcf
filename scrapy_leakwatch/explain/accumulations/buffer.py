"""A text, or bytes, that is added to."""

from __future__ import annotations

import array
import io

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.foundation import anatomy

_BUFFERS = (io.BytesIO, io.StringIO, bytearray, array.array, str, bytes)

KIND = AccumulationKind(
    lambda place: anatomy.is_a(place.holder, *_BUFFERS),
    says("write {path} out in parts and truncate it, or write to a file instead"),
)
