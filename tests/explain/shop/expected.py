"""What an explanation must say of each leaking spider: holder, owner, fix.

The tests of explain and the zoo both hold the product to this table.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.marks import place_of

HERE = Path(__file__).parent.parent
QUEUE = "scheduler memory queue"


class Expected(NamedTuple):
    """The exact holder, its owner (None: any), and a part of the fix."""

    holder: str
    owner: str | None
    fix: str


ROWS = {
    "meta": Expected(
        "Request.meta['referer']", QUEUE, "(such as response.url) in cb_kwargs"
    ),
    "cb_kwargs": Expected(
        "Request.cb_kwargs['referer']",
        QUEUE,
        'cb_kwargs={"referer_url": response.url}',
    ),
    "nested": Expected(
        "Request.meta['ctx']['pages'][*]",
        QUEUE,
        "pass what parse_product needs",
    ),
    "lambda": Expected(
        "closure variable 'response' of Lambda.parse_listing.<locals>.<lambda>",
        QUEUE,
        "make the lambda a method of the spider",
    ),
    "nested_function": Expected(
        "closure variable 'response' of NestedFunction.parse_listing.<locals>.failed",
        QUEUE,
        "make failed a method of the spider",
    ),
    "partial": Expected(
        "argument 'old' of partial Shop.parse_product",
        QUEUE,
        "in cb_kwargs, not the response in a partial",
    ),
    "bound_method": Expected(
        "Helper.response, the object of Request.callback Helper.parse_detail",
        QUEUE,
        "use a method of the spider as callback",
    ),
    "attribute_list": Expected(
        "spider.pages[*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_dict": Expected(
        "spider.pages[*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_set": Expected(
        "spider.pages[*]", "spider", "keep response.url in spider.pages"
    ),
    "attribute_deque": Expected(
        "spider.pages[*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_defaultdict": Expected(
        "spider.pages[*][*]",
        "spider",
        "keep response.url in spider.pages",
    ),
    "attribute_objects": Expected(
        "spider.pages[*].response",
        "spider",
        "keep response.url in spider.pages",
    ),
    "class_attribute": Expected(
        "ClassAttribute.kept[*]",
        "class ClassAttribute",
        "keep response.url in ClassAttribute.kept",
    ),
    "module_global": Expected(
        "shop.leaks.SEEN[*]",
        "module shop.leaks",
        "keep response.url in shop.leaks.SEEN",
    ),
    "pipeline": Expected(
        "KeepingPipeline.items[*]['page']",
        "item pipeline KeepingPipeline",
        "keep response.url in KeepingPipeline.items",
    ),
    "spider_middleware": Expected(
        "KeepingSpiderMiddleware.seen[*]",
        "spider middleware KeepingSpiderMiddleware",
        "keep response.url in KeepingSpiderMiddleware.seen",
    ),
    "downloader_middleware": Expected(
        "KeepingDownloaderMiddleware.by_url[*]",
        "downloader middleware KeepingDownloaderMiddleware",
        "keep response.url in KeepingDownloaderMiddleware.by_url",
    ),
    "extension": Expected(
        "KeepingExtension.last[*]",
        "extension KeepingExtension",
        "keep response.url in KeepingExtension.last",
    ),
    "lru_cache": Expected("lru_cache of LruCache.title", "class LruCache", "a maxsize"),
    "cache_function": Expected("lru_cache of links", "module shop.leaks", "a maxsize"),
    "selector_row": Expected(
        "spider.rows[*]", "spider", "keep selector.get() in spider.rows"
    ),
    "selector_meta": Expected("Request.meta['row']", QUEUE, '{"row": selector.get()}'),
    "loader": Expected("Request.meta['loader']", QUEUE, '{"item": loader.load_item()}'),
    "stored_failure": Expected(
        "spider.failures[*]",
        "spider",
        "keep str(error) in spider.failures, not the exception: its traceback keeps "
        "local variable 'response' of ",
    ),
    "stored_exception": Expected(
        "spider.errors[*]",
        "spider",
        "keep str(error) in spider.errors, not the exception: its traceback keeps "
        "local variable 'response' of ",
    ),
    "suspended_generator": Expected(
        "local variable 'page' of SuspendedGenerator.walk",
        "spider",
        "let SuspendedGenerator.walk end",
    ),
    "async_generator": Expected(
        "local variable 'page' of AsyncGenerator.walk",
        "spider",
        "let AsyncGenerator.walk end",
    ),
    "waiting_task": Expected(
        "local variable 'page' of WaitingTask.linger",
        "event loop",
        "let WaitingTask.linger end",
    ),
    "waiting_callback": Expected(
        "local variable 'response' of WaitingCallback.parse_listing",
        "spider",
        "let WaitingCallback.parse_listing end",
    ),
    "deferred_callback": Expected(
        "argument '1' of Deferred callback DeferredCallback.answered",
        "spider",
        "fire or cancel the Deferred",
    ),
    "call_later": Expected(
        "argument '1' of timer CallLater.check_again",
        "reactor",
        "give the timer of CallLater.check_again what it needs",
    ),
    "loop_call_later": Expected(
        "argument '1' of timer LoopCallLater.check_again",
        "event loop",
        "give the timer of LoopCallLater.check_again what it needs",
    ),
    "signal_receiver": Expected(
        "closure variable 'response' of SignalReceiver.parse_listing.<locals>.closed",
        "signal receivers",
        "connect a method of the spider once",
    ),
    "logging_handler": Expected(
        "MemoryHandler.buffer[*]",
        "logging handler",
        "log response.url, not the response",
    ),
    "weak_keys": Expected(
        "spider.notes[*].about",
        "spider",
        "a value that refers to its key keeps the key alive",
    ),
    "chain": Expected(
        "Request.cb_kwargs['previous']",
        None,
        "each response keeps the one before it alive",
    ),
    "library": Expected(
        "CachePipeline.cache[*]['page']",
        "item pipeline CachePipeline",
        "is not your code",
    ),
}
SELECTORS = {"selector_row", "selector_meta"}


def place(name):
    """Return the ``file:line`` that the comment of this row marks, if there is one."""
    return place_of(name, HERE, "shop/leaks.py", "shop/components.py")
