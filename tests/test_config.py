from __future__ import annotations

import pytest
from scrapy import Spider
from scrapy.settings import Settings

from scrapy_leakwatch.config import Config, ConfigError


class Product:
    pass


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
        ("INTERVAL", 0, "must be more than 0 seconds, not 0; leave it out for the"),
        ("INTERVAL", -1, "must be more than 0 seconds, not -1"),
        ("INTERVAL", "often", "must be a number, not 'often'"),
        ("INTERVAL", True, "must be a number, not True"),
        ("INTERVAL", float("nan"), "must be a number, not nan"),
        ("LOG_INTERVAL", -0.1, "must be 0 or more seconds, not -0.1"),
        ("MIN_OBJECTS", 0, "must be a whole number from 1, not 0"),
        ("MIN_OBJECTS", 2.5, "must be a whole number from 1, not 2.5"),
        ("MIN_SAMPLES", 1, "must be a whole number from 2 to 60, not 1"),
        ("MIN_SAMPLES", 130, "must be a whole number from 2 to 60, not 130"),
        ("TRIM", "often", "must be True or False, not 'often'"),
        ("ENABLED", "maybe", "must be True or False, not 'maybe'"),
        ("IGNORE", 5, "must be a list of class paths, not 5"),
        ("IGNORE", ["scrapy.Spidr"], "can't import 'scrapy.Spidr'"),
        ("TRACK", ["nowhere.Product"], "can't import 'nowhere.Product'"),
        ("TRACK", ["Product"], "give the full path of a class"),
        ("TRACK", ["os.path.join"], "needs classes, and 'os.path.join' is none"),
        ("TRACK", [NoRefs], "add '__weakref__' to its __slots__"),
        ("TRACK", ["builtins.set"], "it is not written in Python"),
        ("RECORD", "%(nme)s.jsonl", "use %(name)s, %(time)s, and %%"),
        ("RECORD", "100%.jsonl", "use %(name)s, %(time)s, and %%"),
        ("RECORD", "%s.jsonl", "use %(name)s, %(time)s, and %%"),
        ("RECORD", "", "must be a file path or None"),
        ("RECORD", 5, "must be a file path or None"),
        ("REPORT", "%(nme)s.html", "use %(name)s, %(time)s, and %%"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_setting(name, given, message) -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_settings(Settings({f"LEAKWATCH_{name}": given}))
    assert str(raised.value).startswith(f"LEAKWATCH_{name} ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


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


def test_an_unknown_name_like_no_other_is_refused_with_all_there_are() -> None:
    with pytest.raises(ConfigError, match=r"LEAKWATCH_XYZ is not a setting; .*_TRACK"):
        Config.from_settings(Settings({"LEAKWATCH_XYZ": 1}))


def test_the_record_of_a_configuration_names_its_settings() -> None:
    record = Config.from_settings(Settings({"LEAKWATCH_TRACK": [Product]})).as_record()
    assert record["LEAKWATCH_TRACK"] == ["tests.test_config.Product"]
    assert record["LEAKWATCH_INTERVAL"] == 10.0
