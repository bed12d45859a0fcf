"""Reading recordings: whole, cut off, broken, hostile, and very long."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.recordings import (
    lines,
    parsing,
    reading,
    timelines,
    writing,
)
from scrapy_leakwatch.records import Explanation, Layers, Unexplained
from scrapy_leakwatch.report import block, log
from tests import synthetic
from tests.billing import BILL, FIRST, NO_BILL
from tests.synthetic import HTML, REQUEST, RUN, START

SAMPLE = synthetic.sample(100)
LEAK = synthetic.verdict(START + 5, "leak", "HtmlResponse", signature="7296c8ac")
FOUND = synthetic.explanation(START + 5.9, "HtmlResponse")


@pytest.fixture
def write(tmp_path):
    """Write lines, given as JSON or as bytes, and return the path."""

    def write(*written):
        path = tmp_path / "record.jsonl"
        texts = [
            line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            for line in written
        ]
        path.write_bytes(b"".join(texts))
        return path

    return write


def test_a_real_crawl_reads_as_it_was_told(crawl, tmp_path) -> None:
    path = tmp_path / "record.jsonl"
    result = crawl("Leaking", LEAKWATCH_RECORD=str(path))
    read = recordings.read(path)
    assert read.complete
    assert read.broken == read.forgotten == 0
    assert read.run.spider == "leaking"
    assert read.run.config["LEAKWATCH_INTERVAL"] == 0.1
    assert read.samples == result.stats["leakwatch/samples"]
    assert read.summary.stats["leakwatch/verdict"] == "leak"
    leak = next(told for told in read.told if told.verdict.kind == "leak")
    assert isinstance(leak.found, Explanation)
    warning = next(line for line in result.lines("WARNING"))
    assert leak.case == leak.verdict.id
    assert block.block(leak.verdict, leak.found).splitlines()[0] in warning
    assert leak.found.fix in result.log
    assert read.timeline.received[-1] == result.stats["response_received_count"]
    assert read.timeline.times[0] >= read.run.time
    assert "HtmlResponse" in log.status(read.last, read.summary.verdicts)


def test_what_was_found_goes_with_its_verdict(write) -> None:
    other = synthetic.verdict(START + 6, "leak", "Product", **{"class": "shop.Product"})
    again = {**LEAK, "time": START + 50}
    found_again = {**FOUND, "time": START + 51, "stall_ms": 7.0}
    crawl = recordings.read(write(RUN, LEAK, FOUND, other, again, found_again))
    first, second, third = crawl.told
    assert first.found.effort.stall_ms == 5.1
    assert first.found.path[1].edge == "[*]"
    assert second.found is None
    assert third.found.effort.stall_ms == 7.0
    assert not crawl.dismissed


def test_a_failed_look_goes_with_the_verdict_it_was_for(write) -> None:
    failed = {"type": "explanation", "time": START + 5.1, "subject": "HtmlResponse",
              "class": HTML, "failed": "it was too slow"}  # fmt: skip
    unsigned = {**LEAK, "signature": None}
    later = {**failed, "time": START + 500, "failed": "it was killed"}
    crawl = recordings.read(write(RUN, unsigned, failed, later))
    assert isinstance(crawl.told[0].found, Unexplained)
    assert crawl.told[0].found.reason == "it was too slow"
    assert [found.reason for found in crawl.dismissed] == ["it was killed"]


def test_the_layers_go_with_the_verdict_on_memory(write) -> None:
    native = synthetic.verdict(START + 9, "native", "memory", **{"class": ""})
    layers = {"type": "layers", "time": START + 9, "rss": 5, "malloc_free": None}
    crawl = recordings.read(write(RUN, native, layers))
    assert crawl.told[0].found == Layers(rss=5, time=START + 9)
    assert crawl.layers == (Layers(rss=5, time=START + 9),)


def test_what_was_given_back_is_read(write) -> None:
    trim = {"type": "trim", "time": START, "before": 9, "after": 4, "took_s": 0.1}
    ((time, trimmed),) = recordings.read(write(RUN, trim)).trims
    assert (time, trimmed.before, trimmed.after) == (START, 9, 4)


def test_the_bills_are_read_in_their_order_with_those_that_failed(write) -> None:
    written = [FIRST, NO_BILL, BILL]
    crawl = recordings.read(write(RUN, *map(writing.of_bill, written)))
    assert list(crawl.bills) == written
    assert crawl.broken == 0
    assert crawl.ended == NO_BILL.time
    assert recordings.read(write(RUN, SAMPLE)).bills == ()


def test_of_very_many_bills_the_first_the_last_and_each_nth_are_kept(
    write, monkeypatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BILLS", 10)
    bills = [writing.of_bill(replace(BILL, received=at)) for at in range(200)]
    failed = [writing.of_bill(replace(NO_BILL, received=at)) for at in range(200, 203)]
    crawl = recordings.read(write(RUN, *bills, *failed))
    kept = [bill.received for bill in crawl.bills]
    assert kept == [0, 32, 64, 96, 128, 160, 192, 199, 200, 201, 202]


def test_a_bill_of_another_version_is_read_as_far_as_it_is_known(write) -> None:
    path = {"path": "a", "type": "dict", "mood": 1, "code": None}
    owner = {"name": "a", "kind": "moon", "origin": "moon", "paths": [path], "mood": 1}
    bill = {"type": "bill", "time": START, "rss": 9.0, "owners": [owner], "mood": 1}
    crawl = recordings.read(write(RUN, bill))
    (read,) = crawl.bills
    (owner,) = read.owners
    assert (read.rss, read.since, read.layers.children) == (9, 0, None)
    assert (owner.kind, owner.origin, owner.bytes) == ("unknown", "project", 0)
    assert (owner.paths[0].path, owner.paths[0].count) == ("a", 0)


def test_of_a_bill_without_end_the_largest_are_kept(write) -> None:
    path = {"path": "a", "type": "dict"}
    owner = {"name": "a", "paths": [path] * 5_000}
    bill = {"type": "bill", "time": START, "owners": [owner, *[{"name": "b"}] * 5_000]}
    (read,) = recordings.read(write(RUN, bill)).bills
    assert len(read.owners) == parsing.MOST_OWNERS
    assert len(read.owners[0].paths) == parsing.MOST_PATHS


def test_the_latest_verdict_on_a_subject_stands(write) -> None:
    backlog = synthetic.verdict(START, "backlog", "Request", **{"class": REQUEST})
    leak = {**LEAK, "subject": "Request", "class": REQUEST}
    over = {**leak, "kind": "recovered", "time": START + 9,
            "message": "Request: the verdict backlog no longer holds"}  # fmt: skip
    doubled = {**LEAK, "time": START + 10, "count": 2400}
    crawl = recordings.read(write(RUN, LEAK, backlog, leak, over, doubled))
    standing = [(told.verdict.kind, told.verdict.count) for told in crawl.standing]
    assert standing == [("leak", 1200), ("recovered", 1200), ("leak", 2400)]
    assert [told.case for told in crawl.told] == [1, 2, 3, 2, 1]


def test_all_responses_are_one_subject(write) -> None:
    text = {**LEAK, "subject": "TextResponse", "class": "scrapy.http.TextResponse"}
    crawl = recordings.read(write(RUN, LEAK, text))
    assert [told.verdict.subject for told in crawl.standing] == ["TextResponse"]


def test_what_was_found_goes_with_the_verdict_it_refers_to(write) -> None:
    told = {**LEAK, "id": 1, "signature": None}
    other = {**told, "id": 2, "time": START + 6}
    found = {**FOUND, "signature": "", "verdict": 2}
    late = {**FOUND, "time": START + 900, "verdict": 1}
    nobodys = {**FOUND, "verdict": None, "holder": "nobody's"}
    crawl = recordings.read(write(RUN, told, other, nobodys, found, late))
    assert [each.found.signature for each in crawl.told] == ["7296c8ac", ""]
    assert [each.holder for each in crawl.dismissed] == ["nobody's"]


def test_what_is_told_again_has_what_was_found_anew_and_stays_a_case(write) -> None:
    first, again = {**LEAK, "id": 7}, {**LEAK, "id": 7, "time": START + 4}
    found = {**FOUND, "verdict": 7}
    crawl = recordings.read(write(RUN, first, found, again, {**found, "stall_ms": 7}))
    assert [told.found.effort.stall_ms for told in crawl.told] == [5.1, 7]
    assert [told.case for told in crawl.told] == [7, 7]
    assert crawl.dismissed == ()


def test_a_verdict_withdrawn_by_its_id_keeps_who_held_it_and_not_the_layers(
    write,
) -> None:
    leak, memory = {**LEAK, "id": 1}, {**LEAK, "kind": "native", "id": 2}
    layers = {"type": "layers", "time": START, "rss": 5, "verdict": 2}
    over = {**LEAK, "kind": "recovered", "message": "the verdict hoard is gone"}
    crawl = recordings.read(
        write(
            RUN, leak, {**FOUND, "verdict": 1}, memory, layers,
            {**over, "id": 1, "withdraws": 1}, {**over, "id": 2, "withdraws": 2},
        )
    )  # fmt: skip
    held, native, *withdrawn = crawl.told
    assert native.found == Layers(rss=5, time=START)
    assert [told.found for told in withdrawn] == [held.found, None]
    assert [told.case for told in crawl.told] == [1, 2, 1, 2]
    assert {told.verdict.kind for told in crawl.standing} == {"recovered"}


def test_that_somebody_is_named_by_now_withdraws_no_other_verdict_on_memory(
    write,
) -> None:
    memory = {**LEAK, "subject": "memory", "class": ""}
    rising = {**memory, "kind": "inconclusive", "id": 1}
    native = {**memory, "kind": "native", "id": 2}
    named = {**rising, "kind": "recovered", "withdraws": 1, "cause": 2,
             "message": "memory: by now it has a verdict, native memory"}  # fmt: skip
    crawl = recordings.read(write(RUN, rising, native, named))
    assert [told.verdict.kind for told in crawl.standing] == ["native", "recovered"]


def test_a_recording_that_refers_in_part_is_put_together_as_an_old_one(write) -> None:
    numbered = {**LEAK, "id": 3}
    crawl = recordings.read(write(RUN, numbered, FOUND))
    assert crawl.told[0].found == recordings.read(write(RUN, LEAK, FOUND)).told[0].found
    assert crawl.told[0].case == 1


def test_what_refers_to_a_verdict_that_is_left_out_accuses_nobody(write) -> None:
    crawl = recordings.read(write(RUN, {**FOUND, "verdict": 9}, {**LEAK, "id": 1}))
    assert crawl.told[0].found is None
    assert crawl.dismissed == ()


def test_a_line_that_is_cut_off_is_no_harm(write) -> None:
    cut = json.dumps(SAMPLE).encode()[:100]
    crawl = recordings.read(write(RUN, SAMPLE, LEAK, cut))
    assert not crawl.complete
    assert (crawl.samples, crawl.broken) == (1, 0)
    assert len(crawl.told) == 1
    assert crawl.ended == SAMPLE["time"]


@pytest.mark.parametrize(
    "broken",
    [
        b"{nonsense\n",
        b"\0\0\0\0\n",
        b"\xff\xfe\n",
        b"[1, 2]\n",
        b'{"type": ["sample"], "time": 1}\n',
        b'{"type": "sample", "time": 1, "live": 7}\n',
        b'{"type": "sample", "time": 1, "live": {"A": {"count": "many"}}}\n',
        b'{"type": "sample", "time": 1, "live": {"A": {"count": 1e999}}}\n',
        b'{"type": "sample", "time": 1, "requests": {"a": 1%s, "b": -1%s}}\n'
        % (b"0" * 400, b"0" * 400),
        b'{"type": "sample", "time": 1, "requests": {"a": 1%s, "b": 0.5}}\n'
        % (b"0" * 400),
        b'{"type": "sample", "time": NaN, "live": {}}\n',
        b'{"type": "sample", "time": 1, "containers": 3}\n',
        b'{"type": "sample", "time": 1, "memory": {"rss": "9"}}\n',
        b'{"type": "verdict", "time": 1}\n',
        b'{"type": "verdict", "time": 1, "kind": "leak", "subject": ["A"]}\n',
        b'{"type": "explanation", "time": 1, "path": [1]}\n',
        b'{"type": "explanation", "time": 1, "verdict": "1"}\n',
        b'{"type": "layers", "time": 1, "verdict": [1]}\n',
        b'{"type": "summary", "time": 1, "stats": {"a": []}}\n',
        b'{"type": "bill", "time": 1, "owners": 7}\n',
        b'{"type": "bill", "time": 1, "owners": [7]}\n',
        b'{"type": "bill", "time": 1, "owners": [{"bytes": "9"}]}\n',
        b'{"type": "bill", "time": 1, "owners": [{"paths": [{"path": []}]}]}\n',
        b'{"type": "bill", "time": 1, "owners": [{"kind": []}], "layers": 1}\n',
        b'{"type": "bill", "time": 1, "layers": {"files": 1e999}}\n',
        b'{"type": "bill", "time": 1, "since": -1}\n',
        b'{"type": "bill", "time": 1, "failed": null}\n',
        b'{"type": "sample", "time": ' + b"[" * 100_000 + b"\n",
        b'{"type": "sample", "time": ' + b"9" * 10_000 + b"}\n",
    ],
    ids=lambda broken: repr(broken)[2:60],
)
def test_a_broken_line_is_left_out_and_counted(write, broken) -> None:
    crawl = recordings.read(write(RUN, SAMPLE, broken, LEAK, SAMPLE))
    assert (crawl.broken, crawl.samples, len(crawl.told)) == (1, 2, 1)


def test_a_line_without_end_is_left_out(write, monkeypatch) -> None:
    monkeypatch.setattr(lines, "LONGEST", 2000)
    crawl = recordings.read(write(RUN, SAMPLE, b"x" * 9999 + b"\n", LEAK))
    assert (len(crawl.told), crawl.broken) == (1, 1)


@pytest.mark.parametrize(
    "odd", [1_763_842_800_123_456_789, -(10**18), 1e300, float("inf"), float("nan")]
)
def test_a_stat_beyond_all_sense_is_text(write, odd) -> None:
    stats = {"last_ns": odd, "pages": 7}
    end = {"type": "summary", "time": START, "stats": stats, "verdicts": []}
    crawl = recordings.read(write(RUN, end))
    assert crawl.complete
    assert crawl.broken == 0
    assert crawl.summary.stats == {"last_ns": str(odd), "pages": 7}


def test_caches_are_given_no_endless_text(write, monkeypatch) -> None:
    given = []
    for module, name in ((parsing, "_clean"), (timelines, "_key")):
        cached = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *texts, to=cached: given.extend(texts) or to(*texts)
        )
    long = "x" * 100_000
    sample = {**SAMPLE, "live": {long: {"count": 1}}, "requests": {long: 1},
              "containers": [{"name": long, "type": long, "len": 5}]}  # fmt: skip
    crawl = recordings.read(write({**RUN, "spider": long}, sample))
    assert crawl.run.spider == "x" * (parsing.LONGEST - 1) + "…"
    assert list(crawl.timeline.live) == [crawl.run.spider]
    assert max(map(len, given)) <= parsing.LONGEST + 1


def test_kinds_of_lines_yet_unknown_are_passed_over(write) -> None:
    new = {"type": "horoscope", "time": START, "sign": [1]}
    more = {**SAMPLE, "mood": "good", "live": {"A": {"count": 3, "mood": "bad"}}}
    unreleased = {**LEAK, "kind": "unreleased", "mood": 1}
    crawl = recordings.read(write(RUN, new, more, unreleased))
    assert crawl.broken == 0
    assert crawl.timeline.live == {"A": (3,)}
    assert crawl.told[0].verdict.kind == "unreleased"


def test_a_recording_of_an_older_version_is_read(write) -> None:
    old = {key: SAMPLE[key] for key in ("type", "time", "live", "memory")}
    verdict = {key: LEAK[key] for key in ("type", "time", "kind", "subject")}
    crawl = recordings.read(write(RUN, old, verdict))
    assert crawl.timeline.received == crawl.timeline.memory_limit == ()
    assert crawl.last.memory_limit is None
    assert crawl.told[0].verdict.remedy == ""
    assert crawl.told[0].verdict.confidence == "low"


def test_all_text_is_printable(write) -> None:
    bad = "\x1b[31m<script>\n\u202e\ud800\0"
    shown = r"\x1b[31m<script>\n\u202e\ud800\x00"
    sample = {**SAMPLE, "live": {bad: {"count": 1, "oldest_s": 1}},
              "containers": [{"name": bad, "type": bad, "len": 5}]}  # fmt: skip
    found = {**FOUND, "holder": bad, "path": [{"node": bad, "edge": bad}]}
    end = {"type": "summary", "time": START, "stats": {bad: bad}, "verdicts": []}
    run = {**RUN, "spider": bad, "versions": {bad: bad}, "config": {bad: [bad]}}
    verdict = {**LEAK, "message": bad}
    owner = {"name": bad, "paths": [{"path": bad, "type": bad, "location": bad}]}
    bill = {"type": "bill", "time": START, "owners": [owner]}
    why = {"type": "bill", "time": START, "failed": bad}
    crawl = recordings.read(write(run, sample, verdict, found, bill, why, end))
    billed, failed = crawl.bills
    assert billed.owners[0].name == billed.owners[0].paths[0].type == shown
    assert failed.reason == shown
    assert not crawl.broken
    assert list(crawl.timeline.live) == list(crawl.timeline.containers) == [shown]
    assert crawl.told[0].found.path[0].node == crawl.told[0].verdict.message == shown
    assert crawl.run.config == {shown: (shown,)}
    assert crawl.summary.stats == {shown: shown}
    assert "\x1b" not in repr(crawl).replace("\\x1b", "")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\n", "is no recording of LeakWatch"),
        (b"\x7fELF\0\0\0", "is no recording of LeakWatch"),
        (b"<html>\n", "is no recording of LeakWatch"),
        (b'{"url": "http://shop"}\n', "is no recording of LeakWatch"),
        (b'{"type": "sample", "time": 1}\n', "is no recording of LeakWatch"),
        (b'{"type": "run", "schema": 1, "time": "now"}\n', "is no recording"),
        (b'{"type": "run", "time": 1, "sch', "is no recording of LeakWatch"),
        (b'{"type": "run", "time": 1, "schema": 7}\n', "has schema 7, and this"),
    ],
    ids=lambda part: repr(part)[:40],
)
def test_what_is_no_recording_is_one_line_with_the_remedy(write, content, told) -> None:
    path = write(content)
    with pytest.raises(recordings.UnreadableRecording) as raised:
        recordings.read(path)
    message = str(raised.value)
    assert message.startswith(f"{path} {told}")
    assert "\n" not in message
    assert raised.value.__suppress_context__ or not raised.value.__context__


def test_a_place_where_nothing_can_be_read_is_one_line(tmp_path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("absent.jsonl", ".", "loop", "a\0b"):
        with pytest.raises(recordings.UnreadableRecording) as raised:
            recordings.read(tmp_path / name)
        assert ": name a" in str(raised.value) or ": name the" in str(raised.value)
    (tmp_path / "shop.jsonl").write_text("")
    with pytest.raises(recordings.UnreadableRecording, match=r"newest, .*shop\.jsonl"):
        recordings.read(tmp_path)


def test_a_day_is_read_in_few_points_with_its_extremes(tmp_path) -> None:
    path = synthetic.a_day(tmp_path / "day.jsonl")
    spike = {**synthetic.sample(8640), "memory": {"rss": 9_999_999_999}}
    with path.open("a") as file:
        file.write(json.dumps(spike) + "\n" + json.dumps(synthetic.sample(8641)) + "\n")
    crawl = recordings.read(path)
    samples = [synthetic.sample(number) for number in range(8640)]
    unaccounted = [sample["responses"]["unaccounted"] for sample in samples]
    drawn = crawl.timeline.responses["unaccounted"]
    assert (crawl.samples, crawl.step) == (8642, 1)
    assert 300 <= len(crawl.timeline.times) <= 600
    assert (min(drawn), max(drawn)) == (min(unaccounted), max(unaccounted))
    assert max(crawl.timeline.memory["rss"]) == 9_999_999_999
    assert crawl.timeline.times[-1] == START + 86410
    assert list(crawl.timeline.times) == sorted(crawl.timeline.times)
    assert [told.verdict.kind for told in crawl.standing] == [
        "hoard", "leak", "recovered",
    ]  # fmt: skip


def test_of_very_many_samples_each_nth_is_read_and_every_verdict(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(reading, "MOST_SAMPLES", 500)
    path = synthetic.months(tmp_path / "long.jsonl", 5000)
    crawl = recordings.read(path)
    assert crawl.samples == 5000
    assert crawl.step in {9, 10, 11, 12}
    assert len(crawl.told) == 10
    assert crawl.timeline.times[0] == START
    assert crawl.timeline.times[-1] == crawl.last.time == START + 49_990


def test_of_very_many_verdicts_the_latest_are_kept(write, monkeypatch) -> None:
    monkeypatch.setattr(reading, "MOST_KEPT", 3)
    many = [{**LEAK, "subject": f"Class{number}"} for number in range(10)]
    crawl = recordings.read(write(RUN, *many))
    assert [told.verdict.subject for told in crawl.told] == [
        "Class7", "Class8", "Class9",
    ]  # fmt: skip
    assert crawl.forgotten == 7


def test_a_clock_that_is_put_back_does_not_turn_time(write) -> None:
    times = [START + 10, START + 20, START + 5, START + 30]
    samples = [{**SAMPLE, "time": time} for time in times]
    crawl = recordings.read(write(RUN, *samples))
    assert crawl.timeline.times == (START + 10, START + 20, START + 20, START + 30)


def test_a_class_that_is_gone_is_zero_and_a_container_unknown(write) -> None:
    empty = {**SAMPLE, "live": {}, "containers": []}
    timeline = recordings.read(write(RUN, empty, SAMPLE, empty)).timeline
    assert timeline.live[REQUEST][::2] == (0, 0)
    assert timeline.containers["DedupPipeline.seen"][::2] == (None, None)


def test_a_pipe_can_be_read(tmp_path) -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as file:
        file.write("".join(json.dumps(line) + "\n" for line in (RUN, SAMPLE)))
    assert recordings.read(f"/dev/fd/{read_end}").samples == 1
    os.close(read_end)
