"""The variables of functions that run, in any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import places, redact
from scrapy_leakwatch.heap.roots.root import Outside, Root, Start, locals_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def roots(_: Any, outside: Outside) -> Iterator[Root]:
    """Yield the variables of functions that run, in any thread."""
    for thread, stack in outside.frames:
        for frame in stack:
            code = frame.f_code
            if code.co_filename.startswith(places.PACKAGE):
                continue
            function = redact.text(places.function_name(code), 80)
            origin = places.origin_of_file(code.co_filename)
            held = [
                Start(
                    value,
                    f"{function} › {name}",
                    f"local variable {name!r} of {function}",
                    passing=origin == "library",
                    value=True,
                )
                for name, value in locals_of(frame)
                if name != "self"
            ]
            name = f"running function {function}"
            if thread != "MainThread":
                name += f" (thread {redact.text(thread, 40)})"
            yield Root(name, "function", origin, held, late=True)
