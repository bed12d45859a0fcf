"""Strings of lxml that know the element they came from."""

from __future__ import annotations

from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says
from scrapy_leakwatch.explain.containers import remedies

KIND = AccumulationKind(
    lambda place: place.type in remedies.SMART_STRINGS,
    says(remedies.against_smart_strings("{path}")),
)
