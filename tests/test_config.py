from __future__ import annotations

import pytest
from scrapy import Spider
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config, ConfigError


class Product:
    pass


class Hostile:
    def __repr__(self):
        raise SystemExit("repr was called")

    __str__ = __repr__


class Refusing:
    """Refuses whatever it is asked."""

    def _refuse(self, *_):
        raise RuntimeError("\x1b[31masked\n")

    __str__ = __eq__ = __hash__ = __fspath__ = _refuse


class Misplaced:
    __module__ = Refusing()


class Liar:
    """Says that it is a text."""

    __class__ = str


class Silent(list):
    def __bool__(self):
        raise RuntimeError(Refusing())


class NoRefs:
    __slots__ = ()


def test_the_defaults_are_those_of_the_documentation() -> None:
    config = Config.from_settings(Settings())
    assert config == Config(
        enabled=True,
        interval=10.0,
        log_interval=60.0,
        ignore=(Spider,),
        track=(),
        min_objects=100,
        min_samples=4,
        explain=True,
        explain_timeout=30.0,
        record=None,
        report=None,
        on_leak="warn",
        suppress=(),
        trim=False,
        bill=True,
        children=True,
        rss_limit_mb=0,
        prometheus_port=None,
        prometheus_host="127.0.0.1",
        prometheus_file=None,
        pushgateway=None,
        otel=False,
    )


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("interval", "2.5", 2.5),
        ("interval", 1, 1.0),
        ("log_interval", 0, 0.0),
        ("enabled", "False", False),
        ("enabled", 1, True),
        ("trim", "true", True),
        ("min_objects", "250", 250),
        ("min_samples", 2, 2),
        ("on_leak", "close", "close"),
        ("suppress", "3f2a9c1e, spider.pages*", ("3f2a9c1e", "spider.pages*")),
        ("suppress", ["Request.meta['referer']"], ("Request.meta['referer']",)),
        ("track", ["tests.test_config.Product"], (Product,)),
        ("track", "tests.test_config.Product", (Product,)),
        ("track", [Product], (Product,)),
        ("ignore", [], ()),
        ("ignore", None, (Spider,)),
        ("rss_limit_mb", "600", 600.0),
        ("rss_limit_mb", "auto", "auto"),
        ("prometheus_port", "9410", 9410),
        ("prometheus_port", 0, 0),
        ("prometheus_host", "::1", "::1"),
        ("prometheus_file", "/a/%(name)s.prom", "/a/%(name)s.prom"),
        ("pushgateway", "https://u:p@gw:91/x", "https://u:p@gw:91/x"),
        ("record", "%(name)s-%(time)s-100%%.jl", "%(name)s-%(time)s-100%%.jl"),
        ("report", "%(name)s-%(time)s.html", "%(name)s-%(time)s.html"),
    ],
)
def test_a_setting_is_read_as_settings_py_or_the_command_line_gives_it(
    name, given, read
) -> None:
    config = Config.from_settings(Settings({f"LEAKWATCH_{name.upper()}": given}))
    assert getattr(config, name) == read


