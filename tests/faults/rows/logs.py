"""What a project does to its log."""

from __future__ import annotations

import logging
import os
import sys
import time

from tests.faults.fault import LEAK, Fault

OURS = "scrapy_leakwatch"


def handle(emit):
    """Return the strike that has a handler of the project hear LeakWatch's log."""

    def strike(moments) -> None:
        handler = logging.Handler()
        handler.emit = emit
        logging.getLogger(OURS).addHandler(handler)

    return strike


def raise_in_the_log(record) -> None:
    raise ConnectionError("the log can't be sent")


def block_in_the_log(record) -> None:
    time.sleep(0.5)


class RaisingFormatter(logging.Formatter):
    def format(self, record):
        raise ArithmeticError("raised in a formatter")


def raise_in_the_formatter(moments) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(RaisingFormatter())
    logging.getLogger(OURS).addHandler(handler)


def close_stderr(moments) -> None:
    os.close(2)


def close_all_standard_files(moments) -> None:
    """Have what is opened next get the numbers of the standard files."""
    for number in range(3):
        os.close(number)


def without_stderr(moments) -> None:
    moments.open(lambda crawler: setattr(sys, "stderr", None))


LOGS = (
    Fault(
        name="log_handler_raises",
        story="a handler of the project raises at each line of LeakWatch",
        strike=handle(raise_in_the_log),
        told=LEAK,
    ),
    Fault(
        name="log_handler_blocks",
        story="a handler of the project takes half a second for each line",
        strike=handle(block_in_the_log),
        told=LEAK,
    ),
    Fault(
        name="log_formatter_raises",
        story="a formatter of the project raises",
        strike=raise_in_the_formatter,
        told=LEAK,
    ),
    Fault(
        name="log_of_nothing",
        story="only what is critical is logged",
        settings={"LOG_LEVEL": "CRITICAL"},
        told=LEAK,
    ),
    Fault(
        name="log_disabled",
        story="there is no log",
        settings={"LOG_ENABLED": False},
        told=LEAK,
    ),
    Fault(name="stderr_closed", story="stderr is closed", strike=close_stderr),
    Fault(
        name="standard_files_closed",
        story="stdin, stdout and stderr are closed",
        strike=close_all_standard_files,
    ),
    Fault(
        name="without_stderr",
        story="sys.stderr is None from here on",
        strike=without_stderr,
        told=LEAK,
    ),
)
