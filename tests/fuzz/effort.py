"""How much the fuzzing does: little with the other tests, as asked in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

ASKED = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""Examples of each test; 0 for a few, and always the same."""
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
"""Not `Phase.explain`: it traces, so that generators lead to whoever runs them."""


def fuzzed(few: int, share: float = 1.0) -> settings:
    """Return the settings of a test: ``few`` examples, or its share of those asked."""
    return settings(
        max_examples=max(int(ASKED * share), 1) if ASKED else few,
        derandomize=not ASKED,
        deadline=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
