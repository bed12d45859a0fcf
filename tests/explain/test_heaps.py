"""Hand-built heaps, each explained by a real child."""

import asyncio
import collections
import contextvars
import functools
import gc
import logging.handlers
import queue
import time
import weakref
from types import SimpleNamespace

import pytest
from asking_helpers import crawler_with_scheduler, explain
from scrapy import Request
from scrapy.http import HtmlResponse
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from scrapy_leakwatch.explain import Explanation, Unexplained

COUNT = 40
VARIABLE = contextvars.ContextVar("pages")


class Link:
    def __init__(self, page, before):
        self.page = page
        self.before = before


def in_queue(crawler, scheduler, pages):
    for page in pages:
        meta = {"referer": page}
        scheduler.enqueue_request(
            Request(page.url, crawler.spider.parse_product, meta=meta)
        )


def in_attribute(crawler, scheduler, pages):
    crawler.spider.pages = list(pages)


def in_slots_of_object(crawler, scheduler, pages):
    cls = type("Slotted", (), {"__slots__": ("page",), "__module__": __name__})
    crawler.spider.kept = []
    for page in pages:
        each = cls()
        each.page = page
        crawler.spider.kept.append(each)


def in_deque(crawler, scheduler, pages):
    crawler.spider.pages = collections.deque(pages)


def in_keys(crawler, scheduler, pages):
    crawler.spider.pages = dict.fromkeys(pages)


def in_frozen_sets(crawler, scheduler, pages):
    crawler.spider.pages = [frozenset({page}) for page in pages]


def in_ordered_dict(crawler, scheduler, pages):
    crawler.spider.pages = collections.OrderedDict((page.url, page) for page in pages)


def in_library_object(crawler, scheduler, pages):
    crawler.spider.jobs = queue.Queue()
    for page in pages:
        crawler.spider.jobs.put(page)


def in_weak_values(crawler, scheduler, pages):
    crawler.spider.by_url = weakref.WeakValueDictionary()
    crawler.spider.pages = list(pages)
    for page in pages:
        crawler.spider.by_url[page.url] = page


def in_default_argument(crawler, scheduler, pages):
    def remember(page):
        def visit(response, page=page):
            return page

        return visit

    crawler.spider.visits = [remember(page) for page in pages]


def in_function_attribute(crawler, scheduler, pages):
    def visit():
        pass

    visit.pages = list(pages)
    crawler.spider.visit = visit


def in_partial(crawler, scheduler, pages):
    parse = crawler.spider.parse_product
    crawler.spider.calls = [functools.partial(parse, page) for page in pages]


def in_deferred_result(crawler, scheduler, pages):
    crawler.spider.waiting = []
    for page in pages:
        waiting = Deferred()
        waiting.callback(page)
        crawler.spider.waiting.append(waiting)


def in_future(crawler, scheduler, pages):
    loop = asyncio.new_event_loop()
    crawler.spider.waiting = [loop.create_future() for _ in pages]
    for future, page in zip(crawler.spider.waiting, pages, strict=True):
        future.set_result(page)
    loop.close()


def in_coroutine(crawler, scheduler, pages):
    async def linger(page):
        await asyncio.Event().wait()
        return page

    crawler.spider.coroutines = [linger(page) for page in pages]


def in_failures(crawler, scheduler, pages):
    crawler.spider.failures = []
    for page in pages:
        try:
            _refuse(page)
        except ValueError:
            crawler.spider.failures.append(Failure())


def _refuse(page):
    raise ValueError("no price")


def in_record(crawler, scheduler, pages):
    handler = logging.handlers.MemoryHandler(1000)
    handler.buffer += [
        logging.LogRecord("shop", 10, __file__, 1, "seen %s", (page,), None)
        for page in pages
    ]
    crawler.spider.handler = handler


def in_linked_list(crawler, scheduler, pages):
    last = None
    for page in pages:
        last = Link(page, last)
    crawler.spider.last = last


def in_context(crawler, scheduler, pages):
    VARIABLE.set(list(pages))


