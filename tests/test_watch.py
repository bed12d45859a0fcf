"""The wiring of one crawl, without a crawl: what is asked, told and written when."""

from __future__ import annotations

import errno
import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config
from scrapy_leakwatch.crawl import watch
from scrapy_leakwatch.crawl.billing import Bills
from scrapy_leakwatch.crawl.watch import Guards, Stages, Watch
from scrapy_leakwatch.explain import Question
from scrapy_leakwatch.judge.kinds import unreleased
from scrapy_leakwatch.records import RESPONSES, Floor, Survivors, TooLittle
from tests.judging import (
    ITEM,
    SELECTOR,
    explanation,
    growing,
    judge_of,
    sample,
    unexplained,
    unproved,
)


class Sampler:
    """Has these samples, one after the other, and the last for ever."""

    def __init__(self, samples):
        self.samples = list(samples)
        self.stopped = False

    def sample(self):
        return self.samples.pop(0) if len(self.samples) > 1 else self.samples[0]

    def container(self, name):
        return None

    def stop(self):
        self.stopped = True


class Explainer:
    """Notes what it is asked; the test answers, or who waits at the end gives up."""

    asks = False

    def __init__(self):
        self.busy = False
        self.has_a_turn = True
        self.asked = []
        self.waiting = None

    def ask(self, question, answered):
        def answer(found):
            self.waiting = None
            answered(found)

        self.asked.append((question, answer))
        self.waiting = answer

    def give_up_bill(self):
        return False

    def settled(self, within_s):
        if self.waiting is not None:
            self.waiting(unexplained("no answer"))

    async def turn(self, within_s):
        self.busy = self.busy and not self.has_a_turn


class Recorder:
    """Notes what it is given, by the name of the method."""

    record = None
    is_recording = False
    unwatched = None

    def __init__(self):
        self.written = []

    def __getattr__(self, name):
        return lambda *seen: self.written.append((name, *seen))

    def of(self, name):
        return [seen for kind, *seen in self.written if kind == name]


class Reactions:
    def __init__(self):
        self.told = []

    def to(self, verdict, found):
        self.told.append((verdict.kind, found))

    async def settled(self, within_s):
        return None


class Crawl:
    """A watch over stages of which the tests see everything."""

    def __init__(self, samples, **settings):
        settings = {"LEAKWATCH_BILL": False, **settings}
        config = Config.from_settings(Settings(settings))
        spider = SimpleNamespace(name="shop")
        self.now = 0.0
        self.sampler, self.explainer = Sampler(samples), Explainer()
        self.recorder, self.reactions = Recorder(), Reactions()
        self.audit = SimpleNamespace(closing=lambda: None, cost_s=0.0)
        stages = Stages(
            sampler=self.sampler,
            judge=judge_of(explain=config.explain),
            bills=Bills(config),
            explainer=self.explainer,
            recorder=self.recorder,
            reactions=self.reactions,
            clock=lambda: self.now,
        )
        self.watch = Watch(
            config, spider, self.audit, Guards(spider, lambda: self.now), stages
        )

    def look(self, times):
        for _ in range(times):
            self.now += 10
            self.watch.look()

    def finish(self):
        with pytest.raises(StopIteration):
            self.watch.finish().send(None)

    def kinds(self):
        return [verdict.kind for (verdict,) in self.recorder.of("verdict")]


class Slow(Crawl):
    """More than half a second passes each time that somebody looks at the clock."""

    passed = 0.0

    @property
    def now(self):
        self.passed += 0.6
        return self.passed

    @now.setter
    def now(self, value):
        self.passed = value


def test_a_look_that_was_left_out_has_failed_though_the_next_is_due_by_now() -> None:
    crawl = Slow([])  # the sampler raises
    for _ in range(20):
        crawl.watch.look()
    assert crawl.recorder.of("looked") == [["IndexError"]] * 20


def test_what_grows_is_asked_about_and_the_answer_is_told_and_written() -> None:
    crawl = Crawl(growing(responses=200))
    crawl.look(8)
    (question, answered), *_ = crawl.explainer.asked
    assert isinstance(question, Question)
    assert crawl.kinds() == []
    found = explanation()
    answered(found)
    assert crawl.kinds() == ["leak"]
    assert crawl.reactions.told == [("leak", found)]
    ((written, verdict),) = crawl.recorder.of("finding")
    assert (written, verdict.kind) == (found, "leak")


def test_while_another_question_is_under_way_nothing_is_asked_or_forgotten() -> None:
    crawl = Crawl(growing(responses=200))
    crawl.explainer.busy = True
    crawl.look(8)
    assert crawl.explainer.asked == []
    crawl.explainer.busy = False
    crawl.look(1)
    assert len(crawl.explainer.asked) == 1


@pytest.mark.parametrize(("has_a_turn", "questions"), [(True, 1), (False, 0)])
def test_what_others_kept_from_being_asked_is_asked_at_the_end(
    has_a_turn, questions
) -> None:
    crawl = Crawl(growing(responses=200))
    crawl.explainer.busy = True
    crawl.explainer.has_a_turn = has_a_turn
    crawl.look(8)
    crawl.finish()
    assert len(crawl.explainer.asked) == questions
    assert crawl.sampler.stopped


