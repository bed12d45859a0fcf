"""Each fix that is told in the zoo has a twin, and what is said of one that has run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.zoo import keeper
from tests.zoo.fixes import FIXES, PAIRS, UNMENDED, row_named
from tests.zoo.fixes.fix import OFTEN, UNFOUNDED, fix, pair
from tests.zoo.fixes.report import MARKS, conclusion, line_of, outcome, page
from tests.zoo.rows import ROWS
from tests.zoo.rows.browsing import PROGRAM
from tests.zoo.score import Result
from tests.zoo.truth import HEALTHY, Row

SICK = Row(
    name="keeps",
    story="keeps pages",
    spiders=("shop.Before", "shop.Keeps"),
    truth="leak",
    also=frozenset({"unreleased", "recovered"}),
    subjects=("HtmlResponse",),
    holders=("spider.kept[*]",),
    line="shop/keeps.py:7",
    settings={"ITEM_PIPELINES": {"shop.Piping": 1}, "CLOSESPIDER_TIMEOUT": 9},
)
SOUND = Row(name="sound", story="keeps none", spiders=("shop.Sound",))
FIX = fix("keeps", "it keeps URLs", "keep response.url", by=("leaks.Keeps",))
ONE = pair(FIX, {"keeps": SICK})
TOLD = "keep response.url in spider.kept, not the response"


def result(*fixes: str, faults: tuple[str, ...] = ()) -> Result:
    return Result("keeps", "leak", fixes=fixes, faults=faults)


def test_each_row_with_a_verdict_has_a_twin_or_a_reason_why_none_can_be() -> None:
    asked = {row.name for row in ROWS if row.truth not in {HEALTHY, *UNFOUNDED}}
    told = [*(each.row for each in FIXES), *UNMENDED]
    assert len(set(told)) == len(told)
    assert asked <= set(told)
    if PROGRAM is not None:
        assert asked == set(told)


def test_each_twin_differs_from_its_row_and_is_to_be_healthy() -> None:
    assert len(PAIRS) > 100
    names = [each.twin.name for each in PAIRS]
    assert not {row.name for row in ROWS} & set(names) - {fix.twin for fix in FIXES}
    for each in PAIRS:
        assert each.fix.words
        assert each.twin.truth in {HEALTHY, "recovered"}
        assert (each.twin.spiders, each.twin.settings, each.twin.environment) != (
            (each.row.spiders, each.row.settings, each.row.environment)
        )
        assert row_named(each.twin.name) == each.twin


def test_the_classes_of_all_twins_are_there() -> None:
    pytest.importorskip("scrapy.utils.asyncio", reason="animals for newer Scrapys")
    runnable, _ = keeper.installed([each.twin for each in PAIRS])
    paths = {path for row in runnable for path in row.spiders}
    paths |= {
        path
        for row in runnable
        for classes in row.settings.values()
        if isinstance(classes, dict)
        for path in classes
        if path.startswith("tests.")
    }
    load = "import sys; from scrapy.utils.misc import load_object as load"
    program = f"{load}\nfor path in sys.argv[1:]: load(path)"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *sorted(paths)],
        cwd=keeper.ROOT,
        env={**keeper.os.environ, "PYTHONPATH": keeper.PATH},
        check=True,
    )


def test_a_twin_is_its_row_with_what_the_fix_changes() -> None:
    twin = ONE.twin
    assert twin.name == "keeps_mended"
    assert twin.spiders == ("shop.Before", "tests.zoo.mended.leaks.Keeps")
    assert twin.settings == {**OFTEN, **SICK.settings}
    assert (twin.truth, twin.subjects, twin.holders) == (HEALTHY, (), ())
    assert twin.also == {"recovered"}


def test_a_twin_has_the_components_settings_and_fields_of_its_fix() -> None:
    mended = replace(
        FIX, by=("pipes.Piping",), settings={"JOBDIR": "job"}, fields={"reactor": "no"}
    )
    twin = pair(mended, {"keeps": SICK}).twin
    assert twin.spiders == SICK.spiders
    assert twin.settings == {
        **OFTEN,
        "ITEM_PIPELINES": {"tests.zoo.mended.pipes.Piping": 1},
        "CLOSESPIDER_TIMEOUT": 9,
        "JOBDIR": "job",
    }
    assert twin.reactor == "no"


def test_a_twin_may_be_another_row_of_the_zoo() -> None:
    rows = {"keeps": SICK, "sound": SOUND}
    assert pair(replace(FIX, twin="sound"), rows).twin == SOUND


@pytest.mark.parametrize(
    ("words", "told", "after", "faults"),
    [
        (("keep response.url",), (TOLD,), (), ()),
        (("keep str(|keep response.url",), (TOLD,), (), ()),
        (("keep response.url", "clear()"), (TOLD, "clear() it"), (), ()),
        (("clear()",), (), (), ("no fix is told",)),
        (("clear()",), ("",), (), ("no fix is told",)),
        (
            ("keep response.url", "clear()"),
            (TOLD,),
            (),
            ("'clear()' is applied, and not told",),
        ),
        (
            ("keep response.url",),
            (TOLD, "clear() it"),
            (),
            ("told, and not applied: clear() it",),
        ),
        (
            ("keep response.url",),
            (TOLD,),
            ("false alarm: hoard of spider.kept",),
            ("when that is done: false alarm: hoard of spider.kept",),
        ),
    ],
)
def test_a_fix_fails_that_is_another_one_or_no_help(words, told, after, faults) -> None:
    one = replace(ONE, fix=replace(FIX, words=words))
    assert outcome(one, result(*told), result(faults=after)).faults == faults


def test_a_pair_is_one_line_and_one_for_each_fault() -> None:
    fine = outcome(ONE, result(TOLD), result())
    bad = outcome(ONE, result(), result())
    assert line_of(fine).split() == ["ok", "keeps", "it", "keeps", "URLs"]
    first, fault = line_of(bad, alone=True).splitlines()
    assert first.startswith("FAIL keeps")
    assert first.endswith("(alone)")
    assert fault.endswith("no fix is told")
    assert conclusion([fine, bad]) == "1 of 2 fixes make the spider healthy"


def test_the_page_has_what_was_told_word_for_word() -> None:
    fine = outcome(ONE, result("call `close()` in spider_closed|*"), result())
    begin, end = MARKS
    made = page(f"Before\n\n{begin}obsolete\n{end}after\n", [fine], {"c": "it is C"})
    assert made.startswith("Before\n")
    assert made.endswith("after\n")
    assert "obsolete" not in made
    assert r"call \`close()\` in spider\_closed\|\*" in made
    assert "- c: it is C." in made
    assert page(made, [fine], {"c": "it is C"}) == made


def test_a_row_that_was_run_before_is_judged_by_what_it_left(tmp_path) -> None:
    assert keeper.kept(SOUND, tmp_path) is None
    for name in ("sound", "sound-again-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log").write_text(f"LeakWatch can't {name}\n")
    kept = keeper.kept(SOUND, tmp_path)
    assert kept is not None
    assert "LeakWatch can't sound-again-1" in kept.faults
