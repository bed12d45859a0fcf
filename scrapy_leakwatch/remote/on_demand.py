"""Answers one who asks a running crawl: who holds a class, where the memory is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed

from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.crawl.inquiry import Inquiry
from scrapy_leakwatch.explain import (
    HeapProfile,
    Question,
    guppy_missing,
    profile_in_child,
)
from scrapy_leakwatch.foundation import clock
from scrapy_leakwatch.observe.live_refs import classes
from scrapy_leakwatch.records import Bill, Explanation, NoBill, Unexplained
from scrapy_leakwatch.report import block
from scrapy_leakwatch.report.bill import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from scrapy import Spider

    from scrapy_leakwatch.crawl.explainer import Explainer
    from scrapy_leakwatch.crawl.guard import Guard

    BillFound: TypeAlias = Bill | NoBill | None
    TakeBill: TypeAlias = Callable[[Callable[[BillFound], None]], None]

BUSY = "Another profile is under way; ask again when it is there."
NOT_TAKEN = "this crawl takes none"
HEAP_TIMEOUT_S = 300.0


class Text(str):
    """Text that a console shows as it is, on as many lines as it has."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


FAILED = Text("No answer: the crawl closed, or its log has an error of LeakWatch.")


class OnDemand:
    """The questions that a person may ask; each returns at once.

    ``bill`` takes a memory bill and calls back once, with None after an error of
    ours. Without it there are no bills.
    """

    def __init__(
        self,
        explainer: Explainer,
        spider: Spider,
        guard: Guard,
        bill: TakeBill | None = None,
    ) -> None:
        self._explainer = explainer
        self._spider = spider
        self._guard = guard
        self._take_bill = bill
        self._profiling: Inquiry[HeapProfile | str] | None = None
        self._closed = False

    def why(self, name: str) -> Deferred[Text]:
        """Return who holds the instances of a class, named as in the table."""
        found = _class_named(name)
        if found is None:
            return succeed(Text(f"Nothing called {name!r} is alive: {_names()}."))
        if self._closed:
            return succeed(FAILED)
        if (free := self._explainer.free()) is not None:
            return free.addCallback(lambda _: self.why(name))
        cls, count = found
        answer: Deferred[Text] = Deferred()
        question = Question(
            subject=name.rpartition(".")[2],
            class_path=class_path(cls),
            spider=self._spider.name,
            count=count,
        )
        tell = answer.callback
        self._guard(self._explainer.ask, question, lambda found: tell(_told(found)))
        if self._guard.off and not answer.called:
            tell(FAILED)
        return answer

    def heap(self, name: str | None = None) -> Deferred[Text]:
        """Return Guppy's heap by type, or what refers to the instances of a class.

        Guppy works in a forked child, which needs about as much memory as the
        crawl has. Where it is missing, a line says so and `bill` or `why` answers.
        """
        found = None if name is None else _class_named(name)
        if name is not None and found is None:
            return succeed(Text(f"Nothing called {name!r} is alive: {_names()}."))
        if missing := guppy_missing():
            return self._without_guppy(missing, name)
        if self._closed or self._profiling is not None:
            return succeed(FAILED if self._closed else Text(BUSY))
        if (free := self._explainer.free()) is not None:
            return free.addCallback(lambda _: self.heap(name))
        answer: Deferred[Text] = Deferred()

        def show(profile: HeapProfile | str | None) -> None:
            self._profiling = None
            answer.callback(_shown(profile))

        asked = self._guard(profile_in_child, HEAP_TIMEOUT_S, found and found[0])
        if asked is None:
            return succeed(FAILED)
        self._profiling = Inquiry(asked, show, self._guard)
        return answer

    def _without_guppy(self, missing: str, name: str | None) -> Deferred[Text]:
        if name is None:
            what, answer = "the memory bill", self.bill()
        else:
            what, answer = "what LeakWatch finds", self.why(name)
        line = f"{missing}: here is {what} instead."
        return answer.addCallback(lambda text: Text(f"{line}\n\n{text}"))

    def bill(self) -> Deferred[Text]:
        """Return who has the memory now, as a table."""
        return self.bill_record().addCallback(_billed)

    def bill_record(self) -> Deferred[BillFound]:
        """Take a memory bill; None once the crawl closes, or after an error of ours."""
        if self._closed:
            return succeed(None)
        if self._take_bill is None:
            return succeed(NoBill(clock.now(), 0, 0, NOT_TAKEN))
        if (free := self._explainer.free()) is not None:
            return free.addCallback(lambda _: self.bill_record())
        answer: Deferred[BillFound] = Deferred()
        self._take_bill(answer.callback)
        return answer

    def close(self) -> None:
        """Take no more questions, and give up a profile: the crawl closes."""
        self._closed = True
        if self._profiling is not None:
            self._profiling.abandon()


def _told(found: object) -> Text:
    if isinstance(found, Explanation):
        return Text(block.explanation(found))
    if isinstance(found, Unexplained):
        return Text(block.unexplained(found))
    return FAILED


def _shown(profile: HeapProfile | str | None) -> Text:
    if profile is None:
        return FAILED
    if isinstance(profile, str):
        return Text(f"No profile of the heap: {profile}")
    return Text(profile.text)


def _billed(bill: BillFound) -> Text:
    return FAILED if bill is None else Text(table(bill))


def _class_named(name: str) -> tuple[type, int] | None:
    alive = [(cls, len(refs)) for cls, refs in classes() if refs]
    named = [each for each in alive if name in {each[0].__name__, class_path(each[0])}]
    return max(named, key=lambda each: each[1], default=None)


def _names() -> str:
    names = sorted({cls.__name__ for cls, refs in classes() if refs})
    return f"there are {', '.join(names)}" if names else "nothing is counted"
