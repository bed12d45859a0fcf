"""The words on each check, and that none hides another."""

from __future__ import annotations

import errno

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch import doctor
from scrapy_leakwatch.doctor import looking
from scrapy_leakwatch.records import Layers
from scrapy_leakwatch.records.diagnosed import (
    BillTried,
    ChildrenFound,
    DebuggingFound,
    Examined,
    ExtensionFound,
    ForkTried,
    GuppyFound,
    LimitFound,
    MallocTried,
    MemoryFound,
    PlaceFound,
    PythonFound,
    RemoteControlFound,
    RoomFound,
    ScrapyFound,
    SettingsFound,
    TerminalFound,
    TrackrefFound,
    Unexamined,
    WalkFound,
)
from scrapy_leakwatch.report import doctor as words
from tests.doctor.examining import MB

NO_LAYERS = Layers(1, arenas=5_000_000, reason="another malloc is in charge")


TROUBLES = [
    ("Python", PythonFound("no", "3.14.1", "PyPy")),
    ("Python", PythonFound("no", "3.14.1", "CPython", refused="free")),
    ("Python", PythonFound("limited", "3.14.1", "CPython", in_increments=True)),
    ("Python", PythonFound("limited", "3.14.9", "CPython", debug=True)),
    ("Scrapy", ScrapyFound("no", "2.11.0", "24.1", "X")),
    ("Scrapy", ScrapyFound("no", "2.19.0", "24.1", "", failed="ImportError")),
    ("settings", SettingsFound("no", (), wrong="LEAKWATCH_X is not a setting")),
    ("settings", SettingsFound("no", (), addon_failed="KeyError: 'a'")),
    ("settings", SettingsFound("limited", (), enabled=False)),
    (
        "settings",
        SettingsFound("limited", (), lacking="LEAKWATCH_OTEL", remedy="pip install x"),
    ),
    ("extension", ExtensionFound("limited", in_project=True)),
    ("extension", ExtensionFound("limited", in_project=False)),
    ("live objects", TrackrefFound("no")),
    ("memory", MemoryFound("no", 0)),
    ("memory", MemoryFound("limited", MB, ("/proc/self/status",))),
    ("memory limit", LimitFound("limited", MB, "container", address_space=MB)),
    ("memory limit", LimitFound("limited", None, data=MB)),
    ("child processes", ChildrenFound("no", 0, "", "Cannot allocate memory")),
    ("child processes", ChildrenFound("no", 0, "pss")),
    ("child processes", ChildrenFound("limited", MB, "pss", wanted=False)),
    ("child processes", ChildrenFound("limited", MB, "rss")),
    ("fork", ForkTried("no", failed="no fork", exists=False)),
    ("fork", ForkTried("no", failed="refused", errno=errno.EAGAIN, pids=9)),
    ("fork", ForkTried("no", failed="refused", errno=errno.EAGAIN)),
    ("fork", ForkTried("no", failed="no answer within 30 seconds")),
    ("room for a child", RoomFound("limited", MB, 0.2)),
    ("room for a child", RoomFound("limited", MB, 0.2, commit_left=MB)),
    ("C walk", WalkFound("limited", in_c=False)),
    ("C walk", WalkFound("limited", in_c=False, built=("_graph.so",))),
    ("C walk", WalkFound("limited", False, (), compiler=False, headers=False)),
    ("memory bill", BillTried("no", failed="fork refused")),
    ("memory bill", BillTried("limited", partial=True)),
    ("memory bill", BillTried("limited", wanted=False)),
    ("malloc", MallocTried("limited", NO_LAYERS)),
    ("malloc", MallocTried("limited", NO_LAYERS, ("libjemalloc.so.2",))),
    ("malloc", MallocTried("limited", Layers(1), trims=False, wanted=True)),
    ("Guppy", GuppyFound("limited", "Guppy is not installed")),
    ("recording", PlaceFound("no", "/a", "LEAKWATCH_RECORD", "Permission denied")),
    ("recording", PlaceFound("limited", "/a", "LEAKWATCH_RECORD", free=1)),
    ("report", PlaceFound("no", "/a", failed="Permission denied")),
    ("temporary files", PlaceFound("no", "", failed="No usable directory")),
    ("temporary files", PlaceFound("limited", "/tmp", free=1)),
    ("remote control", RemoteControlFound("no", "2.12.0", exists=False)),
    ("remote control", RemoteControlFound("no", "2.19.0", enabled=False)),
    ("remote control", RemoteControlFound("no", "2.19.0", asyncio=False)),
    ("remote control", RemoteControlFound("no", "2.19.0", failed="Read-only")),
    ("remote control", RemoteControlFound("no", "2.19.0", ours=False)),
    ("attach by pid", DebuggingFound("no", "3.11.0", "missing", "own")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "off", "own")),
    ("attach by pid", DebuggingFound("limited", "3.14.9", "on", "children")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "on", "root")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "on", "own", "PermissionError")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "on", "nobody")),
    ("terminal", TerminalFound("limited", screen=False, colours=False, columns=80)),
    ("terminal", TerminalFound("limited", screen=True, colours=False, columns=40)),
    ("Scrapy", Unexamined("no", "ValueError: no")),
]  # fmt: skip


def test_there_are_words_for_each_check() -> None:
    assert words.WORDS.keys() == {check.name for check in doctor.CHECKS}


@pytest.mark.parametrize(("name", "finding"), TROUBLES)
def test_each_trouble_has_cause_and_remedy(name, finding) -> None:
    said = words.words(Examined(name, "watch", finding))
    assert said.found
    assert said.cause
    assert said.remedy


@pytest.mark.parametrize(("width", "widest"), [(80, 80), (200, 110), (10, 60)])
def test_what_is_said_fits_the_screen(width, widest) -> None:
    found = [Examined(name, "look", finding) for name, finding in TROUBLES]
    for line in words.lines(found, width):
        assert len(line.text) <= widest + 25  # a word may be longer than the room


def test_what_is_foreign_does_not_act() -> None:
    found = Examined("Scrapy", "watch", Unexamined("no", "a\x1b[2Jb\nforged"))
    text = "\n".join(line.text for line in words.lines([found], 100))
    assert "\x1b" not in text
    assert "\nforged" not in text


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        (["ok", "ok"], "LeakWatch can watch here."),
        (["ok", "limited", "no"], "LeakWatch can watch here; 1 limited, 1 missing."),
    ],
)
def test_it_comes_to_one_line(levels, text) -> None:
    found = [Examined("fork", "look", Unexamined(level, "x")) for level in levels]
    assert words.conclusion(found).text == text


def test_without_what_is_essential_nothing_is_watched() -> None:
    found = [Examined("Python", "watch", Unexamined("no", "x"), essential=True)]
    assert words.conclusion(found).text == "LeakWatch can't watch here: Python."


def test_a_check_that_fails_does_not_hide_the_others(monkeypatch) -> None:
    def fail(_):
        raise KeyError("https://user:secret-pw@host/")

    broken = doctor.Check("fork", "look", fail)
    fine = doctor.Check("Guppy", "look", looking.guppy)
    monkeypatch.setattr(doctor, "CHECKS", (broken, fine))
    first, second = doctor.examine(Settings())
    assert first.finding.level == "no"
    assert "KeyError" in first.finding.error
    assert "secret-pw" not in first.finding.error
    assert isinstance(second.finding, GuppyFound)
