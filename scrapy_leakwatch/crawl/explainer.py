"""Finds out who holds some objects while the crawl goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.http import Request, Response

from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.crawl.inquiry import Inquiry
from scrapy_leakwatch.explain import (
    BillRequest,
    HoardQuestion,
    MemoryQuestion,
    Question,
    ResourceQuestion,
    StallQuestion,
    WaitingQuestion,
    bill_in_child,
    explain_hoard_in_child,
    explain_in_child,
    explain_queue_in_child,
    explain_resources_in_child,
    explain_stall_in_child,
    layers_in_child,
    look,
)
from scrapy_leakwatch.judge.kinds import kind_of, taken
from scrapy_leakwatch.observe.live_refs import classes
from scrapy_leakwatch.records import Explanation, Unexplained
from scrapy_leakwatch.report.kinds.taken import release

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred

    from scrapy_leakwatch.crawl.guard import Guard
    from scrapy_leakwatch.explain import Asked
    from scrapy_leakwatch.records import (
        Bill,
        Layers,
        NoBill,
        Sample,
        Suspicion,
    )

    AnyQuestion = (
        Question
        | HoardQuestion
        | WaitingQuestion
        | ResourceQuestion
        | StallQuestion
        | MemoryQuestion
        | BillRequest
    )
    Answer = Explanation | Unexplained | Layers | Bill | NoBill
    Found = Answer | None


MOST_STUCK = 100
"""Requests of which it is looked what their callbacks wait for, the oldest."""
BILL_TIMEOUT = 4
"""Times the time limit of an explanation: a bill looks at every object."""


class Explainer:
    """Asks a forked child, one question at a time in the whole process.

    Where no child can be had, the live requests are looked at in this process.
    ``find`` returns a container by its name, after all that leads to it, None
    where it is gone, ``in_scraper`` up to so many of the requests that are longest
    in the scraper. ``guard`` runs what happens in later turns.
    """

    def __init__(
        self,
        crawler: Crawler,
        timeout_s: float,
        find: Callable[[str], tuple[Any, ...] | None],
        in_scraper: Callable[[int], tuple[Any, ...]],
        guard: Guard,
    ) -> None:
        self._crawler = crawler
        self._find = find
        self._in_scraper = in_scraper
        self._timeout_s = timeout_s
        self._guard = guard
        self._inquiry: Inquiry[Answer] | None = None
        self._question: AnyQuestion | None = None

    @property
    def busy(self) -> bool:
        """Tell whether an answer is still to come, to this crawl or another."""
        return Inquiry.under_way() is not None

    @property
    def asks(self) -> bool:
        """Tell whether this crawl's own answer is still to come."""
        return self._inquiry is not None

    def ask(self, question: AnyQuestion, answered: Callable[[Found], None]) -> None:
        """Ask; ``answered`` is called once, soon or at once. It must not raise.

        It gets None after an error of ours.
        """
        asked = self._asked(question)
        try:
            refused = asked.poll()
        except Exception:
            asked.end()
            raise
        if refused is not None:
            if isinstance(question, Question) and isinstance(refused, Unexplained):
                refused = self._look(question, refused)
            answered(refused)
            return

        def settle(found: Found) -> None:
            self._inquiry = self._question = None
            answered(found)

        self._inquiry = Inquiry(asked, settle, self._guard)
        self._question = question

    def give_up_bill(self) -> bool:
        """End the bill under way, if it is this crawl's; tell whether that was so."""
        if self._inquiry is None or not isinstance(self._question, BillRequest):
            return False
        self._inquiry.abandon()
        return True

    def free(self) -> Deferred[None] | None:
        """Return what fires when the process may ask again, None if it may now."""
        asking = Inquiry.under_way()
        return None if asking is None else asking.settled(gives_up=False)

    async def turn(self, within_s: float) -> None:
        """Wait, so long at most, until the process may ask."""
        await Inquiry.turn(within_s)

    def settled(self, within_s: float) -> Deferred[None] | None:
        """Return what fires when this crawl's question is answered or given up."""
        return None if self._inquiry is None else self._inquiry.settled(within_s)

    def _asked(self, question: AnyQuestion) -> Asked[Answer]:
        if isinstance(question, BillRequest):
            return bill_in_child(
                question, self._crawler, BILL_TIMEOUT * self._timeout_s
            )
        if isinstance(question, MemoryQuestion):
            return layers_in_child(self._timeout_s)
        if isinstance(question, StallQuestion):
            return explain_stall_in_child(
                question,
                self._in_scraper(min(question.count, MOST_STUCK)),
                _tables(Response),
                self._crawler,
                self._timeout_s,
            )
        if isinstance(question, ResourceQuestion):
            return explain_resources_in_child(question, self._crawler, self._timeout_s)
        return self._about_objects(question)

    def _about_objects(
        self, question: Question | HoardQuestion | WaitingQuestion
    ) -> Asked[Explanation | Unexplained]:
        if isinstance(question, HoardQuestion):
            trail = self._find(question.member)
            return explain_hoard_in_child(
                question, trail, self._crawler, self._timeout_s
            )
        if isinstance(question, WaitingQuestion):
            family = tuple(cls for cls, _ in classes() if issubclass(cls, Request))
            return explain_queue_in_child(
                question, family, self._crawler, self._timeout_s
            )
        suspects = tuple(cls for cls, _ in _suspects(question))
        return explain_in_child(question, suspects, self._crawler, self._timeout_s)

    def _look(
        self, question: Question, refused: Unexplained
    ) -> Explanation | Unexplained:
        """Return what a look in this process finds, else why there is no child."""
        suspects = tuple(cls for cls, _ in _suspects(question))
        found = look(question, suspects, _tables(Request), self._crawler)
        return found if isinstance(found, Explanation) else refused


