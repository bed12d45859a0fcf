"""What stands on top of a report: the verdict in one sentence, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.records import Explanation
from scrapy_leakwatch.report import kinds, known
from scrapy_leakwatch.report.amounts import count, span
from scrapy_leakwatch.report.sufficiency import advice, outcome

if TYPE_CHECKING:
    from scrapy_leakwatch.records import Crawl, Told, TooLittle, Verdict
    from scrapy_leakwatch.report.kinds.kind import Tone


class Opening(NamedTuple):
    """``word`` names the verdict, ``sentence`` says it, ``remedy`` what to do."""

    tone: Tone
    word: str
    sentence: str
    detail: str = ""
    remedy: str = ""


def opening(crawl: Crawl, too_little: TooLittle | None = None) -> Opening:
    """Return what to say first; ``too_little``: why the rules could not judge."""
    told = [
        each
        for each in kinds.by_severity(crawl.standing)
        if not each.verdict.suppressed and each.verdict.kind != "recovered"
    ]
    if told:
        return _of_the_worst(told, crawl)
    if too_little:
        return _unjudged(too_little)
    return _healthy(crawl)


def _of_the_worst(told: list[Told], crawl: Crawl) -> Opening:
    worst, *others = told
    verdict = worst.verdict
    more = {0: "", 1: "One more verdict stands, below."}.get(
        len(others), f"{len(others)} more verdicts stand, below."
    )
    return Opening(
        tone=kinds.tone(verdict),
        word=kinds.title(verdict),
        sentence=_said(worst),
        detail=" ".join(filter(None, (_detail(worst, crawl), more))),
        remedy=remedy(worst),
    )


def remedy(told: Told) -> str:
    """Return what to do about a verdict, as far as it is known."""
    found = told.found
    if isinstance(found, Explanation) and (known.helps(found.known) or found.fix):
        return sentence(known.helps(found.known) or found.fix)
    return sentence(told.verdict.remedy)


def sentence(text: str) -> str:
    """Begin with a capital, unless it begins with a name out of code."""
    if not text:
        return ""
    word = text.split(" ", 1)[0].rstrip(",:")
    begin = text[:1].upper() if word.isalpha() and word.islower() else text[:1]
    return begin + text[1:] + ("" if text.endswith(".") else ".")


def _said(told: Told) -> str:
    verdict, words = told.verdict, kinds.words_of(told.verdict)
    if words.of_holder and isinstance(told.found, Explanation):
        return words.of_holder.format(subject=verdict.subject, holder=told.found.holder)
    if words.sentence:
        return words.sentence.format(subject=verdict.subject)
    return sentence(verdict.message or verdict.subject)


def _detail(told: Told, crawl: Crawl) -> str:
    verdict, words = told.verdict, kinds.words_of(told.verdict)
    if words.counted:
        return _amount(told, crawl, words.counted)
    return sentence(verdict.message) if words.sentence else ""


def _amount(told: Told, crawl: Crawl, what: str) -> str:
    """Say how many there are, and where they come from."""
    verdict, found = told.verdict, told.found
    live = crawl.last.live if crawl.last else ()
    now = next((each.count for each in live if each.path == verdict.class_path), 0)
    amount = f"{count(now or verdict.count)} {what} {'at the end' if now else _THEN}"
    if isinstance(found, Explanation) and found.location:
        likely = "probably " if found.likely else ""
        return f"{amount}; they are {likely}put there at {found.location}."
    return f"{amount}."


_THEN = "when this was told"


def _unjudged(too_little: TooLittle) -> Opening:
    unwatched = too_little.lack == "looks"
    return Opening(
        tone="warn",
        word="Unwatched" if unwatched else "Too short",
        sentence=f"{outcome(too_little)}.",
        remedy=sentence(advice(too_little)),
    )


def _healthy(crawl: Crawl) -> Opening:
    received = [value for value in crawl.timeline.received if value is not None]
    over = f"{count(received[-1])} responses and " if received else ""
    verdicts = [each.verdict for each in crawl.standing]
    accepted = [verdict for verdict in verdicts if verdict.suppressed]
    withdrawn = [verdict for verdict in verdicts if not verdict.suppressed]
    details = {"Known and accepted": accepted, "Told and withdrawn": withdrawn}
    return Opening(
        tone="good",
        word="Healthy",
        sentence=f"No leak found in {over}{span(_length(crawl))}.",
        detail=" ".join(
            f"{name}: {_names(which)}." for name, which in details.items() if which
        ),
    )


def _names(verdicts: list[Verdict]) -> str:
    return ", ".join(dict.fromkeys(verdict.subject for verdict in verdicts))


def _length(crawl: Crawl) -> float:
    return max(crawl.ended - crawl.run.time, 0.0)
