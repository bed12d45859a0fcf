"""What a report says of a kind of verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy_leakwatch.records import Kind, Verdict

Tone = Literal["bad", "warn", "good", "quiet"]


class Words(NamedTuple):
    """What a verdict says, what helps, and what could not be had."""

    message: str
    remedy: str = ""
    caveat: str | None = None


@dataclass(frozen=True, slots=True)
class KindWords:
    """What a report says of one kind of verdict.

    ``tone`` is ``bad`` where somebody must act. ``words`` has what says a verdict, by
    the class of its facts. ``sentence`` is the verdict in one sentence, about its
    ``{subject}``, and ``of_holder`` the one where its ``{holder}`` is known; without a
    sentence the message stands for it, and with one the message is the detail. Where
    it is ``counted`` the detail is the amount, of what is named here, and the line of
    code; ``deed`` is what that line did.
    """

    name: Kind
    title: str
    tone: Tone
    words: Mapping[type, Callable[[Verdict, Any], Words]]
    sentence: str = ""
    of_holder: str = ""
    counted: str = ""
    deed: str = "put there by"
