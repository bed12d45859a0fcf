"""Tells tests that need Guppy from those that do without."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_guppy = pytest.mark.skipif(
    find_spec("guppy") is None, reason="there is no Guppy for this Python"
)
WITHOUT = 'import sys; sys.modules["guppy"] = None\n'
"""What hides Guppy from a process, where it is installed."""
