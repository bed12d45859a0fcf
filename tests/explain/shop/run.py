"""Runs one spider with the probe: ``run.py NAME SITE SUBJECT FILE [TROUBLE]``."""

import sys

from scrapy.crawler import CrawlerProcess

from shop import leaks
from shop.components import COMPONENTS


def spider(name):
    for value in vars(leaks).values():
        if isinstance(value, type) and getattr(value, "name", None) == name:
            return value
    raise LookupError(name)


def main(name, site, subject, file, trouble=""):
    settings = {
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "PROBE_SUBJECT": subject,
        "PROBE_FILE": file,
        "EXTENSIONS": {},
    }
    for key, value in COMPONENTS.get(name, {}).items():
        settings[key] = value
    if name == "waiting_callback":
        # As many as may be in progress: then the engine waits too.
        settings.update(PROBE_AFTER=14, PROBE_DELAY=1)
    probe = "shop.probe.Probe"
    if trouble:
        probe, settings["PROBE_TROUBLE"] = "shop.probe.GoingOn", trouble
    settings["EXTENSIONS"] = {**settings["EXTENSIONS"], probe: 1}
    process = CrawlerProcess(settings)
    process.crawl(spider(name), site=site)
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
