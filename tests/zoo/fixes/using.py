"""The fixes of the rows that use what they keep so that it grows."""

from __future__ import annotations

from tests.zoo.fixes.fix import fix

FIXES = (
    fix("unawaited", "awaited", "or await it there", "await asyncio", twin="awaited"),
    fix(
        "turns",
        "more at a time, more consumers, and awaited",
        "take more at a time",
        "let more of them take",
        "or await it",
        twin="in_turn",
    ),
    fix(
        "dead_consumers",
        "they go on",
        "goes on after an error|maxsize",
        twin="live_consumers",
    ),
    fix(
        "half_fail",
        "taken out in process_exception(), too",
        "in process_exception(), too",
        twin="half_fail_at_most",
    ),
    fix("pending", "taken out in any case", "in any case", twin="all_done"),
)
