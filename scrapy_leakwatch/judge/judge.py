"""Hears each sample, and tells a crawl only what it has not been told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy_leakwatch.judge import bills, thresholds
from scrapy_leakwatch.judge.acceptance import is_accepted
from scrapy_leakwatch.judge.beside import Beside
from scrapy_leakwatch.judge.bills import BillCase
from scrapy_leakwatch.judge.case import Case
from scrapy_leakwatch.judge.history import RESOURCES, RSS, History
from scrapy_leakwatch.judge.kinds import (
    inconclusive,
    kind_of,
    leak,
    recovered,
    suspicions,
    taken,
    verdict_on,
)
from scrapy_leakwatch.judge.memory_case import MemoryCase
from scrapy_leakwatch.judge.told import RISING, Dismissed, Key, Standing, is_inside
from scrapy_leakwatch.records import Bill, Explanation, Layers

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_leakwatch.config import Config
    from scrapy_leakwatch.records import (
        Growth,
        Kind,
        NoBill,
        Sample,
        Suspicion,
        Unexplained,
        Verdict,
    )

    Found = Explanation | Unexplained | Layers | None


class Judge:
    """The case of one crawl: its past, the verdicts, and what was dismissed.

    ``worded`` puts a verdict into words, before anybody gets it. ``ended`` are bills of
    crawls before it, ``beside`` knows those that run in the same process.
    """

    def __init__(
        self,
        spider: str,
        config: Config,
        worded: Callable[[Verdict], Verdict],
        ended: tuple[Bill, ...] = (),
        beside: Beside | None = None,
    ) -> None:
        self._worded = worded
        self._beside = beside or Beside()
        self._case = Case(
            spider, config.min_samples, config.min_objects, config.explain
        )
        self._accepted = config.suppress
        self._history = History()
        self._memory = MemoryCase(spider, config.min_samples)
        self._bills = BillCase(spider, ended)
        self._no_bill = ""
        self._first: Sample | None = None
        self._last: Sample | None = None
        self._samples = 0
        self._kept: Suspicion | None = None
        self._ids = 0
        self._received = 0
        self._told: dict[Key, Standing] = {}
        self._lines: dict[str, Key] = {}
        self._dismissed: dict[str, Dismissed] = {}
        self._put_off: set[str] = set()
        self._deferred = False
        self._ever: dict[tuple[Key, Kind], Verdict] = {}

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The latest verdict on each subject, in the order they were reached."""
        return tuple(told.verdict for told in self._told.values())

    @property
    def reached(self) -> tuple[Verdict, ...]:
        """Every verdict reached so far, one for each subject and kind.

        Without those that are known and accepted.
        """
        return tuple(each for each in self._ever.values() if not each.suppressed)

    def hear(self, sample: Sample) -> Suspicion | None:
        """Return the suspicion that a sample leads to, if there is news in it."""
        self._history.add(sample)
        self._received = sample.received
        self._samples += 1
        self._last = sample
        if self._first is None and self._samples >= self._case.min_samples:
            self._first = sample
        explained = sum(told.bytes_per_min for told in self._told.values())
        self._beside.heard(sample, explained)
        of_memory = self._memory.hear(sample, explained + self._beside.per_min)
        if (suspicion := self.suspicion()) is not None:
            return suspicion
        return None if self._bills.names_growth else of_memory

    def suspicion(self) -> Suspicion | None:
        """Return what the last sample leads to and was not concluded yet."""
        if self._last is None:
            return None
        found = suspicions(self._history, self._last, self._case)
        return next(filter(self._is_news, found), None)

    def end(self) -> None:
        """Hear no more: what the crawl held is nobody's from here on."""
        self._beside.end()

    def kept(self) -> Suspicion | None:
        """Return what a crawl that ends has kept of nearly all pages, if it is news.

        What was told is not asked about again: other crawls may have to ask now.
        """
        if self._last is None:
            return None
        for found in leak.kept(self._history, self._last, self._case):
            is_told = Key("samples", found.judged_as) in self._told
            if not is_told and self._is_news(found):
                self._kept = found
                return found
        return None

    def withdraw(self) -> list[Verdict]:
        """Return that a verdict no longer holds, for each that does not."""
        withdrawn = []
        for key, told in list(self._told.items()):
            if key.rule not in {"samples", "rising"}:
                continue  # no sample counts it
            judged_as = RSS if key == RISING else key.name
            verdict, since = told.verdict, told.received
            left = kind_of(verdict).left(self._history, judged_as, since, self._case)
            found = recovered.by_samples(judged_as, verdict, since, left, self._case)
            if found is not None:
                self._memory.forget(verdict.kind)
                withdrawn.append(self._remember(key, found))
        return withdrawn

    def conclude(self, suspicion: Suspicion, found: Found) -> Verdict | None:
        """Return the verdict on a suspicion; ``found`` is what a look found."""
        if suspicion.judged_as == RSS:
            layers = found if isinstance(found, Layers) else None
            verdict = self._memory.conclude(suspicion, layers)
            if verdict is None or self._bills.names_growth:
                return None
            if (
                verdict.kind == "native"
                and layers
                and self._bills.names_outside(layers)
            ):
                return None
            return self._remember(Key("samples", RSS), verdict)
        if isinstance(found, Layers):
            raise TypeError("layers say nothing of objects")
        return self._conclude(suspicion, found)

    def _conclude(
        self, suspicion: Suspicion, found: Explanation | Unexplained | None
    ) -> Verdict | None:
        key = Key("samples", suspicion.judged_as)
        verdict = verdict_on(suspicion, found, self._case)
        if verdict and verdict.kind == "garbage" and suspicion is self._kept:
            return None  # the end of the crawl let go of them: no collector is late
        if verdict is None or self._is_of_another(key, verdict, found):
            failed = inconclusive.failure(found)
            again = (
                thresholds.ASKED_AGAIN
                if isinstance(found, Explanation) or failed
                else thresholds.TOLD_AGAIN
            )
            dismissed = Dismissed(suspicion, again, self._received, failed)
            self._dismissed[suspicion.judged_as] = dismissed
            return None
        verdict = kind_of(verdict).weighed(verdict, self._bills)
        if self._is_accepted(suspicion, verdict, found):
            verdict = replace(verdict, suppressed=True)
        each = 0
        if isinstance(found, Explanation):
            each = found.price.retained_bytes_each
            if found.location and not found.likely:
                self._lines.setdefault(found.location, key)
        per_min = verdict.growth.per_min * each
        verdict = replace(verdict, cause=self._cause_of(verdict, per_min))
        return self._remember(key, verdict, per_min)

    def _is_of_another(
        self, key: Key, verdict: Verdict, found: Explanation | Unexplained | None
    ) -> bool:
        """Tell whether a hoard is told by another name, or what it keeps is."""
        if verdict.kind != "hoard" or not isinstance(found, Explanation):
            return False
        return self._is_told_line(key, found.location, likely=found.likely) or any(
            self._is_counted(name, verdict.growth) for name in found.takes
        )

    def _is_counted(self, name: str, grown: Growth) -> bool:
        """Tell whether a field of `ResourceCounts` is told of, or soon will be."""
        judged_as = f"{RESOURCES}{name}"
        told = self._told.get(Key("samples", judged_as))
        least = grown.per_1000_responses / 2
        if told is not None:
            rate = told.verdict.growth.per_1000_responses
            return told.verdict.kind == "unreleased" and rate >= least
        if judged_as in self._dismissed:
            return False
        return taken.grows_so(name, least, self._history, self._case)

    def unlooked(self) -> list[tuple[Verdict, Explanation | Unexplained]]:
        """Return what is still suspected at the end, where no child could look."""
        told = []
        for judged_as, dismissed in list(self._dismissed.items()):
            key, found = Key("samples", judged_as), dismissed.failed
            known = self._told.get(key)
            if found is None or (known and known.verdict.kind != "recovered"):
                continue
            verdict = inconclusive.unlooked(dismissed, self._history, self._case)
            if verdict is not None:
                if self._is_accepted(dismissed.suspicion, verdict, found):
                    verdict = replace(verdict, suppressed=True)
                told.append((self._remember(key, verdict), found))
        return told

    def _cause_of(self, verdict: Verdict, per_min: float = 0.0) -> int | None:
        """Return the number of the verdict that this one is part of, if any.

        That is one by weight, or that the pages of a browser are not closed.
        """
        if verdict.kind == "children":
            return taken.of_browser(verdict.owner, self._told)
        for key, told in self._told.items():
            whole = told.verdict
            if key.rule != "weight" or whole.kind == "recovered":
                continue
            inside = verdict.holder and (
                is_inside(verdict.holder, whole.subject)
                or is_inside(whole.subject, verdict.holder)
            )
            if (
                inside
                or taken.are_the_same(verdict, whole.class_path, whole.count)
                or _exceed(per_min, told.bytes_per_min, whole.share_of_growth)
            ):
                return whole.id
        return None

    def _is_accepted(
        self,
        suspicion: Suspicion,
        verdict: Verdict,
        found: Explanation | Unexplained | None,
    ) -> bool:
        """Tell whether it is accepted; where nobody could look, whether it was."""
        if not isinstance(found, Explanation):
            told = self._told.get(Key("samples", suspicion.judged_as))
            return told is not None and told.verdict.suppressed
        return is_accepted(verdict, found, self._accepted, self._case.min_objects)

    def hear_bill(
        self, bill: Bill | NoBill, *, closing: bool = False
    ) -> list[tuple[Verdict, Explanation | None]]:
        """Return what a bill says that a crawl has not been told yet."""
        if isinstance(bill, Bill):
            self._bills.add(bill)
            self._no_bill = ""
        else:
            self._no_bill = bill.reason
            return []
        if self._last is None:
            return []
        told: list[tuple[Verdict, Explanation | None]] = []
        self._deferred = False
        if not closing:  # what is let go of as it closes was kept until then
            told += [(verdict, None) for verdict in self._lighter()]
        for grown in self._bills.grown(closing=closing):
            if self._is_known(grown) or bills.is_in_flight(grown, self._last):
                continue
            if bills.is_filling(grown, self._last):
                continue
            if not closing and self._defer(grown):
                continue
            verdict, found = bills.verdict_on(grown, self._case.spider, self._last)
            cause = taken.of_browser(verdict.owner, self._told)
            verdict = replace(verdict, cause=cause)
            if is_accepted(verdict, found, self._accepted, self._case.min_objects):
                verdict = replace(verdict, suppressed=True)
            key = Key("weight", grown.name)
            verdict = self._remember(key, verdict, verdict.growth.per_min)
            told.append((verdict, found))
        told += [(verdict, None) for verdict in self._named_since()]
        return told

    def _named_since(self) -> list[Verdict]:
        """Withdraw that nobody is to be named, where somebody is by now."""
        known = self._told.get(RISING)
        if known is None or known.verdict.kind == "recovered":
            return []
        cause = next(filter(inconclusive.may_explain, self.verdicts), None)
        if cause is None and not self._is_of_others():
            return []
        return [self._remember(RISING, recovered.by_cause(known.verdict, cause))]

    def _is_of_others(self) -> bool:
        """Tell whether it is for the other crawls of the process to tell."""
        if self._first is None or self._last is None:
            return False
        bill = self._bills.last
        return self._beside.account_for(self._first, self._last, bill)

    def rising(self, *, closing: bool = False) -> Verdict | None:
        """Return that memory has grown and nobody was named for it, if that is so.

        As long as there are few bills it is too early to say that.
        """
        first, last = self._first, self._last
        if first is None or last is None or not inconclusive.has_risen(first, last):
            return None
        is_early = not self._no_bill and not self._bills.suffice
        if not closing and (is_early or self._deferred):
            return None
        if any(map(inconclusive.may_explain, self.verdicts)):
            return None
        if self._is_of_others() or self._bills.are_filling(last):
            return None
        verdict = inconclusive.unnamed(
            self._case.spider, first, last, self._bills, self._no_bill
        )
        known = self._told.get(RISING)
        if known is not None and known.verdict.kind != "recovered":
            is_urgent = inconclusive.is_urgent
            if (
                not (is_urgent(verdict) and not is_urgent(known.verdict))
                and verdict.unaccounted
                < thresholds.TOLD_AGAIN * known.verdict.unaccounted
            ):
                return None
        return self._remember(RISING, verdict)

    def _lighter(self) -> list[Verdict]:
        """Withdraw what a bill shows to be gone."""
        withdrawn = []
        for key, told in list(self._told.items()):
            if key.rule != "weight":
                continue
            now = self._bills.weight_of(key.name) or 0
            found = recovered.by_weight(told.verdict, now)
            if found is not None:
                withdrawn.append(self._remember(key, found))
        return withdrawn

    def _is_known(self, grown: bills.Grown) -> bool:
        """Tell whether it was told, or is part of what was told."""
        key = Key("weight", grown.name)
        told = self._told.get(key)
        if told is not None and told.verdict.kind != "recovered":
            return grown.path.bytes < thresholds.TOLD_AGAIN * told.verdict.bytes
        path, kind = grown.path.path, grown.path.type
        if self._is_told_line(key, grown.path.location, likely=grown.path.likely):
            return True
        for verdict in self.verdicts:
            if verdict.kind not in {"leak", "hoard", "unreleased"}:
                continue
            names = {verdict.holder, verdict.subject} - {""}
            if any(is_inside(name, path) or is_inside(path, name) for name in names):
                return True
            if taken.are_the_same(verdict, kind, grown.path.count):
                return True
            if verdict.kind == "leak" and kind == verdict.subject and verdict.holder:
                return True
        return self._is_of_leaks(grown)

    def _is_told_line(self, key: Key, location: str | None, *, likely: bool) -> bool:
        """Tell whether what the line puts there was told by another name.

        What is held has one by its class and one by its place, which may change as
        parts of the crawl close.
        """
        first = self._lines.get(location or "", key)
        told = self._told.get(first)
        if first == key or likely or told is None:
            return False
        return told.verdict.kind != "recovered"

    def _defer(self, grown: bills.Grown) -> bool:
        """Put off once, until the next bill, what is counted too.

        The count knows more of Scrapy's objects: how many that came were kept.
        """
        if not grown.path.tracked or grown.name in self._put_off:
            return False
        self._put_off.add(grown.name)
        self._deferred = True
        return True

    def _is_of_leaks(self, grown: bills.Grown) -> bool:
        """Tell whether leaks that were told weigh as much, without room for both."""
        first, last = grown.weights[0], grown.weights[-1]
        minutes = (last.time - first.time) / 60
        leaking = minutes * sum(
            told.bytes_per_min
            for told in self._told.values()
            if told.verdict.kind == "leak" and not told.verdict.bytes
        )
        return _exceed(leaking, grown.grown, grown.share)

    def enter(
        self, verdict: Verdict, found: Explanation | Unexplained | None
    ) -> Verdict:
        """Add a verdict that no suspicion led to, and return it."""
        if is_accepted(verdict, found, self._accepted, self._case.min_objects):
            verdict = replace(verdict, suppressed=True)
        key = Key("left", f"{verdict.kind} {verdict.signature}")
        for known, told in self._told.items():
            if verdict.signature and told.verdict.signature == verdict.signature:
                key = known  # it was told while the crawl ran
        return self._remember(key, replace(verdict, cause=self._cause_of(verdict)))

    def _remember(
        self, key: Key, verdict: Verdict, bytes_per_min: float = 0.0
    ) -> Verdict:
        """Keep a verdict, and return it with its number: that of the one before."""
        before = self._told.pop(key, None)
        if before is None:
            self._ids += 1
        number = self._ids if before is None else before.verdict.id
        withdraws = number if verdict.kind == "recovered" else None
        verdict = self._worded(replace(verdict, id=number, withdraws=withdraws))
        held = verdict.unaccounted
        if key.rule == "samples":
            self._dismissed.pop(key.name, None)
            held = max(held, self._history.latest(key.name))
        self._told[key] = Standing(verdict, self._received, held, bytes_per_min)
        self._ever[key, verdict.kind] = verdict
        return verdict

    def _is_news(self, suspicion: Suspicion) -> bool:
        if kind_of(suspicion).is_part(suspicion, self._told):
            return False
        may_be_proved = suspicion.proved or self._case.explained
        if not may_be_proved and suspicion.unaccounted < self._case.many:
            return False
        dismissed = self._dismissed.get(suspicion.judged_as)
        if dismissed is not None:  # later than anything that was told
            past = dismissed.suspicion
            newly_proved = suspicion.proved and not past.proved
            measure = kind_of(suspicion).measure
            return (
                newly_proved
                or measure(suspicion) >= dismissed.again * measure(past)
                or self._may_be_hidden(suspicion, dismissed)
            )
        told = self._told.get(Key("samples", suspicion.judged_as))
        return told is None or _outgrew(suspicion, told)

    def _may_be_hidden(self, suspicion: Suspicion, dismissed: Dismissed) -> bool:
        """Tell whether so many more came that what was few may now be many.

        Where no full collection shows the floor, more dead come and go than are held.
        """
        many_came = self._received >= thresholds.TOLD_AGAIN * dismissed.received
        return suspicion.collector == "increments" and many_came


def _exceed(leaking: float, grown: float, share: float | None) -> bool:
    """Tell whether leaks and a path have not both room in what memory grew by."""
    if not share or leaking < thresholds.LEAKS_SHARE * grown:
        return False
    return leaking + grown > thresholds.PRICE_ROOM * grown / share


def _outgrew(suspicion: Suspicion, told: Standing) -> bool:
    if suspicion.proved and told.verdict.kind == "inconclusive":
        return True
    return suspicion.unaccounted >= thresholds.TOLD_AGAIN * told.held
