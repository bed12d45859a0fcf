"""The dashboard of ``contrib/``: its form, and its queries asked of a Prometheus."""

from __future__ import annotations

import itertools
import json
import re

import pytest

pytest.importorskip("prometheus_client")

from tests.fleet import LEAKING, fleet, spider
from tests.monitoring import (
    DASHBOARD,
    installed,
    prometheus,
    queries,
    substituted,
    wait_for,
)

SPED_UP = 150.0
"""An hour in 24 seconds."""
WANTED = {"crawl": spider(LEAKING), "instance": f"crawler-{LEAKING}"}
ALERTS = (
    "LeakWatchLeak",
    "LeakWatchLimitNear",
    "LeakWatchOwnerGrows",
    "LeakWatchUnaccounted",
)


@pytest.fixture(scope="module")
def dashboard():
    return json.loads(DASHBOARD.read_text())


def test_each_panel_has_an_id_of_its_own(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def test_panels_do_not_overlap_and_fit_the_width(dashboard):
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in itertools.combinations(places, 2):
        assert not _overlap(one, other), (one, other)


def test_every_panel_reads_the_data_source_that_is_chosen(dashboard):
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    shown = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    for panel in shown:
        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"


@pytest.mark.skipif(not installed("prometheus"), reason="Prometheus is not installed")
@pytest.mark.slow
def test_every_query_returns_series_of_a_fleet(dashboard, tmp_path):
    with fleet(LEAKING + 3, SPED_UP) as served:
        scrape = {"job_name": "scrapy", "static_configs": served.targets}
        with prometheus(tmp_path, [scrape], sped_up=SPED_UP) as server:
            wait_for(lambda: len(server.now("up == 1")) == served.crawlers)
            chosen = _chosen(dashboard, server)
            wait_for(lambda: not _unanswered(dashboard, server, chosen))
            assert _unanswered(dashboard, server, chosen) == []
            expected = {(alert, spider(LEAKING)) for alert in ALERTS}
            wait_for(lambda: server.firing() == expected)
            assert server.firing() == expected


def _chosen(dashboard, server):
    """Return the variables as they are where the leaking crawler is looked at."""
    chosen = {"__rate_interval": "4s", "__range": "20s"}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        query = substituted(variable["query"]["query"], chosen)
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        values = server.ask(f"label/{label}/values", **{"match[]": selector})
        wanted = WANTED.get(variable["name"], "")
        assert not wanted or wanted in values
        chosen[variable["name"]] = wanted or variable["allValue"]
    return chosen


def _unanswered(dashboard, server, variables):
    """Return the panels of which a query has no series."""
    return [
        title
        for title, query in queries(dashboard)
        if not server.over(substituted(query, variables), last_s=60, step_s=1)
    ]


def _overlap(one, other):
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
