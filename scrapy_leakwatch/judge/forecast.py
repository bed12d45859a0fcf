"""Says in how many seconds a crawl is at a limit, as it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.judge.verdicts import memory_left

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Sample, Verdict


class _Told(NamedTuple):
    verdict: Verdict
    time: float
    left: int | None


class Forecast:
    """Keeps what the verdicts foresee up to date with the samples.

    Memory comes as near to its limit as it has grown since a verdict was told, at the
    rate of that verdict. Of what no sample counts for long time alone goes by.
    """

    def __init__(self) -> None:
        self._told: dict[int, _Told] = {}
        self._last: Sample | None = None

    def hear(self, sample: Sample) -> None:
        """Take what is left of the memory from a sample."""
        self._last = sample

    def of(self, verdicts: tuple[Verdict, ...]) -> float | None:
        """Return the least of what the verdicts foresee, None where none does."""
        last = self._last
        if last is None:
            return None
        self._told = {each.id: self._kept(each, last) for each in verdicts}
        seconds = (_seconds(each, last) for each in self._told.values())
        return min((each for each in seconds if each is not None), default=None)

    def _kept(self, verdict: Verdict, last: Sample) -> _Told:
        known = self._told.get(verdict.id)
        if known is not None and known.verdict is verdict:
            return known
        return _Told(verdict, last.time, memory_left(last))


def _seconds(told: _Told, last: Sample) -> float | None:
    verdict = told.verdict
    if verdict.limit_in_s is None or verdict.suppressed or verdict.kind == "recovered":
        return None
    left = memory_left(last)
    if verdict.limit_of == "memory" and told.left and left is not None:
        return verdict.limit_in_s * left / told.left
    return max(verdict.limit_in_s - (last.time - told.time), 0.0)