@pytest.mark.parametrize(
    ("build", "holder"),
    [
        (in_queue, "Request.meta['referer']"),
        (in_attribute, "spider.pages[*]"),
        (in_slots_of_object, "spider.kept[*].page"),
        (in_deque, "spider.pages[*]"),
        (in_keys, "spider.pages[*]"),
        (in_frozen_sets, "spider.pages[*][*]"),
        (in_ordered_dict, "spider.pages[*]"),
        (in_library_object, "spider.jobs"),
        (in_weak_values, "spider.pages[*]"),
        (
            in_default_argument,
            "default argument 'page' of "
            "in_default_argument.<locals>.remember.<locals>.visit",
        ),
        (
            in_function_attribute,
            "attribute 'pages[*]' of function in_function_attribute.<locals>.visit",
        ),
        (in_partial, "argument '1' of partial Quiet.parse_product"),
        (in_deferred_result, "spider.waiting[*]"),
        (in_future, "spider.waiting[*]"),
        (in_coroutine, "local variable 'page' of in_coroutine.<locals>.linger"),
        (in_failures, "spider.failures[*]"),
        (in_record, "spider.handler"),
        (in_context, "context variable 'pages'[*]"),
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_holder_is_named(build, holder):
    found = explain_built(build)
    assert isinstance(found, Explanation), found
    assert found.holder == holder
    assert found.counts.examined > 20
    assert found.counts.held == found.counts.examined
    assert "its url or id" not in found.fix


@pytest.mark.parametrize(
    ("build", "fix"),
    [
        (in_deferred_result, "take each Deferred out of spider.waiting when it has"),
        (in_future, "make spider.waiting a set: `task.add_done_callback("),
    ],
)
def test_where_a_thing_has_to_go_that_holds_them_that_is_told(build, fix):
    assert fix in explain_built(build).fix


def explain_built(build):
    page = type("PageResponse", (HtmlResponse,), {})
    crawler, scheduler = crawler_with_scheduler()
    pages = [
        page(f"http://shop.example/{number}", body=b"<p>%d</p>" % number * 100)
        for number in range(COUNT)
    ]
    try:
        build(crawler, scheduler, pages)
        del pages
        return explain(page, crawler)
    finally:
        VARIABLE.set(None)
        crawler.spider.__dict__.clear()


def test_a_row_of_objects_that_hold_one_another_is_a_chain():
    found = explain_built(in_linked_list)
    assert "chain" in found.traits or found.holder.startswith("spider.last")


def test_dead_cycles_are_garbage_and_nobody_is_blamed():
    page = type("PageResponse", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    gc.disable()
    try:
        for number in range(COUNT):
            dead = page(f"http://shop.example/{number}")
            dead.request = Request(dead.url, meta={"self": dead})
        del dead
        found = explain(page, crawler)
    finally:
        gc.enable()
    assert isinstance(found, Unexplained)
    assert found.counts.garbage == found.counts.examined > 20
    assert found.reason == "garbage that waits for the collector"


def test_when_none_is_alive_any_more_it_says_so():
    page = type("PageResponse", (HtmlResponse,), {})
    page("http://shop.example/")
    crawler, _ = crawler_with_scheduler()
    assert explain(page, crawler).reason == "none of them is alive any more"


def test_the_price_counts_each_body_and_once_what_they_share():
    shared = b"x" * 1_000_000
    page = type("PageResponse", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    crawler.spider.pages = []
    for number in range(COUNT):
        each = page(f"http://shop.example/{number}", body=b"%d" % number * 10_000)
        each.flags.append(shared)
        crawler.spider.pages.append(each)
    found = explain(page, crawler)
    assert 10_000 < found.price.retained_bytes_each < 30_000
    alone = found.price.retained_bytes_each * COUNT
    assert found.price.retained_bytes_total == pytest.approx(
        alone + len(shared), rel=0.1
    )


def test_a_parsed_tree_is_priced_as_an_estimate():
    page = type("PageResponse", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    crawler.spider.pages = []
    for number in range(COUNT):
        each = page(
            f"http://shop.example/{number}", body=b"<p class=x>%d</p>" % number * 100
        )
        each.css("p")
        crawler.spider.pages.append(each)
    found = explain(page, crawler)
    assert found.price.tree_bytes > 50_000
    assert found.price.retained_bytes_each > found.price.tree_bytes
    assert "Selector" in found.victims


def test_secrets_and_control_characters_stay_inside():
    page = type("PageResponse", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    url = "http://user:pass@shop.example/?token=abc"
    crawler.spider.pages = {f"{url}&n={number}": page(url) for number in range(COUNT)}
    crawler.spider.__dict__["bad\nname"] = crawler.spider.__dict__.pop("pages")
    found = explain(page, crawler)
    shown = repr(found)
    assert "abc" not in shown
    assert "pass@" not in shown
    assert "\n" not in found.holder


def test_the_same_cause_has_the_same_signature_again():
    assert (
        explain_built(in_queue).signature
        == explain_built(in_queue).signature
        != explain_built(in_attribute).signature
    )


def in_bounded_deque(crawler, scheduler, pages):
    crawler.spider.pages = collections.deque(pages, maxlen=1000)


def in_nested_bounded_deque(crawler, scheduler, pages):
    crawler.spider.pages = {"recent": collections.deque(pages, maxlen=1000)}


def in_bounded_cache(crawler, scheduler, pages):
    crawler.spider.cached = functools.lru_cache(maxsize=1000)(lambda page: page)
    for page in pages:
        crawler.spider.cached(page)


def in_unbounded_cache(crawler, scheduler, pages):
    crawler.spider.cached = functools.lru_cache(maxsize=None)(lambda page: page)
    for page in pages:
        crawler.spider.cached(page)


def in_row_below_bounded_deque(crawler, scheduler, pages):
    before = None
    for page in pages:
        page.request = Request(page.url, cb_kwargs={"previous": before})
        before = page
    crawler.spider.recent = collections.deque([before], maxlen=1)


@pytest.mark.parametrize(
    ("keep", "bounded"),
    [
        (in_bounded_deque, True),
        (in_nested_bounded_deque, True),
        (in_bounded_cache, True),
        (in_unbounded_cache, False),
        (in_deque, False),
        (in_row_below_bounded_deque, False),
    ],
)
def test_a_container_with_a_bound_is_told_from_one_without(keep, bounded):
    crawler, scheduler = crawler_with_scheduler()
    pages = [HtmlResponse(f"http://shop.example/{n}") for n in range(COUNT)]
    keep(crawler, scheduler, pages)
    del pages
    found = explain(HtmlResponse, crawler)
    assert isinstance(found, Explanation)
    assert ("bounded" in found.traits) is bounded


class Delayed(HtmlResponse):
    """A class of its own: others live in this process."""


def by_reactor(seconds, function, page):
    from twisted.internet import reactor

    return reactor.callLater(seconds, function, page)


def by_loop(seconds, function, page):
    loop = SimpleNamespace(get_debug=bool, _timer_handle_cancelled=bool)
    return asyncio.TimerHandle(time.monotonic() + seconds, function, (page,), loop)


@pytest.mark.parametrize("later", [by_reactor, by_loop])
def test_what_a_timer_lets_go_of_soon_is_on_its_way(later) -> None:
    crawler, _ = crawler_with_scheduler()
    timers = []

    def look_again(page):
        raise AssertionError

    def wait(seconds):
        return [
            later(seconds, look_again, Delayed(f"http://site.test/{number}"))
            for number in range(10)
        ]

    crawler.spider.timers = timers = wait(100)
    assert explain(Delayed, crawler, soon_s=50).counts.in_flight == 0
    assert explain(Delayed, crawler, soon_s=150).counts.in_flight == len(timers)
    for timer in timers:
        timer.cancel()
    crawler.spider.timers = None


class Carried(HtmlResponse):
    """A class of its own, too."""


class Choosy(type):
    def __hash__(cls):
        raise AssertionError("its class was asked")

    def __eq__(cls, other):
        raise AssertionError("its class was asked")


def test_the_class_of_an_object_on_the_way_is_not_asked_for_its_hash() -> None:
    crawler, _ = crawler_with_scheduler()
    job = Choosy("Job", (), {"__module__": __name__})
    crawler.spider.jobs = []
    for number in range(COUNT):
        each = job()
        each.page = Carried(f"http://site.test/{number}")
        crawler.spider.jobs.append(each)
    found = explain(Carried, crawler)
    assert isinstance(found, Explanation), found
    assert found.holder == "spider.jobs[*].page"
    crawler.spider.jobs.clear()
