"""Any value of any type for any setting: read, or one line that names it."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Spider
from scrapy.settings import Settings

from scrapy_leakwatch import config
from scrapy_leakwatch.config import Config, ConfigError
from tests.fuzz.effort import fuzzed

NAMES = sorted(config._READERS)
TEXTS = ["", " ", "/", ".", "..", "a/..", "\0", "\x1b[2J", "\n", "\x9b", "\u202e"]
TEXTS += ["\ud800", "1" + "0" * 400, "9" * 5000, "-0", "1e300", "1e-300", "nan", "-inf"]
TEXTS += ["0x10", "1_0", "٣", "True", "false", "warn", "CLOSE", "%", "%%", "%(name)s"]
TEXTS += [
    "%(name)",
    "%(time)d",
    "%s%n",
    "~/a",
    "a" * 10**5,
    "a," * 1000,
    "scrapy.Spider",
]
TEXTS += [
    "builtins.int",
    "os.path",
    "os.",
    ".os",
    "a..b",
    "tests.fuzz.test_settings.Liar",
]
NUMBERS = [0, 1, -1, 2, 60, 61, 2.5, -0.0, 1e-320, 1e300, float("nan"), float("inf")]
NUMBERS += [10**400, -(10**400), 10**5000, 31_536_000, 31_536_000.5, True, False, 1j]


class Ended(BaseException):
    pass


def _refuses(*_):
    raise RuntimeError("\x1b[31masked\n")


class Hostile:
    """Refuses whatever it is asked."""

    __str__ = __repr__ = __len__ = __iter__ = __bool__ = _refuses
    __float__ = __int__ = __index__ = __fspath__ = __format__ = _refuses
    __eq__ = __hash__ = __getattr__ = _refuses


class Named(type):
    def __getattribute__(cls, name):
        raise RuntimeError(f"asked for {name}\x1b[31m")

    __instancecheck__ = __eq__ = __hash__ = __call__ = _refuses


class Answerless(metaclass=Named):
    pass


_found: dict = {}
exec("class Nameless: pass", {"__builtins__": {**vars(builtins)}}, _found)
Nameless = _found["Nameless"]
"""A class of no module."""


class Misplaced:
    __module__ = Hostile()


class Liar:
    """Says that it is a text, and a number."""

    __class__ = str


class Evader:
    __class__ = property(_refuses)


class Text(str):
    __slots__ = ()
    lower = split = strip = isprintable = __str__ = __repr__ = __format__ = _refuses


class Whole(int):
    __eq__ = __float__ = __int__ = __repr__ = __str__ = __lt__ = __le__ = _refuses
    __hash__ = int.__hash__


class Number(float):
    __float__ = __repr__ = __str__ = __le__ = __ge__ = __lt__ = _refuses


class Endless(list):
    def __iter__(self):
        raise RuntimeError("\x1b[31mno end")


UNFIT = [Answerless, Evader()]
"""Scrapy's settings take them in a list alone."""
ODD = [Hostile(), Hostile, Nameless, Nameless(), Misplaced, Misplaced(), Liar()]
ODD += [Text("close"), Whole(5), Number(5), Endless([1]), object(), type, len]
ODD += [Spider, Path("a/b.jsonl"), Path(), b"a", b"\xff", bytearray(b"a"), range(3)]


def one_of(table):
    """Return a strategy whose own repr asks none of them."""
    return st.integers(0, len(table) - 1).map(lambda index: table[index])


class Given:
    """A value that a failing test can show."""

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        try:
            return repr(self.value)[:200]
        except Exception as error:  # noqa: BLE001, it may be any
            return f"<{type(self.value).__mro__[0].__qualname__}: {error!r}>"


scalars = (
    st.none()
    | st.sampled_from(TEXTS)
    | one_of(NUMBERS)
    | one_of(ODD)
    | st.integers()
    | st.floats()
    | st.binary(max_size=5)
    # No path of a module: those would be imported.
    | st.text(st.characters(exclude_characters="."), max_size=20)
)
values = scalars | st.recursive(
    scalars | one_of(UNFIT),
    lambda each: (
        st.lists(each, max_size=3)
        | st.lists(each, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), each, max_size=2)
    ),
    max_leaves=5,
).filter(lambda value: not any(value is each for each in UNFIT))


def check(message, name):
    """A message is one printable line of a bounded length that names the setting."""
    assert message.startswith(f"{name} ")
    assert message.isprintable()
    assert len(message) < 1000


@fuzzed(few=200, share=5)
@given(name=st.sampled_from(NAMES), given_=values.map(Given))
def test_any_value_is_read_or_refused_in_one_line(name, given_) -> None:
    try:
        found = Config.from_settings(Settings({name: given_.value}))
    except ConfigError as error:
        check(str(error), name)
    else:
        check_round_trip(found)


def check_round_trip(found):
    record = found.as_record()
    json.dumps(record, allow_nan=False)
    record |= {"LEAKWATCH_TRACK": found.track, "LEAKWATCH_IGNORE": found.ignore}
    assert Config.from_settings(Settings(record)) == found


@fuzzed(few=100, share=2)
@given(name=st.text(st.characters(), max_size=30) | st.sampled_from(TEXTS))
def test_any_unknown_name_is_refused_in_one_line(name) -> None:
    if f"LEAKWATCH_{name}" not in NAMES:
        with pytest.raises(ConfigError) as raised:
            Config.from_settings(Settings({f"LEAKWATCH_{name}": 1}))
        assert str(raised.value).startswith("LEAKWATCH_")
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 1000


valid = st.fixed_dictionaries(
    {},
    optional={
        "LEAKWATCH_ENABLED": st.sampled_from(
            [True, False, 0, 1, "0", "1", "true", "False"]
        ),
        "LEAKWATCH_INTERVAL": st.floats(1e-3, 1e6) | st.floats(1e-3, 1e6).map(str),
        "LEAKWATCH_LOG_INTERVAL": st.floats(0, 1e6) | st.integers(0, 1000).map(str),
        "LEAKWATCH_IGNORE": st.lists(
            st.sampled_from([Spider, "scrapy.Spider", Nameless])
        ),
        "LEAKWATCH_TRACK": st.lists(st.sampled_from([Spider, "scrapy.Spider"])).map(
            tuple
        ),
        "LEAKWATCH_MIN_OBJECTS": st.integers(1, 10**9) | st.integers(1, 999).map(str),
        "LEAKWATCH_MIN_SAMPLES": st.integers(2, 60),
        "LEAKWATCH_RECORD": st.none()
        | st.sampled_from(["a/%(name)s.jsonl", Path("b")]),
        "LEAKWATCH_ON_LEAK": st.sampled_from(["warn", "close"]),
        "LEAKWATCH_SUPPRESS": st.lists(st.sampled_from(["3f2a9c1e", "spider.a[*]"])),
    },
)


@fuzzed(few=100, share=2)
@given(given_=valid)
def test_valid_values_survive_a_round_trip(given_) -> None:
    check_round_trip(Config.from_settings(Settings(given_)))
