"""The fixes of the rows that hand on more than is done."""

from __future__ import annotations

from tests.zoo.fixes.fix import fix

FIXES = (
    fix(
        "slow_uploads",
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE = 20_000",
        "at a time",
        settings={"SCRAPER_SLOT_MAX_ACTIVE_SIZE": 20_000},
        fields={"least_received": 30},
    ),
    fix(
        "slow_log",
        "a maxsize, and what finds no room is dropped",
        "maxsize",
        by=("handed.SlowLog",),
    ),
    fix("smart_strings", "str(title)", "str(", by=("handed.SmartStrings",)),
    fix(
        "pending_session",
        "commit() every 20 items",
        "commit",
        by=("sessions.Adding",),
    ),
)