def test_all_that_the_last_sample_shows_is_asked_about_at_the_end() -> None:
    crawl = Crawl([sample(n, items=90 * n, selectors=40 * n) for n in range(9)])
    crawl.explainer.busy = True
    crawl.look(8)
    crawl.explainer.busy = False
    crawl.finish()
    asked = [question.class_path for question, _ in crawl.explainer.asked]
    assert sorted(asked) == sorted([ITEM, SELECTOR])


def test_what_the_crawl_asks_itself_is_not_asked_twice_at_the_end() -> None:
    crawl = Crawl(growing(responses=200))
    crawl.explainer.busy = crawl.explainer.asks = True
    crawl.look(8)
    crawl.finish()
    assert crawl.explainer.asked == []


def test_without_explanations_what_is_proved_is_told_at_once() -> None:
    crawl = Crawl(growing(responses=200), LEAKWATCH_EXPLAIN=False)
    crawl.look(8)
    assert crawl.kinds() == ["leak"]
    assert crawl.explainer.asked == []


def test_an_explainer_that_fails_ends_explanations_and_not_verdicts(caplog) -> None:
    crawl = Crawl(growing(responses=200))

    def fail(question, answered):
        raise OSError("no more processes")

    crawl.explainer.ask = fail
    with caplog.at_level(logging.ERROR, "scrapy_leakwatch"):
        crawl.look(8)
    assert crawl.kinds() == ["leak"]
    assert [record.levelname for record in caplog.records].count("ERROR") == 1


def test_a_sampler_that_fails_is_logged_once_and_asked_no_more(caplog) -> None:
    crawl = Crawl(growing(responses=200))

    def fail():
        raise RuntimeError("dictionary changed")

    crawl.sampler.sample = fail
    with caplog.at_level(logging.ERROR, "scrapy_leakwatch"):
        crawl.look(5)
    assert len(caplog.records) == 1
    assert "can't observe the crawl" in caplog.text
    assert crawl.recorder.of("sample") == []


def test_a_sampler_that_fails_for_a_while_is_asked_again(caplog) -> None:
    crawl = Crawl(growing(responses=200))
    sample, broken = crawl.sampler.sample, [OSError(errno.EMFILE, "no files")] * 2

    def now_and_then():
        if broken:
            raise broken.pop()
        return sample()

    crawl.sampler.sample = now_and_then
    with caplog.at_level(logging.INFO, "scrapy_leakwatch"):
        crawl.look(10)
    assert len(crawl.recorder.of("sample")) == 8
    looked = [failed for (failed,) in crawl.recorder.of("looked")]
    assert looked == ["OSError: Too many open files"] * 2 + [""] * 8
    told = [record.message for record in caplog.records if "can" in record.message]
    assert told == [
        "LeakWatch can't observe the crawl and does without for now; the crawl goes on",
        "LeakWatch can observe the crawl again",
    ]
    assert len(crawl.explainer.asked) > 0


def test_what_the_judge_did_not_hear_was_not_looked_at() -> None:
    crawl = Crawl(growing(responses=200))
    crawl.watch._judge.hear = None
    crawl.look(3)
    assert crawl.recorder.of("looked") == [["TypeError"]] * 3


@pytest.mark.parametrize("broken", ["busy", "question_on"])
def test_no_error_around_a_question_gets_out_of_a_look(
    monkeypatch, caplog, broken
) -> None:
    crawl = Crawl(growing(responses=200))
    if broken == "busy":
        crawl.watch._explainer = SimpleNamespace()
    else:
        monkeypatch.setattr(watch, "question_on", None)
    with caplog.at_level(logging.ERROR, "scrapy_leakwatch"):
        crawl.look(8)
    assert crawl.kinds() == ["leak"]
    assert crawl.recorder.of("looked") == [[""]] * 8
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    ((found, _),) = crawl.recorder.of("finding")
    assert found.reason.startswith("LeakWatch failed to look, ")


def test_a_log_handler_of_the_project_that_raises_does_not_end_the_watch() -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise KeyError("the project's own")

    broken = Broken()
    crawl = Crawl(growing(responses=200), LEAKWATCH_LOG_INTERVAL=1)
    logger = logging.getLogger("scrapy_leakwatch")
    logger.addHandler(broken)
    logger.setLevel(logging.INFO)
    try:
        crawl.sampler.sample, sample = None, crawl.sampler.sample
        crawl.look(1)
        crawl.sampler.sample = sample
        crawl.look(8)
    finally:
        logger.removeHandler(broken)
        logger.setLevel(logging.NOTSET)
    assert crawl.recorder.of("looked") == [["TypeError"], *[[""]] * 8]
    assert not crawl.watch._guards.logging.off


REFUSED = "fork refused: Resource temporarily unavailable"


