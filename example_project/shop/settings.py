"""The settings of the example project."""

from __future__ import annotations

import os

BOT_NAME = "shop"
SPIDER_MODULES = ["shop.spiders"]
NEWSPIDER_MODULE = "shop.spiders"

# Where the site is served; `python -m shop.site` says so when it starts.
SHOP_URL = os.environ.get("SHOP_URL", "http://127.0.0.1:8765")

LOG_LEVEL = "INFO"
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 16
DOWNLOAD_DELAY = 0

# The one line that a project needs.
EXTENSIONS = {"scrapy_leakwatch.LeakWatch": 500}

# A demo is short, so look often; a real crawl needs none of these.
LEAKWATCH_INTERVAL = 1
LEAKWATCH_LOG_INTERVAL = 10
LEAKWATCH_RECORD = "recordings/%(name)s-%(time)s.jsonl"
LEAKWATCH_REPORT = "reports/%(name)s-%(time)s.html"
