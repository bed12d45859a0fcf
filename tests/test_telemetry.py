"""Numbers and verdicts come to OpenTelemetry, through the real SDK and over OTLP."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest

from scrapy_leakwatch.export.otel import events
from scrapy_leakwatch.export.otel.instruments import INSTRUMENTS, points
from scrapy_leakwatch.records import Costs, Numbers
from tests import ends
from tests.conftest import QUICK_MODES, recorded
from tests.judging import explanation, growing, hear, judge_of, unexplained

NAMED = {each.name.removeprefix("scrapy.leakwatch."): each for each in INSTRUMENTS}
NUMBERS = Numbers(
    "shop",
    "somenasty",
    samples=7,
    received=1200,
    memory={"rss": 90_000_000},
    owners={"spider somenasty": 5_000_000, "scheduler": 1_000_000},
    level=1,
    forecast_s=600.0,
    costs=Costs(samples_s=0.5),
)
OTHER = replace(NUMBERS, received=300, level=2, forecast_s=60.0)


def seen(name: str, *crawls: Numbers) -> dict[str, float]:
    """Return what an instrument says, by what tells its values apart."""
    instrument = NAMED[name]
    return {
        point.attributes.get(instrument.by, ""): point.value
        for point in points(instrument, crawls)
    }


def test_each_value_has_the_project_and_the_spider() -> None:
    (point,) = points(NAMED["responses"], [NUMBERS])
    assert point.attributes == {"scrapy.project": "shop", "scrapy.spider": "somenasty"}
    assert seen("owner.memory", NUMBERS) == NUMBERS.owners
    assert seen("verdicts", NUMBERS)["leak"] == 0


def test_what_is_not_known_has_no_value() -> None:
    unknown = replace(NUMBERS, forecast_s=None, memory={})
    assert seen("forecast", unknown) == seen("memory", unknown) == {}
    assert seen("stall.max", unknown) == seen("children.memory", unknown) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("responses", 1500), ("verdict.level", 2), ("forecast", 60), ("memory", 9e7)],
)
def test_crawls_of_one_spider_are_one_value(name, value) -> None:
    assert seen(name, NUMBERS, OTHER) == {"": value}


def test_crawls_of_other_spiders_have_values_of_their_own() -> None:
    other = replace(NUMBERS, spider="other")
    assert len(points(NAMED["responses"], [NUMBERS, other])) == 2


def test_an_event_has_the_line_and_the_fix() -> None:
    found = explanation(location="shop.py:21", fix="keep the URL, not the response")
    (verdict,) = hear(judge_of(explain=True), growing(responses=900), found)
    event = events.of_verdict("shop", verdict, found)
    assert event.body == verdict.message
    assert event.alarm
    said = event.attributes
    assert said["scrapy.leakwatch.signature"] == found.signature
    assert said["scrapy.leakwatch.fix"] == found.fix
    assert f"{said['code.file.path']}:{said['code.line.number']}" == found.location


def test_an_event_of_what_nobody_explains_says_what_is_known() -> None:
    found = unexplained("late")
    (verdict,) = hear(judge_of(explain=True), growing(responses=900), found)
    event = events.of_verdict("shop", verdict, found)
    assert event.attributes["scrapy.leakwatch.kind"] == verdict.kind
    assert None not in event.attributes.values()
    assert "code.file.path" not in event.attributes


def collected(reader) -> set[str]:
    """Return the names of the metrics that have points."""
    data = reader.get_metrics_data()
    return {
        metric.name
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.data.data_points
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_last_numbers_of_a_crawl_are_told_once_and_nothing_stays(
    monkeypatch,
) -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry import metrics
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from scrapy_leakwatch.export.otel.telemetry import Process, Telemetry

    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: provider)
    process = Process(provider.get_meter("test"), None)
    crawl = Telemetry(process, "shop")
    crawl.numbers(NUMBERS)
    assert "scrapy.leakwatch.forecast" in collected(reader)
    assert "scrapy.leakwatch.forecast" in collected(reader)
    with pytest.raises(StopIteration):
        crawl.close(NUMBERS).send(None)
    gone = weakref.ref(crawl)
    del crawl
    gc.collect()
    assert gone() is None
    assert "scrapy.leakwatch.forecast" in collected(reader)
    assert collected(reader) == set()
    provider.shutdown()


SDK = """
from opentelemetry import _logs, metrics
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

end = "http://127.0.0.1:{port}/v1/"
reader = PeriodicExportingMetricReader(
    OTLPMetricExporter(end + "metrics", timeout=1), export_interval_millis=200
)
metrics.set_meter_provider(MeterProvider([reader]))
logs = LoggerProvider()
logs.add_log_record_processor(
    BatchLogRecordProcessor(OTLPLogExporter(end + "logs", timeout=1))
)
_logs.set_logger_provider(logs)
"""


@pytest.fixture
def exported(crawl, tmp_path):
    """Crawl with an SDK that exports to a port; return the crawl and its recording."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

    def run(*spiders: str, port: int, **settings):
        record = tmp_path / "%(name)s.jsonl"
        result = crawl(
            *spiders,
            prelude=SDK.format(port=port),
            LEAKWATCH_OTEL=True,
            LEAKWATCH_RECORD=str(record),
            **settings,
        )
        assert result.lines("ERROR") == []
        return result, recorded(tmp_path / f"{spiders[0]}.jsonl".lower())

    return run


