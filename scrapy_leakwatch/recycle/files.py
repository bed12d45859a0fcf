"""What a crawl has written, up to what is done: its feeds and its duplicate filter."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.extensions.feedexport import FeedExporter, FileFeedStorage

from scrapy_leakwatch.internals import paths
from scrapy_leakwatch.recycle.feeds import close_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.crawler import Crawler

    from scrapy_leakwatch.recycle.store import Store


class Written:
    """Writes buffers out before each commit, and notes where the files end then.

    A request is done when its items are in the file: a process that is killed after
    that has lost none, and what it wrote since is cut off.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._noted: dict[str, int] = {}

    def flush(self, store: Store) -> None:
        """Write out what is buffered."""
        open_now = dict(self._files())
        for path, size in open_now.items():
            if self._noted.get(path) != size:
                store.wrote(path, size)
        for path in self._noted.keys() - open_now.keys():
            store.forget(path)
        self._noted = open_now

    def _files(self) -> Iterator[tuple[str, int]]:
        exporter = self._crawler.get_extension(FeedExporter)
        for slot in exporter.slots if exporter is not None else ():
            if isinstance(slot.storage, FileFeedStorage) and not _is_packed(slot):
                yield _absolute(slot.storage.path), _feed_size(slot)
        seen = getattr(
            paths.follow(self._crawler, paths.DUPLICATE_FILTER), "file", None
        )
        if seen is not None and not seen.closed:
            yield _absolute(seen.name), _size(seen)


@lru_cache(maxsize=64)  # it is asked for with each request that is done
def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def _is_packed(slot: Any) -> bool:
    """Tell whether what is written says nothing of what was exported, as of gzip."""
    return bool(slot.feed_options.get("postprocessing"))


def _feed_size(slot: Any) -> int:
    if slot.file is not None:
        return _size(slot.file)
    if slot.storage.write_mode == "wb":  # it begins anew with the first item
        return 0
    path = Path(slot.storage.path)
    return path.stat().st_size if path.exists() else 0


def _size(file: Any) -> int:
    file.flush()
    return os.fstat(file.fileno()).st_size


def mend(store: Store) -> None:
    """Take from the files what a process that was killed wrote after its last commit.

    A feed that only a process which closes ends is ended; later ones have their own.
    """
    if store.noted("clean", 1):
        return
    for path, size in store.written().items():
        with suppress(FileNotFoundError):
            if Path(path).stat().st_size > size:
                os.truncate(path, size)
            if close_file(Path(path)):
                store.forget(path)
