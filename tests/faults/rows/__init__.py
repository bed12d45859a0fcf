"""All faults, in the order in which they are told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.faults.rows.children import CHILDREN
from tests.faults.rows.clocks import CLOCKS
from tests.faults.rows.crawls import CRAWLS
from tests.faults.rows.endings import ENDINGS
from tests.faults.rows.files import FILES
from tests.faults.rows.interpreter import INTERPRETER
from tests.faults.rows.logs import LOGS
from tests.faults.rows.starts import STARTS
from tests.faults.rows.system import SYSTEM
from tests.zoo.truth import ASYNCIO, SELECT

if TYPE_CHECKING:
    from tests.faults.fault import Fault

FAULTS: tuple[Fault, ...] = tuple(
    # The reactors take turns where a fault does not ask for one.
    replace(fault, reactor=fault.reactor or (SELECT if number % 2 else ASYNCIO))
    for number, fault in enumerate(
        (
            *SYSTEM,
            *CHILDREN,
            *FILES,
            *CLOCKS,
            *ENDINGS,
            *INTERPRETER,
            *CRAWLS,
            *LOGS,
            *STARTS,
        )
    )
)


def fault_named(name: str) -> Fault:
    """Return the row of this name."""
    return next(fault for fault in FAULTS if fault.name == name)
