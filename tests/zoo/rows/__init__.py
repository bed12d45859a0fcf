"""All rows of the zoo, in the order of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.zoo.rows.backlogs import BACKLOGS
from tests.zoo.rows.browsing import BROWSING
from tests.zoo.rows.classes import CLASSES
from tests.zoo.rows.handed import HANDED
from tests.zoo.rows.handlers import BY_HANDLERS
from tests.zoo.rows.healthy import HEALTHY
from tests.zoo.rows.installed import INSTALLED
from tests.zoo.rows.kinds import KINDS
from tests.zoo.rows.leaks import LEAKS
from tests.zoo.rows.records import RECORDS
from tests.zoo.rows.stalls import STALLS
from tests.zoo.rows.taken import TAKEN
from tests.zoo.rows.things import THINGS
from tests.zoo.rows.unreleased import UNRELEASED
from tests.zoo.rows.using import USING
from tests.zoo.rows.weights import BY_WEIGHT
from tests.zoo.rows.workers import WORKERS

if TYPE_CHECKING:
    from tests.zoo.truth import Row

ROWS: tuple[Row, ...] = (
    *LEAKS,
    *KINDS,
    *BACKLOGS,
    *BY_WEIGHT,
    *USING,
    *WORKERS,
    *UNRELEASED,
    *STALLS,
    *TAKEN,
    *RECORDS,
    *CLASSES,
    *HANDED,
    *THINGS,
    *BY_HANDLERS,
    *BROWSING,
    *HEALTHY,
    *INSTALLED,
)


def row_named(name: str) -> Row:
    """Return the row of this name."""
    return next(row for row in ROWS if row.name == name)
