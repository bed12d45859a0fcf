"""Finds out who holds some objects while the crawl goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.http import Request

from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.explain import Question, explain_in_child, look
from scrapy_leakwatch.inquiry import Inquiry
from scrapy_leakwatch.observe.live_refs import classes

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred

    from scrapy_leakwatch.guard import Guard
    from scrapy_leakwatch.records import Explanation, Unexplained

    Found = Explanation | Unexplained | None


class Explainer:
    """Asks a forked child, one question at a time.

    Where no child can be had, the live requests are looked at in this process.
    ``guard`` runs what happens in later turns.
    """

    def __init__(self, crawler: Crawler, timeout_s: float, guard: Guard) -> None:
        self._crawler = crawler
        self._timeout_s = timeout_s
        self._guard = guard
        self._inquiry: Inquiry[Explanation | Unexplained] | None = None

    @property
    def busy(self) -> bool:
        """Tell whether an answer is still to come."""
        return self._inquiry is not None

    def ask(self, question: Question, answered: Callable[[Found], None]) -> None:
        """Ask; ``answered`` is called once, soon or at once. It must not raise.

        It gets None after an error of ours.
        """
        suspects = [
            each for each in classes() if class_path(each[0]) == question.class_path
        ]
        tables = tuple(table for _, table in suspects)
        asked = explain_in_child(question, tables, self._crawler, self._timeout_s)
        try:
            refused = asked.poll()
        except Exception:
            asked.end()
            raise
        if refused is not None:
            answered(self._look(question, tuple(cls for cls, _ in suspects)))
            return

        def settle(found: Found) -> None:
            self._inquiry = None
            answered(found)

        self._inquiry = Inquiry(asked, settle, self._guard)

    def settled(self, within_s: float | None = None) -> Deferred[None] | None:
        """Return what fires when the question under way is answered or given up."""
        return None if self._inquiry is None else self._inquiry.settled(within_s)

    def _look(
        self, question: Question, suspects: tuple[type, ...]
    ) -> Explanation | Unexplained:
        requests = [table for cls, table in classes() if issubclass(cls, Request)]
        return look(question, suspects, tuple(requests), self._crawler)
