"""A text, or bytes, that is added to."""

from __future__ import annotations

import array
import io
from typing import TYPE_CHECKING

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind
from scrapy_leakwatch.foundation import anatomy

if TYPE_CHECKING:
    from scrapy_leakwatch.explain.bills.paths import Place
    from scrapy_leakwatch.records import Origin

_FILES = (io.BytesIO, io.StringIO)
_TEXTS = (bytearray, array.array, str, bytes)


def _is_file(place: Place) -> bool:
    """Tell whether it is one; up to Python 3.11 a StringIO has lists of texts."""
    return any(anatomy.is_a(each, *_FILES) for each in place.way[-2:])


def _fix(place: Place, _: str, __: Origin) -> str:
    if _is_file(place):
        return (
            f"write {place.path} out in parts, with seek(0) and truncate() after each, "
            "or have a file instead, such as tempfile.TemporaryFile()"
        )
    return f"write {place.path} to a file in parts, and begin it anew after each"


KIND = AccumulationKind(
    lambda place: _is_file(place) or anatomy.is_a(place.holder, *_TEXTS), _fix
)
