"""Real crawls that leak in every known way, each named, placed and mended."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from shop_site import serving

HERE = Path(__file__).parent
QUEUE = "scheduler memory queue"

ROWS = {
    "meta": ("Request.meta['referer']", QUEUE, "(such as response.url) in cb_kwargs"),
    "cb_kwargs": (
        "Request.cb_kwargs['referer']",
        QUEUE,
        'cb_kwargs={"referer_url": response.url}',
    ),
    "nested": (
        "Request.meta['ctx']['pages'][*]",
        QUEUE,
        "pass what parse_product needs",
    ),
    "lambda": (
        "closure variable 'response' of Lambda.parse_listing.<locals>.<lambda>",
        QUEUE,
        "make the lambda a method of the spider",
    ),
    "nested_function": (
        "closure variable 'response' of NestedFunction.parse_listing.<locals>.failed",
        QUEUE,
        "make failed a method of the spider",
    ),
    "partial": (
        "argument 'old' of partial Shop.parse_product",
        QUEUE,
        "in cb_kwargs, not the response in a partial",
    ),
    "bound_method": (
        "Helper.response, the object of Request.callback Helper.parse_detail",
        QUEUE,
        "use a method of the spider as callback",
    ),
    "attribute_list": (
        "spider.pages[*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_dict": (
        "spider.pages[*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_set": ("spider.pages[*]", "spider", "keep response.url in spider.pages"),
    "attribute_deque": (
        "spider.pages[*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_defaultdict": (
        "spider.pages[*][*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_objects": (
        "spider.pages[*].response",
        "spider",
        "keep response.url in spider.pages",
    ),
    "class_attribute": (
        "ClassAttribute.kept[*]",
        "class ClassAttribute",
        "keep response.url in ClassAttribute.kept",
    ),
    "module_global": (
        "shop.leaks.SEEN[*]",
        "module shop.leaks",
        "keep response.url in shop.leaks.SEEN",
    ),
    "pipeline": (
        "KeepingPipeline.items[*]['page']",
        "item pipeline KeepingPipeline",
        "keep response.url in KeepingPipeline.items",
    ),
    "spider_middleware": (
        "KeepingSpiderMiddleware.seen[*]",
        "spider middleware KeepingSpiderMiddleware",
        "keep response.url in KeepingSpiderMiddleware.seen",
    ),
    "downloader_middleware": (
        "KeepingDownloaderMiddleware.by_url[*]",
        "downloader middleware KeepingDownloaderMiddleware",
        "keep response.url in KeepingDownloaderMiddleware.by_url",
    ),
    "extension": (
        "KeepingExtension.last[*]",
        "extension KeepingExtension",
        "keep response.url in KeepingExtension.last",
    ),
    "lru_cache": ("lru_cache of LruCache.title", "class LruCache", "a maxsize"),
    "cache_function": ("lru_cache of links", "module shop.leaks", "a maxsize"),
    "selector_row": ("spider.rows[*]", "spider", "keep selector.get() in spider.rows"),
    "selector_meta": ("Request.meta['row']", QUEUE, '{"row": selector.get()}'),
    "loader": ("Request.meta['loader']", QUEUE, '{"item": loader.load_item()}'),
    "stored_failure": (
        "spider.failures[*]",
        "spider",
        "keep str(error) in spider.failures, not the exception: its traceback keeps "
        "local variable 'response' of ",
    ),
    "stored_exception": (
        "spider.errors[*]",
        "spider",
        "keep str(error) in spider.errors, not the exception: its traceback keeps "
        "local variable 'response' of ",
    ),
    "suspended_generator": (
        "local variable 'page' of SuspendedGenerator.walk",
        "spider",
        "let SuspendedGenerator.walk end",
    ),
    "async_generator": (
        "local variable 'page' of AsyncGenerator.walk",
        "spider",
        "let AsyncGenerator.walk end",
    ),
    "waiting_task": (
        "local variable 'page' of WaitingTask.linger",
        "event loop",
        "let WaitingTask.linger end",
    ),
    "waiting_callback": (
        "local variable 'response' of WaitingCallback.parse_listing",
        "spider",
        "let WaitingCallback.parse_listing end",
    ),
    "deferred_callback": (
        "argument '1' of Deferred callback DeferredCallback.answered",
        "spider",
        "fire or cancel the Deferred",
    ),
    "call_later": (
        "argument '1' of timer CallLater.check_again",
        "reactor",
        "give the timer of CallLater.check_again what it needs",
    ),
    "loop_call_later": (
        "argument '1' of timer LoopCallLater.check_again",
        "event loop",
        "give the timer of LoopCallLater.check_again what it needs",
    ),
    "signal_receiver": (
        "closure variable 'response' of SignalReceiver.parse_listing.<locals>.closed",
        "signal receivers",
        "make closed a method of the spider",
    ),
    "logging_handler": (
        "MemoryHandler.buffer[*]",
        "logging handler",
        "log response.url, not the response",
    ),
    "weak_keys": (
        "spider.notes[*].about",
        "spider",
        "a value that refers to its key keeps the key alive",
    ),
    "chain": (
        "Request.cb_kwargs['previous']",
        None,
        "each response keeps the one before it alive",
    ),
    "library": (
        "CachePipeline.cache[*]['page']",
        "item pipeline CachePipeline",
        "is not your code",
    ),
}
SELECTORS = {"selector_row", "selector_meta"}
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
        timeout=60,
        check=False,
        start_new_session=True,
    )
    if not file.exists():
        raise AssertionError(f"{name} gave no answer:\n{done.stderr}")
    return json.loads(file.read_text())


def _marked_line(name):
    """Return where the comment says that the object is put there."""
    for file in ("leaks.py", "components.py"):
        lines = (HERE / "shop" / file).read_text().splitlines()
        for number, line in enumerate(lines, 1):
            if line.endswith(f"# here: {name}"):
                return f"shop/{file}:{number}"
    return None


@pytest.mark.parametrize("name", ROWS)
def test_a_leak_is_named_placed_and_mended(answers, name):
    holder, owner, fix = ROWS[name]
    found = answers[name]
    assert found["holder"] == holder
    assert owner is None or found["owner"] == owner
    assert fix in found["fix"]
    assert found["origin"] == ("library" if name == "library" else "project")
    assert found["location"] == _marked_line(name)
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
