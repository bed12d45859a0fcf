"""What is known of how the project's code uses what grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_leakwatch.foundation.lines import SourceLine


@dataclass(frozen=True, slots=True)
class Use:
    """What helps, one sentence a person can act on, and the line that fills it.

    ``line`` is None where the use tells no other than the container does.
    """

    fix: str
    line: SourceLine | None = None
