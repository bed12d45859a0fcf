"""Takes the memory bills of one crawl, and has them judged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.utils.defer import maybe_deferred_to_future

from scrapy_leakwatch.crawl import guard
from scrapy_leakwatch.records import Bill, NoBill
from scrapy_leakwatch.report.bill import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Spider

    from scrapy_leakwatch.crawl.explainer import Explainer
    from scrapy_leakwatch.crawl.watch import Guards, Stages
    from scrapy_leakwatch.records import (
        Explanation,
        Layers,
        Sample,
        Unexplained,
        Verdict,
    )

    Found = Explanation | Unexplained | Layers | None

GROWN = 64_000_000
GROWN_SHARE = 0.25
"""Bytes, or the part of what there was, from which on growth is shown at close."""
BILL_WAIT_S = 20.0
"""How long the end of a crawl waits for its last bill."""
TURN_WAIT_S = 5.0
"""How long it waits, each time, until no other crawl of the process asks."""


async def answers(explainer: Explainer, within_s: float) -> None:
    """Wait for what this crawl has asked."""
    if (settled := explainer.settled(within_s)) is not None:
        await maybe_deferred_to_future(settled)


class Books:
    """The bills of one crawl: asks for them, and tells what they say.

    ``latest`` returns the last sample, None before there is one; ``announce`` gets each
    verdict that a bill leads to. ``asks``: the crawl may be forked.
    """

    def __init__(
        self,
        spider: Spider,
        guards: Guards,
        stages: Stages,
        latest: Callable[[], Sample | None],
        announce: Callable[[Verdict, Found], None],
        *,
        asks: bool,
    ) -> None:
        self._spider = spider
        self._guards = guards
        self._bills = stages.bills
        self._explainer = stages.explainer
        self._judge = stages.judge
        self._recorder = stages.recorder
        self._latest = latest
        self._announce = announce
        self._asks = asks
        self._can_wait = False

    def sampled(self, sample: Sample) -> None:
        """Take one if memory has grown enough for that, and nobody is asked now."""
        due = self._guards.billing(self._bills.is_due, sample)
        if due and self._may_ask():
            self._can_wait = True
            self.take()

    def take_if_free(self) -> None:
        """Take one unless somebody is asked now."""
        if self._may_ask():
            self.take()

    async def take_in_turn(self, *, closing: bool = False) -> None:
        """Take one as soon as nobody is asked, and wait for it; the crawl ends."""
        await self._explainer.turn(TURN_WAIT_S)
        if self._may_ask():
            self.take(closing=closing)
            await answers(self._explainer, BILL_WAIT_S)

    def take(
        self,
        tell: Callable[[Bill | NoBill | None], None] = lambda _: None,
        *,
        closing: bool = False,
    ) -> None:
        """Have a memory bill made; ``tell`` gets it, None after an error of ours."""
        last, request = self._latest(), None
        if last is not None and not self._guards.explaining.off:
            request = self._guards.billing(self._bills.request, last)
        if request is None:
            tell(None)
            return

        def answered(found: Found | Bill | NoBill) -> None:
            self._can_wait = False
            bill = found if isinstance(found, Bill | NoBill) else None
            if bill is not None:
                bill = self._guards.billing(self._bills.keep, bill)
            if bill is not None:
                self._recorder.bill(bill)
                self._have_judged(bill, closing=closing)
            tell(bill)

        self._guards.explaining(self._explainer.ask, request, answered)
        if self._guards.explaining.off:
            tell(None)

    def put_off(self) -> bool:
        """Give up one that nobody asked for: it comes again, and a leak first."""
        if not self._can_wait or not self._explainer.give_up_bill():
            return False
        return not self._explainer.busy  # somebody else may have waited for that

    async def close(self) -> None:
        """Take the last one, and show the fullest where memory has grown."""
        last = self._latest()
        if last is None:
            return
        due = self._guards.billing(self._bills.is_due, last, closing=True)
        if due:
            await self.take_in_turn(closing=True)
        self._tell_rising(closing=True)
        self._guards.billing(self._bills.end)
        bill = self._bills.fullest
        if bill is not None and bill.since and _has_grown(bill):
            self._guards.logging(self._show, bill)

    def _may_ask(self) -> bool:
        free = not self._guards.explaining.off and not self._explainer.busy
        return self._asks and free

    def _have_judged(self, bill: Bill | NoBill, *, closing: bool) -> None:
        for verdict, found in (
            self._guards.judging(self._judge.hear_bill, bill, closing=closing) or ()
        ):
            self._announce(verdict, found)
            if found is not None:
                self._recorder.finding(found, verdict)
        if not closing:
            self._tell_rising()

    def _tell_rising(self, *, closing: bool = False) -> None:
        verdict = self._guards.judging(self._judge.rising, closing=closing)
        if verdict is not None:
            self._announce(verdict, None)

    def _show(self, bill: Bill) -> None:
        text = table(bill)
        guard.log(logging.INFO, "%s", text, extra={"spider": self._spider})


def _has_grown(bill: Bill) -> bool:
    grown = bill.rss - bill.since_rss
    return grown >= GROWN or grown >= GROWN_SHARE * bill.since_rss
