"""LeakWatch's verdict as a monitor of Spidermon (extra ``spidermon``)."""

from __future__ import annotations

from scrapy_leakwatch.spidermon.extension import Spidermon
from scrapy_leakwatch.spidermon.monitor import LeakMonitor, LeakMonitorSuite

__all__ = ["LeakMonitor", "LeakMonitorSuite", "Spidermon"]
