"""The border that keeps an error of ours out of the crawl."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from scrapy_leakwatch.recordings.writing import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Spider

_P = ParamSpec("_P")
_T = TypeVar("_T")

logger = logging.getLogger("scrapy_leakwatch")


class Guard:
    """Runs one stage. Its first error is logged and switches the stage off."""

    def __init__(self, stage: str, spider: Spider | None) -> None:
        self._stage = stage
        self._spider = spider
        self.off = False

    def __call__(
        self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T | None:
        """Return what the function returns, None when it fails or the stage is off."""
        if self.off:
            return None
        try:
            return function(*args, **kwargs)
        except RecordingError as error:
            self.off = True
            logger.error(  # noqa: TRY400, it says all there is to know
                "%s", error, extra={"spider": self._spider}
            )
        except Exception:
            self.off = True
            logger.exception(
                "LeakWatch can't %s and does without from here on; the crawl goes on",
                self._stage,
                extra={"spider": self._spider},
            )
        return None
