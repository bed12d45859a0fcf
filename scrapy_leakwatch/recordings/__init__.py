"""Recordings: written while a crawl runs, and read when it closed, or was killed.

`read` goes through the file once, in a bounded space for any length, and
returns a `Crawl`: records as the crawl itself had them, so that whatever prints
those prints these. All text in it is printable and of a bounded length. `skim` is for
very many files, which `found` finds: it reads the verdicts and what was found on them.
"""

from __future__ import annotations

from scrapy_leakwatch.recordings.folders import found
from scrapy_leakwatch.recordings.lines import UnreadableRecording
from scrapy_leakwatch.recordings.reading import read, skim

__all__ = ["UnreadableRecording", "found", "read", "skim"]
