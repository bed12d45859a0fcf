"""``scrapy leakwatch doctor`` as a whole."""

from __future__ import annotations

import json
import resource

import pytest
from scrapy import version_info

from scrapy_leakwatch import doctor
from tests.conftest import EXAMPLE
from tests.doctor.examining import everything, told

KEYS = {"name", "level", "found", "cause", "remedy"}


def test_it_tells_of_the_example_project_that_it_can_be_watched(command) -> None:
    ended = command("doctor")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    *rows, last = ended.stdout.splitlines()
    assert last.startswith("LeakWatch can watch here")
    shown = [
        row.split("  ")[1:2] for row in rows if row.startswith("  ") and row[2] > " "
    ]
    assert len(shown) == len(doctor.CHECKS)
    assert "  ok       extension         the project's crawls are watched" in rows
    assert "  ok       fork              a child answered in " in ended.stdout
    assert "  ok       memory bill       taken of this process in " in ended.stdout
    assert len(rows) < 50  # a screen


def test_for_programs_it_is_a_list(command) -> None:
    found = json.loads(command("doctor", "--json").stdout)
    assert [each["name"] for each in found] == [check.name for check in doctor.CHECKS]
    assert all(each.keys() == KEYS for each in found)
    assert {each["level"] for each in found} <= {"ok", "limited", "no"}


def test_it_leaves_nothing_behind(command, tmp_path) -> None:
    settings = f"LEAKWATCH_RECORD={tmp_path}/made/later/r.jsonl"
    command("doctor")  # what Python and Scrapy keep for themselves is there by now
    before = everything(tmp_path), everything(EXAMPLE)
    ended = command("doctor", "-s", settings)
    assert f"{tmp_path}/made/later," in ended.stdout.replace("\n" + " " * 29, "")
    assert (everything(tmp_path), everything(EXAMPLE)) == before


@pytest.mark.parametrize(
    ("setting", "name", "text"),
    [
        ("LEAKWATCH_INTREVAL=1", "settings", "did you mean LEAKWATCH_INTERVAL?"),
        ("LEAKWATCH_ON_LEAK=cry", "settings", "must be 'warn' or 'close', not 'cry'"),
        pytest.param(
            *('ADDONS={"not.There": 1}', "settings", "No module named 'not'"),
            marks=pytest.mark.skipif(
                version_info[:2] == (2, 13),
                reason="Scrapy 2.13 itself ends at that, whatever the command",
            ),
        ),
        ("TWISTED_REACTOR=not.There", "Scrapy", "No module named 'not'"),
        ('EXTENSIONS={"scrapy_leakwatch.Leak": 1}', "extension", "'Leak'"),
    ],
)
def test_what_keeps_crawls_from_being_watched_ends_with_4(
    command, setting, name, text
) -> None:
    ended = command("doctor", "--json", "-s", setting)
    assert ended.returncode == 4, ended.stderr
    found = told(ended)[name]
    assert found["level"] == "no"
    assert text in found["cause"]
    assert found["remedy"]


def test_outside_a_project_it_works_and_has_the_line_to_add(command, tmp_path) -> None:
    ended = command("doctor", "--json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    found = told(ended)["extension"]
    assert found["level"] == "limited"
    assert 'EXTENSIONS = {"scrapy_leakwatch.LeakWatch": 500}' in found["remedy"]
    assert told(ended)["fork"]["level"] == "ok"


def test_limits_of_the_shell_are_told(command) -> None:
    most = 16_000_000_000
    limits = [(resource.RLIMIT_AS, most), (resource.RLIMIT_DATA, most)]
    found = told(command("doctor", "--json", limits=limits))["memory limit"]
    assert found["level"] == "limited"
    assert (
        "16.00 GB of address space (ulimit -v) and 16.00 GB of data" in found["cause"]
    )


def test_arenas_are_empty_where_malloc_has_all(command) -> None:
    found = told(command("doctor", "--json", PYTHONMALLOC="malloc"))["malloc"]
    assert found["found"].startswith("arenas 0.0 kB, malloc ")
    assert "(PYTHONMALLOC=malloc)" in found["found"]
