"""Which collector this Python has: what it tells, and whether that is enough.

The usual one looks at all old objects at once, now and then. That of Python 3.14.0 to
3.14.4 looks at some of them at a time, and is never through. That of a free-threaded
build has no generations and freezes otherwise, also where the lock was switched on
again; its objects begin with other fields than those that are read here.
"""

from __future__ import annotations

import sys
import sysconfig

INCREMENTAL = (3, 14, 0), (3, 14, 5)
"""The first Python that collects in increments, and the first that no longer does."""


def refusal() -> str:
    """Return why no crawl can be watched by this Python, empty where one can."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return ""
    return (
        f"Python {version()} is a free-threaded build, whose collector does not tell"
        " what is alive: crawl with the usual build of Python"
    )


def in_increments() -> bool:
    """Tell whether old objects are collected some at a time, and never all at once."""
    first, no_longer = INCREMENTAL
    return first <= sys.version_info[:3] < no_longer


def version() -> str:
    """Return the version of this Python, such as ``3.14.2``."""
    return ".".join(map(str, sys.version_info[:3]))
