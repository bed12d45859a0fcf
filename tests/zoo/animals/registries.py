"""Spiders that fill registries of the process; a comment names the line."""

from __future__ import annotations

import atexit
import logging
import warnings

import shelf_library

from tests.zoo.animals.weights import Padded, copy_of

LONG = "of " * 40_000


class LoggerForEach(Padded):
    """Has a logger for each page, with a long name."""

    name = "logger_for_each"

    def parse(self, response):
        path = response.url.partition("?")[0].replace(".", "_")
        logging.getLogger(f"{path} {LONG}").debug("seen")  # here: logger_for_each


class Warned(Padded):
    """Has Python remember each warning, and a library a metric for each page."""

    name = "warned"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        logging.getLogger("py.warnings").setLevel(logging.ERROR)
        warnings.simplefilter("default")

    def parse(self, response):
        text = copy_of(response)
        warnings.warn(text[:60_000], stacklevel=1)  # here: warned
        shelf_library.count("pages", response.url, text)  # here: counted


class StatsForEach(Padded):
    """Has 150 stats for each page."""

    name = "stats_for_each"
    path = "/page/{}?ms=100"

    def parse(self, response):
        for number in range(150):
            path = f"{response.url}/{'shelf/' * 80}{number}"
            self.crawler.stats.inc_value(f"seen/{path}")  # here: stats_for_each


class Client:
    """Has what it read, and says goodbye when Python ends."""

    def __init__(self, response):
        self.text = copy_of(response)

    def goodbye(self):
        self.text = ""


class ExitForEach(Padded):
    """Has a client for each page, which is to end with the process."""

    name = "exit_for_each"

    def parse(self, response):
        client = Client(response)
        atexit.register(client.goodbye)  # here: exit_for_each
        self.done(client)
        yield {"url": response.url, "length": len(client.text)}

    def done(self, client):
        """Hear that a client is not needed any more."""


class ExitInTime(ExitForEach):
    """Takes each callback back."""

    name = "exit_in_time"

    def done(self, client):
        atexit.unregister(client.goodbye)


class TidyRegistries(Padded):
    """Says the same, of whatever page, and has ten cookie jars."""

    name = "tidy_registries"

    def page(self, number, **kwargs):
        return super().page(number, meta={"cookiejar": number % 10}, **kwargs)

    def parse(self, response):
        logging.getLogger(f"shelf {len(response.url)} {LONG}").debug("seen")
        warnings.warn("it is an old page", stacklevel=1)
        shelf_library.count("pages", response.status, LONG)
        self.crawler.stats.inc_value(f"seen/{response.status}")
