"""The process that crawls for a test: ``python -m scrapy_leakwatch.checks.child``.

Its standard input has two pickles: the import path of the tests, by which the
spider is found, and the `Job`. Both come from the process that started it.
"""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING

from scrapy.utils.project import get_project_settings

from scrapy_leakwatch.checks.watched import watching
from scrapy_leakwatch.config import PREFIX
from scrapy_leakwatch.internals.versions import crawler_process

if TYPE_CHECKING:
    from scrapy_leakwatch.checks.job import Job

QUIET = {
    "LOG_LEVEL": "INFO",
    "LOG_FILE": None,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}
"""A test wants no listening ports, and the log where it looks for it."""


def main() -> None:
    """Crawl."""
    sys.path[:] = pickle.load(sys.stdin.buffer)  # noqa: S301, see above
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301
    settings = get_project_settings()
    settings.setdict({**QUIET, **job.settings}, priority="cmdline")
    own = {name: job.settings[name] for name in job.settings if name.startswith(PREFIX)}
    process = crawler_process(settings)
    with watching(job.folder, own) as crawls:
        process.crawl(job.spider, **job.arguments)
        process.start()
    unwatched = [] if job.recording.exists() else crawls.complaints()
    if crawls.errors or unwatched:
        job.errors.write_text("\n".join([*crawls.errors, *unwatched]))


if __name__ == "__main__":
    main()
