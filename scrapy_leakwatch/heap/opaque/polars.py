"""Frames and series of polars, which are Rust's."""

from __future__ import annotations

from types import MethodDescriptorType
from typing import Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap.opaque.kind import NOTHING, Held, OpaqueKind


def _open_polars(_: type, obj: Any) -> Held:
    inner = anatomy.attribute(obj, "_df")
    if inner is None:
        inner = anatomy.attribute(obj, "_s")
    measure = anatomy.namespace(type(inner)).get("estimated_size")
    if type(measure) is not MethodDescriptorType:
        return NOTHING
    return int(measure(inner)), []


KIND = OpaqueKind(
    ("polars.dataframe.frame.DataFrame", "polars.series.series.Series"),
    lambda: _open_polars,
)