def test_a_path_object_names_a_recording(tmp_path) -> None:
    config = Config.from_settings(Settings({"LEAKWATCH_RECORD": tmp_path}))
    assert config.record == str(tmp_path)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("RSS_LIMIT_MB", -1, "must be megabytes, as for MEMUSAGE_LIMIT_MB, 'auto' for"),
        ("RSS_LIMIT_MB", "600M", "or 0 for no limit, not '600M'"),
        ("PROMETHEUS_PORT", 65536, "must be a whole number from 0 to 65535, not 65536"),
        ("PROMETHEUS_PORT", "http", "must be a number, not 'http'"),
        ("PROMETHEUS_HOST", "a b", "must be the address of an interface"),
        ("PROMETHEUS_HOST", 0, "not 0"),
        ("PROMETHEUS_FILE", "/a/metrics", "must be a file that ends with .prom"),
        ("PROMETHEUS_FILE", "%(pid)s.prom", "a placeholder"),
        ("PUSHGATEWAY", "gw:9091", "must be the URL of a Pushgateway"),
        ("PUSHGATEWAY", "http://u:hunter2@:9", "'http://u:***@:9'"),
        ("PUSHGATEWAY", "http://gw:99999", "must be the URL of a Pushgateway"),
        ("PUSHGATEWAY", "http://gw/a b", "must be the URL of a Pushgateway"),
        ("PUSHGATEWAY", 9091, "not 9091"),
        ("INTERVAL", 0, "must be more than 0 seconds and at most 31536000 (a year)"),
        ("INTERVAL", "0", "not '0'; leave it out for the default"),
        ("INTERVAL", -1, "(a year), not -1"),
        ("INTERVAL", "often", "must be a number, not 'often'"),
        ("INTERVAL", True, "must be a number, not True"),
        ("INTERVAL", float("nan"), "must be a number, not nan"),
        ("INTERVAL", float("inf"), "must be a number, not inf"),
        ("INTERVAL", "nan", "must be a number, not 'nan'"),
        ("INTERVAL", "-inf", "must be a number, not '-inf'"),
        pytest.param(
            "INTERVAL", "1" + "0" * 400, "must be a number, not '1000", id="0s"
        ),
        pytest.param("INTERVAL", 10**400, "must be a number, not 1000", id="zeros"),
        pytest.param(
            "INTERVAL",
            10**5000,
            "must be a number, not a number of thousands of digits",
            id="digits",
        ),
        ("INTERVAL", [Hostile()], "must be a number, not an object of builtins.list"),
        ("INTERVAL", Hostile(), "not an object of tests.test_config.Hostile"),
        ("INTERVAL", 1e300, "at most 31536000 (a year), not 1e+300"),
        ("EXPLAIN_TIMEOUT", 1e300, "at most 31536000 (a year), not 1e+300"),
        ("LOG_INTERVAL", 1e300, "must be from 0 to 31536000 seconds (a year), not 1e+"),
        ("LOG_INTERVAL", -0.1, "must be from 0 to 31536000 seconds (a year), not -0.1"),
        pytest.param(
            "MIN_OBJECTS", 10**400, "must be a number, not 1000", id="many 0s"
        ),
        ("MIN_SAMPLES", True, "must be a number, not True"),
        ("MIN_OBJECTS", 0, "must be a whole number from 1, not 0"),
        ("MIN_OBJECTS", 2.5, "must be a whole number from 1, not 2.5"),
        ("MIN_SAMPLES", 1, "must be a whole number from 2 to 60, not 1"),
        ("MIN_SAMPLES", 130, "must be a whole number from 2 to 60, not 130"),
        ("TRIM", "often", "must be True or False, not 'often'"),
        ("ENABLED", "maybe", "must be True or False, not 'maybe'"),
        pytest.param(
            "ENABLED",
            10**5000,
            "must be True or False, not a number of thousands",
            id="more digits",
        ),
        ("ENABLED", Hostile(), "must be True or False, not an object of"),
        ("ON_LEAK", "\x1b[31mclose", r"must be 'warn' or 'close', not '\x1b[31mclose'"),
        ("IGNORE", 5, "must be a list of class paths, not 5"),
        ("IGNORE", ["scrapy.Spidr"], "can't import 'scrapy.Spidr'"),
        ("TRACK", ["nowhere.Product"], "can't import 'nowhere.Product'"),
        ("TRACK", ["a.\x1b[31m\nB"], r"can't import 'a.\x1b[31m\nB'"),
        ("IGNORE", "a.\x9b31mB", r"can't import 'a.\x9b31mB'"),
        pytest.param(
            "IGNORE", ["a" * 10**6 + ".B"], "aaa… (ModuleNotFoundError", id="long"
        ),
        ("IGNORE", [Hostile()], "can't import an object of tests.test_config.Hostile"),
        ("TRACK", ["Product"], "give the full path of a class"),
        ("TRACK", ["os.path.join"], "needs classes, and 'os.path.join' is none"),
        ("TRACK", [NoRefs], "add '__weakref__' to its __slots__"),
        ("TRACK", ["builtins.set"], "it is not written in Python"),
        ("RECORD", "%(nme)s.jsonl", "use %(name)s, %(time)s, and %%"),
        ("RECORD", "100%.jsonl", "use %(name)s, %(time)s, and %%"),
        ("RECORD", "%s.jsonl", "use %(name)s, %(time)s, and %%"),
        ("RECORD", "", "must be a file path or None"),
        ("RECORD", 5, "must be a file path or None"),
        ("RECORD", "/", "such as 'crawls/%(name)s.jsonl', not '/'"),
        ("RECORD", ".", "such as 'crawls/%(name)s.jsonl', not '.'"),
        ("RECORD", "a/..", "such as 'crawls/%(name)s.jsonl', not 'a/..'"),
        ("RECORD", "a\0b", r"such as 'crawls/%(name)s.jsonl', not 'a\x00b'"),
        ("RECORD", b"a", "such as 'crawls/%(name)s.jsonl', not b'a'"),
        ("RECORD", "%\x1b[31m", r"has a placeholder in '%\x1b[31m'"),
        ("SUPPRESS", ["\x1b[31m"], r"and '\x1b[31m' is none"),
        ("SUPPRESS", ["a\nb"], r"and 'a\nb' is none"),
        ("SUPPRESS", [""], "and '' is none"),
        ("SUPPRESS", 5, "must be a list of signatures or holders, not 5"),
        ("REPORT", "/", "such as"),
        ("REPORT", "%(nme)s.html", "use %(name)s, %(time)s, and %%"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_setting(name, given, message) -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_settings(Settings({f"LEAKWATCH_{name}": given}))
    assert str(raised.value).startswith(f"LEAKWATCH_{name} ")
    assert message in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 700


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("INTERVAL", Liar, "can't be read from an object of tests.test_config.Liar"),
        ("TRIM", Liar, "object has no attribute 'lower'); give a plain value"),
        ("TRIM", Misplaced, "must be True or False, not an object of builtins.Misp"),
        ("ON_LEAK", Refusing, r"(RuntimeError: \x1b[31masked); give a plain value"),
        ("RECORD", Refusing, r"(RuntimeError: \x1b[31masked); give a plain value"),
        ("TRACK", Silent, "tests.test_config.Silent (RuntimeError); give a plain"),
    ],
)
def test_an_object_that_refuses_to_be_read_is_one_line(name, kind, message) -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_settings(Settings({f"LEAKWATCH_{name}": kind()}))
    assert str(raised.value).startswith(f"LEAKWATCH_{name} ")
    assert message in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("name", ["IGNORE", "TRACK"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "raise RuntimeError('DB_URL\\nis not set')",
            "(RuntimeError: DB_URL is not set)",
        ),
        ("{}['DB_URL']", "(KeyError: 'DB_URL')"),
        ("assert False", "(AssertionError)"),
        ("class Product(:", "(broken.py, line 1)"),
        ("raise SystemExit('\\x1b[31mstop')", r"(SystemExit: \x1b[31mstop)"),
    ],
)
def test_a_module_that_fails_is_one_line_that_names_the_setting(
    tmp_path, monkeypatch, name, text, reason
) -> None:
    (tmp_path / "broken.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as raised:
        Config.from_settings(Settings({f"LEAKWATCH_{name}": ["broken.Product"]}))
    message = str(raised.value)
    assert message.startswith(f"LEAKWATCH_{name} can't import 'broken.Product' (")
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("LEAKWATCH_INTERVL", "LEAKWATCH_INTERVAL"),
        ("LEAKWATCH_LOGINTERVAL", "LEAKWATCH_LOG_INTERVAL"),
        ("LEAKWATCH_MIN_OBJECT", "LEAKWATCH_MIN_OBJECTS"),
    ],
)
def test_an_unknown_name_is_refused_with_the_one_probably_meant(name, nearest) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is not a setting; .*{nearest}"):
        Config.from_settings(Settings({name: 1}))


