"""Crawls as tests: watches them, and says what a test fails with.

`crawling` starts a spider in a process of its own, which is `child`; `suite`
watches the crawls that tests run in pytest's process. Both have LeakWatch write
a recording (`watched`), and `checked` reads it.
"""

from __future__ import annotations

from scrapy_leakwatch.checks.checked import Checked

__all__ = ["Checked"]
