"""What the rules hold a crawl to."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """Growth must show in ``min_samples`` steps and hold ``min_objects`` at least.

    ``explained``: somebody looks who holds what grows.
    """

    spider: str
    min_samples: int
    min_objects: int
    explained: bool = True

    @property
    def many(self) -> int:
        """Return what is too much of something that does no harm by itself.

        Requests that wait, dead objects that wait for the collector, and what
        grows without a proof: all come and go by the hundred in healthy crawls.
        """
        return 10 * self.min_objects

    @property
    def crowd(self) -> int:
        """Return how long a container must be before it is asked about."""
        return 5 * self.min_objects

    @property
    def far_beyond(self) -> int:
        """Return how many what its owner also empties must hold to be accused.

        Until then it may be a batch, or a cache with a bound of its own.
        """
        return 100 * self.min_objects
