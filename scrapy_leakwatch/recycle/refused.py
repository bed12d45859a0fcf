"""Says what of a request can't be written to disk."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapy_leakwatch.foundation import anatomy, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request, Spider

LONGEST = 200


class Refusal(NamedTuple):
    """A request that can't be written: its callback, and what of it is to blame."""

    url: str
    callback: str
    blame: str

    @property
    def cause(self) -> tuple[str, str]:
        """Return what other requests may share with it."""
        return self.callback, self.blame

    def __str__(self) -> str:
        return f"the request for {self.url} ({self.callback}): {self.blame}"


def refusal(request: Request, spider: Spider | None, error: Exception) -> Refusal:
    """Return what to say of a request that ``error`` kept from being written."""
    parts = [*_of_functions(request, spider), *_of_values(request)]
    return Refusal(
        redact.url(request.url, LONGEST),
        _name(request.callback),
        ", ".join(parts) or redact.text(str(error), LONGEST),
    )


def _of_functions(request: Request, spider: Spider | None) -> Iterator[str]:
    for role in ("callback", "errback"):
        function = getattr(request, role)
        if callable(function) and not _is_of(spider, function):
            yield f"its {role} is no method of the spider"


def _is_of(spider: Spider | None, function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    name = getattr(getattr(function, "__func__", None), "__name__", "")
    return owner is spider and getattr(type(spider), name, None) is not None


def _of_values(request: Request) -> Iterator[str]:
    for name in ("meta", "cb_kwargs"):
        for key, value in getattr(request, name).items():
            if not _is_written(value):
                shown = redact.text(repr(key), 60) if type(key) is str else "?"
                kind = redact.text(anatomy.path(type(value)), 100)
                yield f"Request.{name}[{shown}] is of {kind}, which can't be pickled"


def _is_written(value: Any) -> bool:
    try:
        pickle.dumps(value, protocol=4)
    except Exception:  # noqa: BLE001, whatever the value refuses with
        return False
    return True


def _name(function: Any) -> str:
    if function is None:
        return "callback parse"
    name = getattr(function, "__qualname__", None) or anatomy.name(type(function))
    return f"callback {redact.text(str(name), 100)}"