def test_few_of_whom_nobody_could_tell_are_told_at_the_end(caplog) -> None:
    """Not before: dead ones come and go by the hundred in a healthy crawl."""
    crawl = Crawl(unproved(responses=30))
    crawl.look(8)
    (_, answered), *_ = crawl.explainer.asked
    answered(unexplained(REFUSED))
    assert crawl.kinds() == []
    with caplog.at_level(logging.INFO, "scrapy_leakwatch"):
        crawl.finish()
    ((verdict,),) = crawl.recorder.of("verdict")
    assert (verdict.kind, verdict.count) == ("inconclusive", 150)
    ((_, rests), (found, none)) = reversed(crawl.recorder.of("finding"))
    assert rests is verdict
    assert (found.reason, none) == (
        REFUSED,
        None,
    )
    why = f"who holds them is not known: {REFUSED}"
    assert verdict.caveat == why
    assert why in caplog.text


@pytest.mark.parametrize("floors", [True, False])
def test_what_is_gone_at_the_end_is_not_told_though_nobody_could_look(floors) -> None:
    last = sample(8, floors=floors, responses=3 if not floors else 300)
    if floors:  # a full collection has shown that they were dead
        last = replace(last, floors=(Floor(80.0, 8000, {RESPONSES: 3}),))
    crawl = Crawl([*unproved(responses=30), last])
    crawl.look(8)
    (_, answered), *_ = crawl.explainer.asked
    answered(unexplained("no answer within 30 seconds"))
    crawl.finish()
    assert crawl.kinds() == []


def test_who_holds_few_is_told_at_the_end_where_only_requests_could_be_looked_at():
    crawl = Crawl(unproved(responses=30))
    crawl.look(8)
    (_, answered), *_ = crawl.explainer.asked
    found = explanation(traits=("direct",), examined=48, held=12)
    answered(found)
    assert crawl.kinds() == []
    crawl.finish()
    assert crawl.kinds() == ["inconclusive"]
    assert crawl.reactions.told == [("inconclusive", found)]


def test_what_somebody_looked_at_is_not_told_at_the_end() -> None:
    crawl = Crawl(unproved(responses=30))
    crawl.look(8)
    (_, answered), *_ = crawl.explainer.asked
    answered(unexplained("in flight", examined=24, in_flight=24))
    crawl.finish()
    assert crawl.kinds() == []


def test_a_crawl_that_was_not_watched_says_so_at_the_end(caplog) -> None:
    crawl = Crawl(growing(responses=1))
    crawl.recorder.unwatched = TooLittle("looks", 3, 20, subject="OSError: no files")
    crawl.finish()
    assert caplog.messages == [
        "LeakWatch does not know whether this crawl leaks."
        " Unwatched: 17 of 20 looks at it failed (OSError: no files)"
    ]


def test_what_nobody_holds_is_no_verdict_and_is_written_all_the_same() -> None:
    crawl = Crawl(unproved(responses=200))
    crawl.look(8)
    (_, answered), *_ = crawl.explainer.asked
    answered(unexplained("in flight", examined=24, in_flight=24))
    assert crawl.kinds() == []
    assert len(crawl.recorder.of("finding")) == 1
    assert crawl.reactions.told == []


@pytest.mark.parametrize(("every", "tables"), [(0, 0), (30, 2), (1000, 0)])
def test_the_table_comes_by_the_clock(caplog, every, tables) -> None:
    crawl = Crawl(growing(responses=1), LEAKWATCH_LOG_INTERVAL=every)
    with caplog.at_level(logging.INFO, "scrapy_leakwatch"):
        crawl.look(7)
    assert caplog.text.count("Live References") == tables


def test_a_sample_that_somebody_asks_for_does_not_bend_the_rules() -> None:
    crawl = Crawl(growing(responses=200))
    for _ in range(8):
        crawl.watch.status()
    assert crawl.explainer.asked == []
    assert len(crawl.recorder.of("sample")) == 8


def test_at_the_end_a_last_sample_is_taken_and_the_process_let_go_of() -> None:
    crawl = Crawl(growing(responses=1))
    crawl.finish()
    assert crawl.sampler.stopped
    assert len(crawl.recorder.of("sample")) == 1
    assert crawl.recorder.of("end_with_the_process") == [[]]


def test_what_is_left_after_a_crawl_is_written_with_what_would_release_it() -> None:
    crawl = Crawl(growing(responses=1))
    survivors = Survivors(3, 3, (0, 1, 2, 3))
    told = unreleased.crawlers(survivors, explanation(fix="of another kind"), "shop")

    async def verdicts(spider):
        return [told]

    crawl.audit.verdicts = verdicts
    crawl.audit.news = lambda verdict: verdict
    with pytest.raises(StopIteration):
        crawl.watch.end(audited=True).send(None)
    ((found, verdict),) = crawl.recorder.of("finding")
    assert found.fix == verdict.remedy
    assert "take it out of spider.pages[*]" in found.fix
    assert verdict.facts is None
