"""The border that keeps an error of ours out of the crawl."""

from __future__ import annotations

import logging
import math
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from scrapy_leakwatch.recordings.writing import RecordingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy import Spider

_P = ParamSpec("_P")
_T = TypeVar("_T")

MOST = 12
"""Failures in a row after which a stage is given up: it was off for 34 minutes then,
1, 2, 4 ... 1,024 seconds after each."""

logger = logging.getLogger("scrapy_leakwatch")


def log(level: int, text: str, *args: object, **how: Any) -> None:
    """Log a line. A handler of the project's that raises does not reach us."""
    with suppress(Exception):
        logger.log(level, text, *args, **how)


class Guard:
    """Runs one stage. After an error it is off for a while, then tried again.

    The log hears of it when it begins and ends; of what comes again and again ever more
    seldom. ``reason`` says what the error was, "" while all is well. ``clock`` returns
    steady seconds.
    """

    def __init__(
        self,
        stage: str,
        spider: Spider | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stage = stage
        self._spider = spider
        self._clock = clock
        self._failures = 0
        self._times = 0
        self._again_at = -math.inf
        self._failed = ""
        self.reason = ""

    @property
    def off(self) -> bool:
        """Tell whether it is not to be tried now: it just failed, or is given up."""
        return self._clock() < self._again_at

    def __call__(
        self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T | None:
        """Return what the function returns, None when it fails or the stage is off."""
        return self._run(lambda: function(*args, **kwargs), _name(function))

    def poll(self, function: Callable[[], _T | None], name: str = "") -> _T | None:
        """Return what the function returns; None is no sign yet that it works.

        ``name`` tells apart what one function does: one may work and another fail.
        """
        return self._run(function, name or _name(function), none_works=False)

    async def waiting(self, under_way: Awaitable[_T]) -> _T | None:
        """Return what comes of something under way, None when it fails."""
        try:
            return await under_way
        except Exception as error:  # noqa: BLE001
            self._fail("", error)
            return None

    def hurry(self) -> None:
        """Try it at the next call, unless it is given up: there are few left."""
        if self._again_at < math.inf:
            self._again_at = -math.inf

    def _run(
        self, call: Callable[[], _T], name: str, *, none_works: bool = True
    ) -> _T | None:
        if self.off:
            return None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001, what else may an error of ours be
            self._fail(name, error)
            return None
        # A stage has several functions, and another may still fail.
        works = none_works or result is not None
        if works and self._failures and name == self._failed:
            self._heal()
        return result

    def _fail(self, function: str, error: Exception) -> None:
        self._failures += 1
        self._failed = function
        self.reason = what(error)
        if isinstance(error, RecordingError):
            self._again_at = math.inf
            self._tell(logging.ERROR, "%s", error)
        elif self._failures >= MOST:
            self._again_at = math.inf
            text = "LeakWatch gives up to %s after %d errors: %s"
            self._tell(logging.ERROR, text, self._stage, self._failures, self.reason)
        else:
            self._again_at = self._clock() + 2 ** (self._failures - 1)
            if self._failures == 1:
                self._begin(error)

    def _begin(self, error: Exception) -> None:
        self._times += 1
        if self._is_told:
            text = "LeakWatch can't %s and does without for now; the crawl goes on"
            self._tell(logging.ERROR, text, self._stage, exc_info=error)

    def _heal(self) -> None:
        self._failures, self.reason = 0, ""
        if self._is_told:
            self._tell(logging.INFO, "LeakWatch can %s again", self._stage)

    @property
    def _is_told(self) -> bool:
        """Tell whether it began for the first, second, fourth, eighth ... time."""
        return self._times & (self._times - 1) == 0

    def _tell(self, level: int, text: str, *args: object, **how: Any) -> None:
        log(level, text, *args, extra={"spider": self._spider}, **how)


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__qualname__", "")  # the function may lead to the crawl


def what(error: Exception) -> str:
    """Return what an error was; not its text, in which the crawl may speak."""
    name, number = type(error).__name__, getattr(error, "errno", None)
    if not isinstance(error, OSError) or type(number) is not int:
        return name
    return f"{name}: {os.strerror(number)}"