def question_on(suspicion: Suspicion, sample: Sample, patience_s: float) -> AnyQuestion:
    """Return what must be known to judge a suspicion.

    ``patience_s``: how long something may live before it counts as growth.
    """
    asks = kind_of(suspicion).asks
    if asks == "layers":
        return MemoryQuestion()
    if asks == "container":
        return _about_container(suspicion, sample)
    if asks == "waiters":
        return StallQuestion(
            subject=suspicion.subject,
            class_path=suspicion.class_path,
            spider=suspicion.spider,
            count=suspicion.count,
            since_s=suspicion.oldest_s,
        )
    if asks == "takers":
        name = taken.name_of(suspicion)
        return ResourceQuestion(
            subject=suspicion.subject,
            counted_as=name,
            spider=suspicion.spider,
            count=suspicion.count,
            fix=release(name),
        )
    if asks == "queue":
        return WaitingQuestion(
            class_path=suspicion.class_path,
            spider=suspicion.spider,
            count=suspicion.unaccounted,
        )
    return Question(
        subject=suspicion.subject,
        class_path=suspicion.class_path,
        spider=suspicion.spider,
        count=suspicion.count,
        unaccounted=suspicion.unaccounted,
        # What lives for longer is held by one timer after the other.
        soon_s=patience_s if suspicion.oldest_s <= 2 * patience_s else 0.0,
    )


def _about_container(suspicion: Suspicion, sample: Sample) -> HoardQuestion:
    """Ask about the largest of the containers that a suspicion is about."""
    largest = max(
        (
            each
            for each in sample.containers
            if suspicion.subject in {each.name, each.family}
        ),
        key=lambda each: each.len,
    )
    return HoardQuestion(
        name=suspicion.subject,
        member=largest.name,
        type=largest.type,
        owner=largest.owner,
        origin=largest.origin,
        spider=suspicion.spider,
        len=largest.len,
        total=suspicion.count,
    )


def _suspects(question: Question) -> list[tuple[type, Any]]:
    return [each for each in classes() if class_path(each[0]) == question.class_path]


def _tables(family: type) -> tuple[Any, ...]:
    return tuple(table for cls, table in classes() if issubclass(cls, family))
