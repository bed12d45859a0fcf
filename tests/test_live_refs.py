from __future__ import annotations

import gc
import time

import pytest
from scrapy import Spider
from scrapy.http import HtmlResponse, Request, TextResponse
from scrapy.settings import Settings
from scrapy.utils import trackref
from scrapy.utils.trackref import format_live_refs

from scrapy_leakwatch.config import Config
from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.observe import live_refs
from scrapy_leakwatch.records import Sample
from scrapy_leakwatch.report.log import live_table


@pytest.fixture(autouse=True)
def only_what_the_test_makes() -> None:
    trackref.live_refs.clear()


class Shoe(Request):
    pass


def another_shoe() -> type[Request]:
    return type("Shoe", (Request,), {"__module__": "elsewhere"})


def table(ignore: tuple[type, ...] = (Spider,)) -> str:
    records = live_refs.as_records(live_refs.alive(), ignore)
    sample = Sample(*[None] * 3, records, *[None] * 8)  # the table needs no more
    return live_table(sample)


def oldest(cls):
    alive = live_refs.alive()
    entry = next(entry for entry in alive if entry.cls is cls)
    return live_refs.oldest_of(entry, live_refs.as_records(alive, ()))


def test_the_table_is_the_one_that_prefs_prints() -> None:
    kept = [Request("http://a/"), HtmlResponse("http://a/"), Shoe("http://b/")]
    kept += [Spider("one"), TextResponse("http://b/"), Request("http://c/")]
    gc.collect()
    assert table() == format_live_refs(ignore=Spider)
    assert "Request                             " in table()
    assert len(kept) == 6


def test_classes_of_one_name_go_by_their_paths() -> None:
    other = another_shoe()
    kept = [Shoe("http://a/"), other("http://a/")]
    names = {record.name for record in live_refs.as_records(live_refs.alive(), ())}
    assert {"tests.test_live_refs.Shoe", "elsewhere.Shoe"} <= names
    assert len(kept) == 2


def test_a_class_goes_by_its_path_while_the_other_of_its_name_has_no_instance() -> None:
    other = another_shoe()
    kept = [Shoe("http://a/"), other("http://a/")]
    del kept[1]
    gc.collect()
    names = {record.name for record in live_refs.as_records(live_refs.alive(), ())}
    assert "tests.test_live_refs.Shoe" in names
    assert not {"Shoe", "elsewhere.Shoe"} & names


def test_the_oldest_is_the_first_that_is_still_alive() -> None:
    kept = [Shoe(f"http://a/{number}") for number in range(10)]
    time.sleep(0.05)
    kept.append(Shoe("http://a/young"))
    assert 0.05 <= oldest(Shoe).age_s < 5
    assert oldest(Shoe).url == "http://a/0"
    del kept[:10]
    assert oldest(Shoe).url == "http://a/young"


def test_a_selector_has_the_url_of_its_response() -> None:
    response = HtmlResponse("http://a/", body=b"<p>1</p>", encoding="utf-8")
    assert response.css("p")
    assert oldest(type(response.selector)).url == "http://a/"


def test_a_url_is_shown_without_its_secrets() -> None:
    kept = Shoe("http://me:hush@a/?token=hush\x1b")
    url = oldest(Shoe).url
    assert "hush" not in url
    assert url.isprintable()
    assert kept


class Sneaky(Request):
    @property
    def url(self):
        raise SystemExit("a property ran")

    def __getattr__(self, name):
        raise SystemExit("__getattr__ ran")


def test_reading_an_attribute_runs_no_code_of_the_class() -> None:
    assert anatomy.attribute(Sneaky("http://a/"), "_url") == "http://a/"
    assert anatomy.attribute(Sneaky("http://a/"), "nothing") is None


@pytest.mark.parametrize("ignore", [[], ["scrapy.Spider", "scrapy.Request"]])
def test_the_ignored_classes_are_those_of_the_setting(ignore) -> None:
    kept = [Request("http://a/"), Shoe("http://a/"), Spider("one")]
    classes = Config.from_settings(Settings({"LEAKWATCH_IGNORE": ignore})).ignore
    rows = table(classes).splitlines()[2:]
    shown = {row.split()[0] for row in rows}
    assert {"Request", "Shoe", "Spider"} <= shown if not ignore else "Shoe" not in shown
    assert kept


class Changing(dict):
    """Has entries when it is asked for their number, and then no more."""

    def __init__(self, values=dict.values):
        super().__init__()
        self.values = lambda: values(self)

    def __len__(self):
        return 3


def change(_):
    raise RuntimeError("dictionary changed size during iteration")


@pytest.mark.parametrize("instances", [Changing(), Changing(change)])
def test_instances_that_come_and_go_meanwhile_are_of_no_age(
    monkeypatch, instances
) -> None:
    monkeypatch.setattr(live_refs, "tracked", lambda: [(Shoe, instances)])
    assert live_refs.alive() == [live_refs.Alive(Shoe, 3, 0.0)]


def test_classes_that_a_function_makes_again_are_counted_as_one() -> None:
    def make():
        class Shirt(Request):
            pass

        return Shirt("http://a/")

    shirts = [make() for _ in range(3)]
    (found,) = [each for each in live_refs.alive() if each.cls.__name__ == "Shirt"]
    assert found.number == 3
    assert found.cls is type(shirts[0])
    (record,) = [
        each for each in live_refs.as_records([found], ()) if each.name == "Shirt"
    ]
    assert record.count == 3
