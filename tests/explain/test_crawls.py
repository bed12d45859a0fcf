"""Real crawls that leak in every known way, each named, placed and mended."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from shop_site import serving

from tests.explain.shop.expected import ROWS, SELECTORS, place

HERE = Path(__file__).parent
NO_ROWS = ("two_holders", "healthy")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Return the probe's answer of every crawl; they run side by side."""
    folder = tmp_path_factory.mktemp("answers")
    with serving() as site, ThreadPoolExecutor(max(2, os.cpu_count())) as pool:

        def crawl(name):
            return name, _crawl(name, site, folder / name)

        return dict(pool.map(crawl, (*ROWS, *NO_ROWS)))


def _crawl(name, site, file, *trouble):
    subject = "Selector" if name in SELECTORS else "HtmlResponse"
    packages = [HERE.parents[1], HERE, HERE / "site-packages"]
    done = subprocess.run(
        [sys.executable, "-m", "shop.run", name, site, subject, file, *trouble],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, packages))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        start_new_session=True,
    )
    if not file.exists():
        raise AssertionError(f"{name} gave no answer:\n{done.stderr}")
    return json.loads(file.read_text())


@pytest.mark.parametrize("name", ROWS)
def test_a_leak_is_named_placed_and_mended(answers, name):
    holder, owner, fix = ROWS[name]
    found = answers[name]
    assert found["holder"] == holder
    assert owner is None or found["owner"] == owner
    assert fix in found["fix"]
    assert found["origin"] == ("library" if name == "library" else "project")
    assert found["location"] == place(name)
    assert found["likely"] is False
    assert found["chain"] is (name == "chain")


@pytest.mark.parametrize("name", ROWS)
def test_the_counts_add_up(answers, name):
    found = answers[name]
    held = round(found["share"] * found["examined"])
    rest = found["in_flight"] + found["garbage"] + found["unknown"]
    others = sum(other["held"] for other in found["others"])
    assert 0 < held <= found["examined"]
    assert held + rest <= found["examined"]
    assert held + rest + others >= found["examined"]


def test_every_cause_has_its_own_signature(answers):
    signatures = [answers[name]["signature"] for name in ROWS]
    assert len(set(signatures)) == len(signatures)


def test_two_holders_are_both_listed(answers):
    found = answers["two_holders"]
    other = found["others"][0]
    assert {found["holder"], other["holder"]} == {"spider.even[*]", "spider.odd[*]"}
    assert found["signature"] != other["signature"]


def test_in_a_healthy_crawl_nobody_is_blamed(answers):
    found = answers["healthy"]
    assert found["reason"] == "in flight in the engine"
    assert found["in_flight"] > 0


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("none", None),
        ("kill", "the child was killed by SIGKILL"),
        ("stop", "stopped"),
    ],
)
def test_the_crawl_ends_with_all_its_items(tmp_path, trouble, reason):
    with serving() as site:
        found = _crawl("pipeline", site, tmp_path / "answer", trouble)
    assert found["items"] == 150
    assert found["closed"] == "finished"
    assert found["zombies"] is False
    assert found.get("reason") == reason


def test_ctrl_c_during_an_explanation_ends_the_crawl_in_order(tmp_path):
    with serving() as site:
        found = _crawl("pipeline", site, tmp_path / "answer", "interrupt")
    assert found["closed"] == "shutdown"
    assert found["reason"] == "stopped"
    assert found["zombies"] is False
