"""Takes from Python 3.12 the dead iterators of futures that it still shows.

Its ``_asyncio`` keeps some, to use them again, and shows them to the collector as its
own. Whoever takes one up by that and lets go of it (`gc.get_referents`, Guppy's heap)
has it freed once more: the list leads into itself, and no collection or walk of that
process ends any more. While all are in use, the list is empty.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_LONG = 255
"""What the list holds at most: ``FI_FREELIST_MAXLEN`` in CPython."""


@contextmanager
def emptied() -> Iterator[None]:
    """Use what is in the list, so that nobody meets it there."""
    in_use: list[Any] = []
    futures = sys.modules.get("_asyncio")
    if futures is not None and sys.version_info[:2] == (3, 12):
        future: Any = futures.Future(loop=SimpleNamespace(get_debug=bool))
        in_use += [iter(future) for _ in range(AS_LONG)]
    yield
