"""How Pythons of one language differ: what their collector and their locks do."""

from __future__ import annotations

import sys
import sysconfig


def is_free_threaded() -> bool:
    """Tell whether this Python was built to run without its global lock."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def is_debug_build() -> bool:
    """Tell whether this Python counts and checks its own references."""
    return hasattr(sys, "gettotalrefcount")


def collects_in_steps(version: tuple[int, ...] = sys.version_info[:3]) -> bool:
    """Tell whether the collector never says that it went through all objects.

    Python 3.14 came with one that works in increments; 3.14.5 took it back.
    """
    return (3, 14) <= version < (3, 14, 5)