@pytest.mark.parametrize(
    "name", ["LEAKWATCH_\x1b[31mX\n", "LEAKWATCH_" + "X" * 10**6], ids=["evil", "long"]
)
def test_an_unknown_name_is_told_on_one_printable_line(name) -> None:
    with pytest.raises(ConfigError, match=r"^LEAKWATCH_.* is not a setting") as raised:
        Config.from_settings(Settings({name: 1}))
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 700


def test_an_unknown_name_like_no_other_is_refused_with_all_there_are() -> None:
    with pytest.raises(ConfigError, match=r"LEAKWATCH_XYZ is not a setting; .*_TRACK"):
        Config.from_settings(Settings({"LEAKWATCH_XYZ": 1}))


def test_the_record_of_a_configuration_names_its_settings() -> None:
    odd = type("\x1b[31mOdd", (Product,), {})
    settings = Settings({"LEAKWATCH_TRACK": [Product], "LEAKWATCH_IGNORE": [odd]})
    record = Config.from_settings(settings).as_record()
    assert record["LEAKWATCH_IGNORE"] == ["tests.test_config.\\x1b[31mOdd"]
    assert record["LEAKWATCH_TRACK"] == ["tests.test_config.Product"]
    assert record["LEAKWATCH_INTERVAL"] == 10.0


def test_the_password_of_a_gateway_is_in_no_recording() -> None:
    given = {"LEAKWATCH_PUSHGATEWAY": "http://some:hunter2@gw:9091/"}
    record = Config.from_settings(Settings(given)).as_record()
    assert record["LEAKWATCH_PUSHGATEWAY"] == "http://some:***@gw:9091/"
