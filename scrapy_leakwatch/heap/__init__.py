"""The heap of a forked child as one graph, walked forward from named roots."""

from __future__ import annotations