def plain(attributes) -> dict[str, object]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value"))
        for each in attributes
    }


def metrics_at(end: ends.End) -> dict[str, list[tuple[dict[str, object], float]]]:
    """Return the points of each metric that came, in their order."""
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

    points: dict[str, list[tuple[dict[str, object], float]]] = {}
    for path, body in end.received:
        if path != "/v1/metrics":
            continue
        request = service.ExportMetricsServiceRequest.FromString(body)
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    data = getattr(metric, metric.WhichOneof("data"))
                    points.setdefault(metric.name, []).extend(
                        (plain(point.attributes), point.as_int or point.as_double)
                        for point in data.data_points
                    )
    return points


def events_at(end: ends.End) -> list[tuple[str, str, dict[str, object]]]:
    """Return the name, the severity and the attributes of each event that came."""
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as service

    return [
        (event.event_name, event.severity_text, plain(event.attributes))
        for path, body in end.received
        if path == "/v1/logs"
        for resource in service.ExportLogsServiceRequest.FromString(body).resource_logs
        for scope in resource.scope_logs
        for event in scope.log_records
    ]


@pytest.mark.parametrize("mode", QUICK_MODES)
def test_a_receiver_of_otlp_gets_the_numbers_and_the_verdicts(exported, mode) -> None:
    with ends.http(b"") as end:
        result, lines = exported("Leaking", port=end.port, **mode)
    points, told = metrics_at(end), events_at(end)
    crawl = {"scrapy.project": "scrapybot", "scrapy.spider": "leaking"}
    assert points["scrapy.leakwatch.verdict.level"][-1] == (crawl, 2)
    responses = [value for _, value in points["scrapy.leakwatch.responses"]]
    assert responses == sorted(responses)
    assert responses[-1] == result.stats["response_received_count"]
    leaks = [
        value
        for attributes, value in points["scrapy.leakwatch.verdicts"]
        if attributes["scrapy.leakwatch.kind"] == "leak"
    ]
    assert leaks[-1] == result.stats["leakwatch/verdicts/leak"]
    verdicts = [each for each in lines if each["type"] == "verdict"]
    assert [said["scrapy.leakwatch.kind"] for _, _, said in told] == [
        each["kind"] for each in verdicts
    ]
    name, severity, said = told[0]
    assert (name, severity) == ("scrapy.leakwatch.verdict", "WARN")
    assert said.items() >= crawl.items()
    assert said["scrapy.leakwatch.signature"] == verdicts[0]["signature"]
    assert said["code.line.number"] == 57
    assert "unreleased" not in {each["kind"] for each in verdicts}  # nor the SDK's


def test_crawls_of_a_process_share_the_instruments(exported) -> None:
    with ends.http(b"") as end:
        result, _ = exported("Healthy", "Backlog", port=end.port)
    spiders = {
        attributes["scrapy.spider"]
        for attributes, _ in metrics_at(end)["scrapy.leakwatch.responses"]
    }
    assert spiders == {"healthy", "backlog"}
    assert "already been created" not in result.log


@pytest.mark.parametrize(
    "end",
    [ends.hanging, ends.refusing, lambda: ends.http(b"\x00garbage", 500)],
    ids=["hangs", "refuses", "fails"],
)
def test_an_end_that_is_not_well_changes_nothing_for_the_crawl(exported, end) -> None:
    with end() as other:
        result, lines = exported("Backlog", port=other.port)
    assert result.stats["finish_reason"] == "closespider_pagecount"
    assert result.stats["response_received_count"] >= 500
    assert lines[-1]["type"] == "summary"
    assert result.stats["leakwatch/verdicts/unreleased"] == 0
    assert result.left["watches"] == result.left["children"] == 0


def test_without_an_sdk_one_line_says_that_nothing_listens(crawl) -> None:
    pytest.importorskip("opentelemetry")
    prelude = "spiders.Backlog.pages = 20\n"
    result = crawl("Backlog", prelude=prelude, LEAKWATCH_OTEL=True)
    (line,) = (each for each in result.lines("INFO") if "LEAKWATCH_OTEL" in each)
    assert "no SDK of OpenTelemetry is set up" in line


def test_without_the_api_one_line_says_what_to_install(crawl) -> None:
    prelude = """
import sys
spiders.Backlog.pages = 20
sys.modules["opentelemetry"] = None
"""
    result = crawl("Backlog", prelude=prelude, LEAKWATCH_OTEL=True)
    (line,) = result.lines("WARNING")
    assert 'pip install "scrapy-leakwatch[otel]"' in line
    assert result.stats["finish_reason"] == "closespider_pagecount"
