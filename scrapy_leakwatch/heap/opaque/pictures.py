"""Pictures of Pillow."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.heap.opaque.kind import Held, OpaqueKind, field

_WIDTHS = {"1": 1, "L": 1, "P": 1}
"""Bytes of a pixel by the picture's mode; most have four."""


def _open_image(cls: type, obj: Any) -> Held:
    """Return a picture's rows, and the table of them (Pillow's Storage.c)."""
    width, height = field(cls, obj, "size")
    mode = field(cls, obj, "mode")
    pixel = 2 if mode.startswith("I;16") else _WIDTHS.get(mode, 4)
    row = (width * pixel + 3) // 4 * 4
    return height * (row + 8), []


KIND = OpaqueKind(("builtins.ImagingCore",), lambda: _open_image)
