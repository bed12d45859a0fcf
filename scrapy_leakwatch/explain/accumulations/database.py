"""A database of SQLite that is in memory."""

from __future__ import annotations

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.foundation import anatomy

KIND = AccumulationKind(
    lambda place: anatomy.inherits(place.holder, "sqlite3.Connection"),
    says("the database of {path} is in memory: connect it to a file"),
)
