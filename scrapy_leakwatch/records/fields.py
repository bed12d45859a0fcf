"""Reads records by the names of their fields."""

from __future__ import annotations

from typing import Any


def fields_of(record: Any) -> dict[str, Any]:
    """Return the fields of a flat record by name; `dataclasses.asdict` is slow."""
    return {name: getattr(record, name) for name in record.__slots__}
