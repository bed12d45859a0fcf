"""Strings of lxml that know the element they came from."""

from __future__ import annotations

from scrapy_leakwatch.explain import remedies
from scrapy_leakwatch.explain.accumulations.kind import AccumulationKind, says

KIND = AccumulationKind(
    lambda place: place.type in remedies.SMART_STRINGS,
    says(remedies.against_smart_strings("{path}")),
)
