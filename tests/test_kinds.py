"""Each kind of verdict has its rules and its words, in the order of its severity."""

from __future__ import annotations

from scrapy_leakwatch.judge import kinds as rules
from scrapy_leakwatch.records import ALARMS, SEVERITY


def test_each_kind_has_its_rules_and_the_worst_come_first() -> None:
    assert tuple(kind.name for kind in rules.KINDS) == SEVERITY


def test_what_somebody_must_act_on_is_worse_than_what_is_only_told() -> None:
    assert set(SEVERITY[: len(ALARMS)]) == ALARMS


def test_what_is_suspected_can_be_judged() -> None:
    counted = [kind for kind in rules.KINDS if kind.suspicions]
    assert counted == [kind for kind in rules.KINDS if kind.verdict_on]
