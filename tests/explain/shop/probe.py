"""Asks for one explanation during a crawl and writes it to a file."""

import json
import os
import signal
import time
from dataclasses import asdict
from pathlib import Path

from scrapy import signals
from scrapy.exceptions import DontCloseSpider
from scrapy.utils.trackref import live_refs

from scrapy_leakwatch.explain import Question, explain_in_child
from scrapy_leakwatch.records import flat


class Probe:
    def __init__(self, crawler):
        self.crawler = crawler
        self.after = crawler.settings.getint("PROBE_AFTER", 110)
        self.seen = 0
        self.asked = None

    @classmethod
    def from_crawler(cls, crawler):
        probe = cls(crawler)
        crawler.signals.connect(probe.response_received, signals.response_received)
        crawler.signals.connect(probe.spider_idle, signals.spider_idle)
        return probe

    def response_received(self):
        self.seen += 1
        if self.seen == self.after:
            from twisted.internet import reactor

            # Not from the signal itself: its caller's frames hold a response.
            delay = self.crawler.settings.getfloat("PROBE_DELAY")
            reactor.callLater(delay, self.ask)

    def ask(self):
        from twisted.internet import reactor

        subject = self.crawler.settings["PROBE_SUBJECT"]
        tables = {cls.__name__: (cls, table) for cls, table in live_refs.items()}
        cls, table = tables[subject]
        question = Question(
            subject, f"{cls.__module__}.{subject}", self.crawler.spider.name, len(table)
        )
        del tables
        self.asked = explain_in_child(question, (cls,), self.crawler, 30)
        reactor.callLater(0.05, self.poll)

    def poll(self):
        from twisted.internet import reactor

        found = self.asked.poll()
        if found is None:
            reactor.callLater(0.05, self.poll)
            return
        self.write(flat(found))
        # The crawl would wait for callbacks that never end.
        os._exit(0)

    def write(self, fields):
        text = json.dumps(fields, default=asdict)
        Path(self.crawler.settings["PROBE_FILE"]).write_text(text)

    def spider_idle(self):
        if self.seen >= self.after:
            raise DontCloseSpider


class GoingOn(Probe):
    """Lets the crawl end and writes what came of it and of the child."""

    def ask(self):
        super().ask()
        trouble = self.crawler.settings["PROBE_TROUBLE"]
        pid = self.asked._process.pid
        if trouble == "kill":
            os.kill(pid, signal.SIGKILL)
        elif trouble == "stop":
            os.kill(pid, signal.SIGSTOP)
        elif trouble == "interrupt":
            os.killpg(0, signal.SIGINT)
        self.crawler.signals.connect(self.spider_closed, signals.spider_closed)

    def poll(self):
        """Leave the answer for the end."""

    def spider_idle(self):
        """Let the spider close, answered or not."""

    def spider_closed(self, reason):
        stopped = self.crawler.settings["PROBE_TROUBLE"] in {"stop", "interrupt"}
        found = self.asked.stop() if stopped else self.wait()
        try:
            os.waitpid(-1, os.WNOHANG)
            zombies = True
        except ChildProcessError:
            zombies = False
        items = self.crawler.stats.get_value("item_scraped_count")
        self.write(
            {"items": items, "zombies": zombies, "closed": reason, **flat(found)}
        )

    def wait(self):
        while (found := self.asked.poll()) is None:
            time.sleep(0.01)
        return found
