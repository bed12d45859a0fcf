"""Each kind of verdict has its rules and its words, in the order of its severity."""

from __future__ import annotations

from dataclasses import is_dataclass

import pytest

from scrapy_leakwatch.judge import kinds as rules
from scrapy_leakwatch.records import ALARMS, SEVERITY, facts
from scrapy_leakwatch.report import kinds as words


@pytest.mark.parametrize("kinds", [rules.KINDS, words.KINDS], ids=["rules", "words"])
def test_each_kind_has_its_entry_and_the_worst_come_first(kinds) -> None:
    assert tuple(kind.name for kind in kinds) == SEVERITY


def test_what_somebody_must_act_on_is_worse_than_what_is_only_told() -> None:
    assert set(SEVERITY[: len(ALARMS)]) == ALARMS


def test_what_somebody_must_act_on_looks_bad() -> None:
    assert {kind.name for kind in words.KINDS if kind.tone == "bad"} == ALARMS


def test_what_is_suspected_can_be_judged() -> None:
    counted = [kind for kind in rules.KINDS if kind.suspicions]
    assert counted == [kind for kind in rules.KINDS if kind.verdict_on]


def test_no_title_is_that_of_two_kinds() -> None:
    assert len({kind.title for kind in words.KINDS}) == len(words.KINDS)


def test_all_facts_can_be_said() -> None:
    said = {each for kind in words.KINDS for each in kind.words}
    written = vars(facts).values()
    assert said == {each for each in written if is_dataclass(each)}
