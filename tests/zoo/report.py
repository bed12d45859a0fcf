"""Pure: the results as lines for the console and as tables for the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.zoo.truth import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.zoo.keeper import Run
    from tests.zoo.score import Result
    from tests.zoo.total import Score
    from tests.zoo.truth import Row

BEGIN = ".. zoo begins: made by `make zoo-table`, not by hand\n"
END = ".. zoo ends\n"
COLUMNS = ("row", "truth", "told", "holder", "line", "samples", "leaked")


def line_of(run: Run) -> str:
    """Return a row as one line, and one more for each fault."""
    result = run.result
    mark = "ok  " if result.passed else "FAIL"
    when = "" if result.samples is None else f"{result.samples} samples "
    said = f"{_told(result)} {when}{result.holder or ''}".strip()
    head = f"{mark} {result.row:<24} {run.seconds:5.1f} s  {said}"
    alone = "  (alone)" if run.again else ""
    return "\n     ".join([head + alone, *result.faults])


def lines_of(score: Score, again: int, seconds: float) -> list[str]:
    """Return the score as lines; ``again`` rows were run more than once."""
    kinds = [
        f"{one.kind}: precision {_part(one.right, one.told)},"
        f" recall {_part(one.right, one.rows)}"
        for one in score.kinds
    ]
    return [
        *kinds,
        f"right holders {_part(score.holders_right, score.holders_asked)},"
        f" right lines {_part(score.places_right, score.places_asked)}",
        f"first right verdict after {_number(score.samples)} samples and"
        f" {_number(score.leaked)} leaked objects (medians), at most"
        f" {_number(score.samples_most)} and {_number(score.leaked_most)}",
        f"the look at the heap: {_seconds(score.looked_s)} (median), at most"
        f" {_seconds(score.looked_s_most)}",
        f"{score.passed} of {score.rows} rows are right; {again} were run"
        f" again, alone; {seconds:.0f} s in all",
    ]


def page(text: str, runs: Sequence[Run], score: Score) -> str:
    """Return a page with all between its marks made anew."""
    return between(text, (BEGIN, END), [*_scores(runs, score), "", *_table(runs)])


def between(text: str, marks: tuple[str, str], lines: Iterable[str]) -> str:
    """Return a page with these lines, and nothing else, between two lines of it."""
    begin, end = marks
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not rest or end not in rest:
        raise ValueError(f"the page has no lines {begin.strip()!r} and {end.strip()!r}")
    return before + begin + "\n" + "\n".join(lines) + "\n\n" + end + after


def listing(widths: str, columns: Sequence[str]) -> Iterable[str]:
    """Yield the lines that begin a table."""
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield f"   :widths: {widths}"
    yield ""
    yield from cells(columns)


def cells(texts: Sequence[str]) -> Iterable[str]:
    """Yield the lines of a row of a table."""
    for number, text in enumerate(texts):
        yield f"   {'-' if number else '*  -'} {text}".replace(
            "   - ", "      - "
        ).rstrip()


def _scores(runs: Sequence[Run], score: Score) -> Iterable[str]:
    yield from listing(
        "40 15 15 15 15", ("kind", "rows", "told", "precision", "recall")
    )
    for one in score.kinds:
        counts = (str(one.rows), str(one.told))
        parts = (_part(one.right, one.told), _part(one.right, one.rows))
        yield from cells((f"``{one.kind}``", *counts, *parts))
    healthy = [run.result for run in runs if run.row.truth == HEALTHY]
    again = sum(run.again > 0 for run in runs)
    yield ""
    yield f"- {score.passed} of {score.rows} rows are right in all they are asked for."
    yield f"- Healthy crawls with a warning: {_alarmed(healthy)} of {len(healthy)}."
    yield f"- Right holders: {_part(score.holders_right, score.holders_asked)}."
    yield f"- Right lines: {_part(score.places_right, score.places_asked)}."
    yield "- Samples from the growth's start to the first right verdict: median"
    yield f"  {_number(score.samples)}, at most {_number(score.samples_most)}."
    yield f"- Objects leaked by the verdict: median {_number(score.leaked)}, at most"
    yield f"  {_number(score.leaked_most)}."
    yield "- Rows that failed among others and were run again, alone, at most twice:"
    yield f"  {again}."


def _alarmed(results: Sequence[Result]) -> int:
    return sum(
        any(fault.startswith("false alarm") for fault in one.faults) for one in results
    )


def _table(runs: Sequence[Run]) -> Iterable[str]:
    yield from listing("40 10 12 8 8 8 8", COLUMNS)
    for run in runs:
        yield from cells(_row(run.row, run.result))


def _row(row: Row, result: Result) -> tuple[str, ...]:
    return (
        f"**{row.name}**: {row.story}",
        row.truth,
        _told(result) + ("" if result.passed else " **wrong**"),
        _yes(result.holder_right),
        _yes(result.place_right),
        _number(result.samples),
        _number(result.leaked),
    )


def _told(result: Result) -> str:
    return ", ".join(result.told) or "nothing"


def _yes(right: bool | None) -> str:
    return "" if right is None else "right" if right else "wrong"


def _part(some: int, whole: int) -> str:
    return f"{100 * some / whole:.0f} % ({some} of {whole})" if whole else "none"


def _number(number: float | None) -> str:
    return "" if number is None else f"{number:,.0f}"


def _seconds(number: float | None) -> str:
    return "" if number is None else f"{number:.1f} s"
