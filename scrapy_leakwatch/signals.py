"""The signals that LeakWatch sends, to be connected like those of Scrapy."""

from __future__ import annotations

leak_detected = object()
"""Sent with each alarm, when it is logged: a leak, a hoard, or native memory.

Handlers, which may be coroutines, get ``verdict`` (`records.Verdict`),
``explanation`` (`records.Explanation`, None where nobody could be named) and
``spider``.
"""
