"""The rules about memory, with literals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.judge.history import MOST
from scrapy_leakwatch.judge.kinds import verdict_on_layers
from scrapy_leakwatch.judge.memory_case import MemoryCase
from scrapy_leakwatch.judge.memory_past import MemoryPast
from scrapy_leakwatch.records import (
    Layers,
    LiveClass,
    Memory,
    RequestLedger,
    ResponseLedger,
    Sample,
)
from scrapy_leakwatch.report.kinds import worded
from tests.judging import judge_of

MB = 1_000_000
STEPS = 4
BLOCKS = 400_000
FRESH = Layers(
    rss=150 * MB,
    arenas=60 * MB,
    arenas_free=5 * MB,
    malloc_used=40 * MB,
    malloc_free=10 * MB,
    python_large=20 * MB,
    trimmable=5 * MB,
    files=30 * MB,
)


def sample(
    number: int,
    rss: int,
    *,
    blocks: int = BLOCKS,
    requests: int = 0,
    pages: int = 20,
    start: float = 0.0,
    limit: int | None = None,
) -> Sample:
    """Return the sample ``number``; ``rss`` in MB, 1,000 responses between two."""
    return Sample(
        time=start + 10.0 * number,
        elapsed_s=10.0 * number,
        received=1000 * number,
        live=(
            LiveClass("scrapy.Request", "Request", requests, 1.0),
            LiveClass("scrapy.http.HtmlResponse", "HtmlResponse", pages, 1.0),
        ),
        requests=RequestLedger(requests, requests, None, 0, 0),
        responses=ResponseLedger(pages, pages, 0),
        memory=Memory(rss * MB, rss * MB, blocks),
        memory_limit=limit,
        held={},
        floors=(),
        oldest={},
        cost_s=0.0,
    )


def look(seen: Sample, **more: int) -> Layers:
    """Return the layers at a sample; ``more`` MB are in each part than at first."""
    parts = {name: getattr(FRESH, name) + mb * MB for name, mb in more.items()}
    return replace(FRESH, rss=seen.memory.rss, time=seen.time, **parts)


def hear(samples, *parts: str, explained: float = 0.0) -> list:
    """Return the verdicts, where all growth since 150 MB is in these ``parts``."""
    case = MemoryCase("shop", STEPS)
    verdicts = []
    for each in samples:
        suspicion = case.hear(each, explained)
        if suspicion is None:
            continue
        grown = each.memory.rss // MB - 150
        layers = look(each, **dict.fromkeys(parts, grown // len(parts or "x")))
        verdict = case.conclude(suspicion, layers)
        if verdict is not None:
            verdicts.append(worded(verdict))
    return verdicts


def growing(by: int = 10, count: int = 20, **fields) -> list[Sample]:
    return [sample(n, 150 + by * n, **fields) for n in range(count)]


def fallen(rss: int = 600, **after: int) -> list[Sample]:
    """Return a crawl whose backlog grows and drains; ``rss`` MB stay."""
    up = [
        sample(n, 150 + 45 * n, blocks=BLOCKS + 800_000 * n, requests=30_000 * n)
        for n in range(11)
    ]
    return up + [sample(n, rss, **{"requests": 4_000} | after) for n in range(11, 20)]


def test_memory_that_grows_outside_python_is_native_told_after_a_second_look() -> None:
    (verdict, *_) = hear(growing(limit=530 * MB), "malloc_used")
    assert verdict.kind == "native"
    assert verdict.confidence == "high"
    assert verdict.message == (
        "memory outside Python grows: +10.0 MB per 1,000 responses,"
        " 160 → 180 → 200 → 220 → 240 MB; of the last 60 MB, 60 MB are neither"
        " Python's objects nor free"
    )
    assert "memray run --native" in verdict.remedy
    assert verdict.subject == "memory"
    assert verdict.count == 260 * MB
    assert verdict.growth.per_min == pytest.approx(60 * MB)
    assert verdict.limit_in_s == pytest.approx(270)


def test_native_memory_is_told_again_when_it_has_doubled() -> None:
    told = hear(growing(count=100), "malloc_used")
    sizes = [verdict.unaccounted for verdict in told]
    assert len(sizes) == 4
    assert all(after >= 2 * before for before, after in pairwise(sizes))


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(["malloc_used", "python_large"], id="large Python objects"),
        pytest.param(["arenas"], id="small Python objects"),
        pytest.param(["files"], id="mapped files"),
    ],
)
def test_growth_that_is_not_outside_python_is_not_native(parts) -> None:
    samples = growing(count=12)
    case = MemoryCase("shop", STEPS)
    looks = 0
    for each in samples:
        if suspicion := case.hear(each):
            grown = each.memory.rss // MB - 150
            looks += 1
            layers = look(each, **dict.fromkeys(parts, grown))
            assert case.conclude(suspicion, layers) is None
    assert looks == 2


def test_growth_outside_malloc_and_arenas_is_native() -> None:
    assert [each.kind for each in hear(growing(count=12))] == ["native"]


@pytest.mark.parametrize(
    ("explained_mb", "kinds"), [(0, ["native"]), (20, ["native"]), (50, [])]
)
def test_what_other_verdicts_explain_is_no_native_growth(explained_mb, kinds) -> None:
    told = hear(growing(count=18), "malloc_used", explained=explained_mb * MB)
    assert [each.kind for each in told] == kinds


def test_parsed_pages_that_pile_up_are_the_pages_rule_and_not_native() -> None:
    samples = [sample(n, 150 + 10 * n, pages=100 * n) for n in range(20)]
    assert not hear(samples, "malloc_used")


def test_dead_pages_that_come_and_go_do_not_hide_native_growth() -> None:
    samples = [sample(n, 150 + 10 * n, pages=20 + 90 * (n % 4)) for n in range(20)]
    assert hear(samples, "malloc_used")


def test_python_blocks_that_grow_in_proportion_are_not_even_looked_at() -> None:
    case = MemoryCase("shop", STEPS)
    for n in range(20):
        assert case.hear(sample(n, 150 + 10 * n, blocks=BLOCKS + 120_000 * n)) is None


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param(
            [80, 120, 140, 148, 150, 151, 150, 151] + [150] * 30, id="warm-up"
        ),
        pytest.param([150] * 40, id="flat"),
        pytest.param([150, 900, 160, 700, 150, 800, 170] * 5, id="big bodies"),
        pytest.param([150 + 5 * n for n in range(7)], id="less than 32 MB"),
        pytest.param([150] * 20 + [300] * 20, id="one jump"),
        pytest.param([*range(150, 210, 10), *[210] * 20], id="growth that ends"),
        pytest.param([900, *range(150, 700, 50)], id="back to where it was"),
    ],
)
def test_a_healthy_crawl_is_never_told(sizes) -> None:
    samples = [sample(n, size) for n, size in enumerate(sizes)]
    assert not hear(samples, "malloc_used", "malloc_free")


def test_a_look_that_failed_is_inconclusive_and_says_why() -> None:
    case = MemoryCase("shop", STEPS)
    told = []
    for each in growing(count=12):
        if suspicion := case.hear(each):
            failed = Layers(each.memory.rss, time=each.time, reason="fork refused")
            told.append(case.conclude(suspicion, failed))
    first, second = told
    assert first is None
    assert second.kind == "inconclusive"
    assert second.confidence == "low"
    second = worded(second)
    assert second.caveat == "fork refused"
    assert second.message.startswith("memory grows, and it is not known what takes it")


def test_without_looks_growth_is_inconclusive_and_high_memory_is_not_told() -> None:
    for samples, kinds in ((growing(), ["inconclusive"]), (fallen(), [])):
        case = MemoryCase("shop", STEPS)
        told = [
            case.conclude(found, None) for each in samples if (found := case.hear(each))
        ]
        assert [each.kind for each in told if each][:1] == kinds


def test_a_first_look_that_failed_is_made_good_by_the_next() -> None:
    case = MemoryCase("shop", STEPS)
    told = []
    for each in growing(count=30):
        if suspicion := case.hear(each):
            layers = look(each, malloc_used=each.memory.rss // MB - 150)
            if not told:
                layers = Layers(each.memory.rss, time=each.time, reason="too slow")
            told.append(case.conclude(suspicion, layers))
    assert [each and each.kind for each in told[:3]] == [None, None, "native"]


def test_large_objects_that_were_not_added_up_leave_it_open() -> None:
    samples = growing(count=12)
    case = MemoryCase("shop", STEPS)
    for each in samples:
        if suspicion := case.hear(each):
            layers = look(each, malloc_used=each.memory.rss // MB - 150)
            why = replace(layers, python_large=None, reason="no memory left for that")
            verdict = case.conclude(suspicion, why)
    assert verdict.kind == "inconclusive"
    assert worded(verdict).caveat == "no memory left for that"


def test_growth_of_small_objects_is_pythons_also_where_large_ones_are_unknown() -> None:
    (suspicion, *_) = suspicions(growing())
    before = replace(FRESH, python_large=None, reason="no memory left for that")
    now = replace(before, rss=200 * MB, arenas=110 * MB)
    assert verdict_on_layers(suspicion, now, before) is None
    now = replace(before, rss=200 * MB, malloc_used=90 * MB)
    assert verdict_on_layers(suspicion, now, before).kind == "inconclusive"


@pytest.mark.parametrize(("explained", "kind"), [(0, "native"), (20 * MB, None)])
def test_what_is_explained_is_taken_off_what_is_outside(explained, kind) -> None:
    (suspicion, *_) = suspicions(growing())
    now = replace(FRESH, rss=210 * MB, malloc_used=80 * MB, arenas=80 * MB)
    verdict = verdict_on_layers(suspicion, now, FRESH, explained)
    assert (verdict and verdict.kind) == kind


def test_memory_that_stays_when_the_objects_are_gone_is_fragmented() -> None:
    (verdict,) = hear(fallen(), "malloc_free")
    assert verdict.kind == "fragmentation"
    assert verdict.confidence == "high"
    assert verdict.message == (
        "memory is fragmented: 600 MB resident, 465 MB of it free inside the"
        " allocators (arenas 5 MB, malloc 460 MB); live objects fell from 300,020"
        " to 4,020, and memory did not"
    )
    assert verdict.growth.floors == (600 * MB,) * STEPS


def test_only_what_is_resident_is_called_free() -> None:
    (suspicion, *_) = suspicions(fallen())
    trimmed = Layers(
        rss=600 * MB,
        arenas=60 * MB,
        arenas_free=5 * MB,
        malloc_used=500 * MB,
        malloc_free=400 * MB,
        files=30 * MB,
    )
    assert verdict_on_layers(suspicion, trimmed) is None


def suspicions(samples) -> list:
    case = MemoryCase("shop", STEPS)
    return [found for each in samples if (found := case.hear(each))]


@pytest.mark.parametrize(
    ("in_arenas", "in_malloc", "trimmable", "words"),
    [
        (30, 300, 250, "LEAKWATCH_TRIM = True gives 250 MB of it back; jemalloc"),
        (30, 300, 20, "malloc_trim would give only 20 MB of it back"),
        (30, 300, None, "jemalloc by LD_PRELOAD"),
        (300, 30, 20, "Python keeps whole arenas for a few objects in each: PYTHONM"),
    ],
)
def test_the_remedy_is_against_the_layer_that_keeps_most(
    in_arenas, in_malloc, trimmable, words
) -> None:
    (suspicion, *_) = suspicions(fallen())
    layers = replace(
        FRESH,
        rss=600 * MB,
        arenas=(in_arenas + 55) * MB,
        arenas_free=in_arenas * MB,
        malloc_free=in_malloc * MB,
        trimmable=None if trimmable is None else trimmable * MB,
    )
    verdict = worded(verdict_on_layers(suspicion, layers))
    assert verdict.remedy.startswith(words)


@pytest.mark.parametrize(
    ("samples", "parts"),
    [
        pytest.param(fallen(), ["malloc_used"], id="nothing of it is free"),
        pytest.param(fallen(), ["arenas"], id="Python has it"),
        pytest.param(fallen(rss=300), ["malloc_free"], id="half was given back"),
        pytest.param(
            fallen(requests=200_000, blocks=6 * MB)[:-1], [], id="still there"
        ),
    ],
)
def test_memory_that_is_used_or_given_back_is_not_fragmented(samples, parts) -> None:
    assert not hear(samples, *parts)


def test_a_small_crawl_that_drains_is_not_fragmented() -> None:
    up = [sample(n, 100 + 4 * n, requests=400 * n) for n in range(11)]
    down = [sample(n, 140, requests=0) for n in range(11, 30)]
    assert {each.kind for each in suspicions(up + down)} == {"native"}


def test_growth_of_little_that_is_free_is_not_told() -> None:
    (suspicion, *_) = suspicions(growing())
    before = replace(FRESH, rss=350 * MB, arenas=260 * MB)
    more = {"rss": 370 * MB, "malloc_free": 30 * MB}
    assert verdict_on_layers(suspicion, replace(before, **more), before) is None


def test_growth_in_the_free_lists_is_fragmentation() -> None:
    (verdict, *_) = hear(growing(by=20, count=20), "malloc_free")
    assert verdict.kind == "fragmentation"
    assert "+20.0 MB per 1,000 responses" in verdict.message


def test_the_past_of_the_memory_fits_into_a_fixed_space() -> None:
    past = MemoryPast("shop", STEPS)
    for number in range(2000):
        past.add(sample(number, 150))
    assert len(past._points) < MOST


sizes = st.lists(st.integers(100, 2000), min_size=6, max_size=200)


def heard(rss, start: float = 0.0) -> list:
    """Return at which samples there was a suspicion, and of what."""
    case = MemoryCase("shop", STEPS)
    found = [case.hear(sample(n, size, start=start)) for n, size in enumerate(rss)]
    return [(n, each.kind) for n, each in enumerate(found) if each]


@given(st.integers(100, 10_000), st.integers(1, 200), st.integers(0, BLOCKS))
def test_constant_memory_is_never_suspected(size, length, blocks) -> None:
    case = MemoryCase("shop", STEPS)
    assert not any(case.hear(sample(n, size, blocks=blocks)) for n in range(length))


@given(sizes, st.integers(-(10**9), 10**9))
def test_shifting_time_changes_nothing(rss, start) -> None:
    assert heard(rss) == heard(rss, float(start))


@given(sizes, st.integers(0, 50))
def test_adding_a_rising_line_never_weakens_the_suspicion(rss, slope) -> None:
    plain = [n for n, kind in heard(rss) if kind == "native"]
    steeper = heard([size + slope * n for n, size in enumerate(rss)])
    assert {*plain} <= {n for n, kind in steeper if kind == "native"}


parts = st.integers(0, 2000).map(lambda mb: mb * MB)
anything = st.builds(
    Layers,
    rss=parts,
    arenas=parts,
    arenas_free=parts,
    malloc_used=parts,
    malloc_free=parts,
    python_large=parts,
    files=parts,
)


def verdict_between(before: Layers, now: Layers):
    (suspicion, *_) = suspicions(growing())
    return verdict_on_layers(suspicion, now, before)


@given(anything, anything, st.integers(0, 1000))
def test_adding_native_memory_never_weakens_the_evidence(before, now, more) -> None:
    added = more * MB
    worse = replace(now, rss=now.rss + added, malloc_used=now.malloc_used + added)
    verdict = verdict_between(before, now)
    if verdict is not None and verdict.kind == "native":
        assert verdict_between(before, worse).kind == "native"


@given(anything, st.integers(0, 2000), st.booleans())
def test_growth_of_python_objects_never_becomes_native(before, more, large) -> None:
    added = more * MB
    names = ("malloc_used", "python_large") if large else ("arenas",)
    own = dict.fromkeys(names, added)
    grown = {name: getattr(before, name) + by for name, by in own.items()}
    now = replace(before, rss=before.rss + added, **grown)
    assert verdict_between(before, now) is None


@given(anything, anything)
def test_layers_that_are_not_known_never_become_native(before, now) -> None:
    verdict = verdict_between(replace(before, python_large=None), now)
    assert verdict is None or verdict.kind != "native"


def episode(start: int) -> list[Sample]:
    """Return a backlog that grows and drains, memory that stays, and is given back."""
    up = [
        sample(
            start + n, 150 + 45 * n, blocks=BLOCKS * (1 + 2 * n), requests=30_000 * n
        )
        for n in range(11)
    ]
    stays = [sample(start + n, 600, requests=4_000) for n in range(11, 20)]
    return [*up, *stays, *[sample(start + n, 150) for n in range(20, 30)]]


def test_memory_that_was_given_back_is_told_again_when_it_stays_again() -> None:
    case = judge_of(explain=True)
    told = []
    for each in [*episode(0), *episode(30)]:
        suspicion = case.hear(each)
        if suspicion is not None and suspicion.kind == "fragmentation":
            layers = look(each, malloc_free=each.memory.rss // MB - 150)
            told.append(case.conclude(suspicion, layers))
        told += case.withdraw()
    kinds = [verdict.kind for verdict in told if verdict is not None]
    assert kinds == ["fragmentation", "recovered"] * 2
