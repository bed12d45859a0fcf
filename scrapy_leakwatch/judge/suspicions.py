"""The rules that suspect: each looks at the past of one kind of object.

What no engine of the process owns is no backlog. What was alive after full
collections is no garbage. What was only seen growing may be: then somebody
must be found who holds it before anybody is accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scrapy_leakwatch.judge.growth import growth
from scrapy_leakwatch.judge.wording import age, pace
from scrapy_leakwatch.records import REQUESTS, RESPONSES, Suspicion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy_leakwatch.judge.history import History
    from scrapy_leakwatch.records import Growth, Oldest, Sample

MAJORITY = 0.5
OF_A_RESPONSE = (
    REQUESTS,
    "scrapy.selector.unified.Selector",
    "scrapy.selector.unified.SelectorList",
)
"""What each response has of its own: where responses pile up, so do these."""


class Case(NamedTuple):
    """What the rules hold a crawl to.

    Growth must show in ``min_samples`` steps and hold ``min_objects`` at least.
    """

    spider: str
    min_samples: int
    min_objects: int


def suspicions(history: History, sample: Sample, case: Case) -> Iterator[Suspicion]:
    """Yield what grows, the responses first and then without what is theirs."""
    responses = _suspicion(RESPONSES, history, sample, case)
    if responses is not None:
        yield responses
    for subject in sample.oldest:
        if subject == RESPONSES or (responses and subject in OF_A_RESPONSE):
            continue
        suspicion = _suspicion(subject, history, sample, case)
        if suspicion is not None:
            yield suspicion


def _suspicion(
    subject: str, history: History, sample: Sample, case: Case
) -> Suspicion | None:
    oldest = sample.oldest.get(subject)
    if oldest is None or sample.held[subject] < case.min_objects or _anothers(oldest):
        return None
    grown = growth(history.floors(subject), case.min_samples, case.min_objects)
    proved = grown is not None
    if grown is None:
        grown = growth(history.levels(subject), case.min_samples, case.min_objects)
    if grown is None:
        return None
    return Suspicion(
        kind="leak",
        judged_as=subject,
        subject=oldest.subject,
        class_path=oldest.path,
        spider=case.spider,
        count=oldest.count,
        unaccounted=sample.held[subject],
        growth=grown,
        proved=proved,
        oldest_s=oldest.age_s,
        example_url=oldest.url,
        headline=_headline(subject, oldest, grown),
        memory=sample.memory,
        memory_limit=sample.memory_limit,
    )


def _headline(subject: str, oldest: Oldest, grown: Growth) -> str:
    return (
        f"{oldest.subject} is leaking: {oldest.count:,} alive,"
        f" {grown.per_1000_responses:+,.0f} per 1,000 responses,"
        f" oldest {age(oldest.age_s)}; {pace(subject, grown)}"
    )


def _anothers(oldest: Oldest) -> bool:
    return oldest.own_share is not None and oldest.own_share < MAJORITY
