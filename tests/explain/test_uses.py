"""What helps by how the project's code uses what grows, and the line that fills it."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest
from asking_helpers import project_of
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.threadpool import ThreadPool

from scrapy_leakwatch.explain.holders import Anchor, root
from scrapy_leakwatch.explain.naming.reference_path import start_at
from scrapy_leakwatch.explain.uses import use_of
from scrapy_leakwatch.explain.uses.queue import use as queue_use

IMPORTS = """
import asyncio, queue, threading, time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from scrapy import Request, Spider
from twisted.enterprise import adbapi
from twisted.internet import defer, reactor
from twisted.internet.task import LoopingCall
from twisted.python.threadpool import ThreadPool
from twisted.internet.threads import deferToThread
"""


@pytest.fixture
def spider(tmp_path, monkeypatch):
    """Return a function that makes the spider of a module with this text."""

    def make(text):
        module = project_of(IMPORTS + textwrap.dedent(text), tmp_path, monkeypatch)
        return module.Shop("shop")

    return make


def use(spider, *names, crawler=None):
    """Return the use of what ``names`` lead to, from the spider on."""
    way = [spider]
    for name in names:
        table = getattr(way[-1], "__dict__", {})
        way += [table, table[name]] if name in table else [getattr(way[-1], name)]
    anchor = Anchor(root.KIND, tuple(way), (), start_at(spider))
    return use_of(anchor, crawler or SimpleNamespace(spider=spider))


DATABASE = """
    class Shop(Spider):
        def __init__(self, name):
            self.dbpool = adbapi.ConnectionPool("sqlite3", ":memory:")

        def parse(self, response):
            {}

        def insert(self, tx, response):
            tx.execute("insert into pages values (?)", response)

        def ignore(self, failure):
            pass
"""


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        (
            "self.dbpool.runInteraction(self.insert, response)",
            "self.dbpool.runInteraction(self.insert, response)",
            "return the Deferred of runInteraction() from parse()",
        ),
        (
            "d = self.dbpool.runInteraction(self.insert, 1); d.addErrback(self.ignore)",
            "d = self.dbpool",
            "return the Deferred of runInteraction() from parse()",
        ),
        (
            "self.dbpool.runQuery('select 1').addErrback(self.ignore)",
            "self.dbpool.runQuery('select 1').addErrback(self.ignore)",
            "return the Deferred of runQuery() from parse()",
        ),
        (
            "return self.dbpool.runOperation('select 1').addErrback(self.ignore)",
            "return self.dbpool.runOperation",
            "though it is awaited: insert many rows at once (executemany)",
        ),
        (
            "d = self.dbpool.runWithConnection(self.insert, response); return d",
            "d = self.dbpool.runWithConnection",
            "though it is awaited",
        ),
        (
            "self.last = self.dbpool.runWithConnection(self.insert, response)",
            "self.last = self.dbpool.runWithConnection",
            "return the Deferred of what is handed to the pool",
        ),
    ],
)
def test_a_database_is_waited_for(spider, body, line, words):
    shop = spider(DATABASE.format(body))
    for number in range(20):
        shop.parse(number)
    found = use(shop, "dbpool", "threadpool", "_team", "_pending")
    assert words in found.fix
    assert found.line.code.startswith(line)
    assert not found.line.likely


POOL = """
    BEGUN, OVER = threading.Event(), threading.Event()
    POOL = ThreadPoolExecutor(1)

    def late(*args):
        BEGUN.set()
        OVER.wait(60)

    class Shop(Spider):
        def __init__(self, name):
            self.pool = POOL

        def start_work(self):
            self.pool.submit(late)
            BEGUN.wait(60)

        def parse(self, response):
            {}

        def work(self, response):
            pass
"""


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        (
            "POOL.submit(self.work, response)",
            "POOL.submit",
            "await asyncio.wrap_future",
        ),
        (
            "self.pool.submit(partial(self.work, 1))",
            "self.pool.submit(p",
            "submit() ret",
        ),
        (
            "self.pool.submit(lambda: self.work(1))",
            "self.pool.submit(lam",
            "in parse()",
        ),
        (
            "self.pool.submit(self.work, 1).add_done_callback(self.start_work)",
            "self.pool.submit(self.work",
            "what submit() returns in parse()",
        ),
        ("self.pool.map(self.work, [1])", "self.pool.map", "take the results of map()"),
        (
            "return self.pool.submit(self.work, response)",
            "return self.pool.submit",
            "though it is awaited: more threads",
        ),
        (
            "self.last = [self.pool.submit(self.work, response)]",
            "self.last = [self.pool.submit",
            "return or await what starts it",
        ),
    ],
)
def test_a_pool_is_waited_for_where_work_is_handed_over(spider, body, line, words):
    shop = spider(POOL.format(body))
    module = sys.modules["shop"]
    shop.start_work()
    try:
        for number in range(20):
            shop.parse(number)
        found = use(shop, "pool", "_work_queue")
    finally:
        module.OVER.set()
        module.POOL.shutdown(cancel_futures=True)
    assert words in found.fix
    assert found.line.code.startswith(line)
    assert not found.line.likely


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("self.pool.submit(self.work, r)", "and wait for later() where that is called"),
        ("return self.pool.submit(self.work, r)", "of what later() returns in parse()"),
    ],
)
def test_who_calls_what_hands_work_over_waits_too(spider, body, words):
    calls = f"self.later(response)\n\n        def later(self, r): {body}"
    shop = spider(POOL.format(calls))
    module = sys.modules["shop"]
    shop.start_work()
    try:
        for number in range(20):
            shop.parse(number)
        found = use(shop, "pool", "_work_queue")
    finally:
        module.OVER.set()
        module.POOL.shutdown(cancel_futures=True)
    assert words in found.fix
    assert "self.pool.submit(self.work, r)" in found.line.code


QUEUE = """
    class Shop(Spider):
        def __init__(self, name):
            self.queue = {made}

        def parse(self, response):
            {put}

        def store(self):
            {get}
"""


@pytest.mark.parametrize(
    ("made", "put", "words"),
    [
        ("asyncio.Queue()", "self.queue.put_nowait(response)", "await put() in an"),
        ("queue.Queue()", "self.queue.put(response)", "await asyncio.to_thread"),
        (
            "queue.PriorityQueue()",
            "self.queue.put(response)",
            "(maxsize=1_000) and put",
        ),
        (
            "queue.SimpleQueue()",
            "self.queue.put(response)",
            "a queue.Queue(maxsize=1_0",
        ),
        (
            "defer.DeferredQueue()",
            "self.queue.put(response)",
            "DeferredSemaphore(1_000)",
        ),
        ("asyncio.Queue()", "reactor.callLater(0, self.queue.put_nowait, 1)", "await"),
    ],
)
def test_a_queue_gets_a_bound(spider, made, put, words):
    text = QUEUE.format(made=made, put=put, get="return self.queue.get()")
    found = use(spider(text), "queue")
    assert words in found.fix
    assert "spider.queue" in found.fix
    assert "clear" not in found.fix
    assert found.line.code == put
    assert not found.line.likely


@pytest.mark.parametrize("put", ["queue.put_nowait", "self.queue.put"])
def test_what_is_put_by_another_name_is_put(spider, put):
    text = QUEUE.format(
        made="asyncio.Queue()",
        put=f"queue = self.queue; {put}(response)",
        get="rows = self.queue; return rows.get()",
    )
    found = use(spider(text), "queue")
    assert "slower than the crawl" in found.fix
    assert f"{put}(response)" in found.line.code


def test_a_consumer_that_was_told_to_end_is_no_news(spider):
    text = QUEUE.format(
        made="asyncio.Queue()", put="self.queue.put(1)", get="return self.queue.get()"
    )
    shop = spider(text)
    shop.loop = LoopingCall(shop.store)
    shop.loop.running = False  # as after stop()
    slot = SimpleNamespace(closing=None)
    crawler = SimpleNamespace(spider=shop, engine=SimpleNamespace(_slot=slot))
    assert "the looping call has stopped" in use(shop, "queue", crawler=crawler).fix
    slot.closing = Deferred()
    assert "slower than the crawl" in use(shop, "queue", crawler=crawler).fix


LIBRARY = """
    import shelf_library
    from shelf_library import count as metric

    class Shop(Spider):
        def parse(self, response):
            {}
"""


@pytest.mark.parametrize(
    "call", ["metric('pages', response)", "shelf_library.count('pages', str(response))"]
)
def test_the_call_that_fills_a_registry_of_a_library_is_told(library, spider, call):
    found = use_in(library, spider(LIBRARY.format(call)))
    assert found.line.code == call
    assert "shelf_library.REGISTRY keeps what count() is given" in found.fix


@pytest.mark.parametrize(
    "call", ["metric('pages', 1)", "shelf_library.Table(response)"]
)
def test_a_call_that_is_always_the_same_fills_no_registry(library, spider, call):
    assert use_in(library, spider(LIBRARY.format(call))) is None


@pytest.fixture
def library(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent / "site-packages")
    monkeypatch.delitem(sys.modules, "shelf_library", raising=False)
    return importlib.import_module("shelf_library")


def use_in(library, shop):
    table = vars(library)
    way = (table, library.REGISTRY)
    anchor = Anchor(root.KIND, way, (), start_at(table))
    return use_of(anchor, SimpleNamespace(spider=shop))


HANDLERS = """
    import logging, logging.handlers

    class Storing(logging.Handler):
        def __init__(self):
            super().__init__()
            self.queue = queue.Queue()

        def emit(self, record):
            self.queue.put(record)

        def store(self):
            self.queue.get().getMessage()

    class Shop(Spider):
        def __init__(self, name):
            self.storing = Storing()
            self.handler = logging.handlers.QueueHandler(queue.Queue())
            logging.getLogger("shop").addHandler(self.handler)
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("storing", "self.queue.put(record)"),
        ("handler", 'logging.getLogger("shop").addHandler(self.handler)'),
    ],
)
def test_a_queue_of_a_handler_of_the_log_gets_texts(spider, name, code):
    shop = spider(HANDLERS)
    handler = getattr(shop, name)
    way = (handler, vars(handler), handler.queue)
    anchor = Anchor(root.KIND, way, (), start_at(handler))
    found = use_of(anchor, SimpleNamespace(spider=shop))
    sys.modules["logging"].getLogger("shop").removeHandler(shop.handler)
    assert "put self.format(record) into" in found.fix
    assert found.line.code == code


def test_a_queue_of_a_librarys_own_is_left_alone(spider):
    shop = spider(QUEUE.format(made="queue.Queue()", put="pass", get="pass"))
    pool = ThreadPool()
    way = (pool, vars(pool), shop.queue)
    anchor = Anchor(root.KIND, way, (), start_at(pool))
    assert queue_use(anchor, SimpleNamespace(spider=shop)) is None


def test_a_queue_that_no_line_takes_from_is_told(spider):
    put = "self.queue.put(response)"
    text = QUEUE.format(made="queue.Queue()", put=put, get="return self.queue.qsize()")
    found = use(spider(text), "queue")
    assert "nothing takes from spider.queue: no line of the project does" in found.fix


def test_the_end_that_is_put_when_the_crawl_closes_is_not_what_grows(spider):
    end = "return self.queue.get()\n\n        def closed(self): self.queue.put(None)"
    found = use(
        spider(QUEUE.format(made="queue.Queue()", put="self.queue.put(1)", get=end)),
        "queue",
    )
    assert found.line.code == "self.queue.put(1)"
    assert not found.line.likely


def test_a_queue_that_is_handed_on_may_have_a_consumer(spider):
    text = QUEUE.format(
        made="queue.Queue()",
        put="self.queue.put(response)",
        get="threading.Thread(target=print, args=(self.queue,))",
    )
    assert "slower than the crawl" in use(spider(text), "queue").fix


@pytest.mark.parametrize("name", ["None", "'writer'"])
def test_a_thread_that_has_ended_takes_nothing(spider, name):
    text = QUEUE.format(
        made="queue.Queue()", put="self.queue.put(1)", get="return self.queue.get()"
    )
    start = "self.thread = threading.Thread(target=self.store, name={})"
    shop = spider(f"{text}\n        def begin(self):\n            {start.format(name)}")
    shop.begin()
    assert "slower than the crawl" in use(shop, "queue").fix
    shop.parse(1)
    shop.thread.start()
    shop.thread.join()
    fix = use(shop, "queue").fix
    assert f"nothing takes from spider.queue: the thread {shop.thread.name} has" in fix


def test_a_task_that_has_ended_takes_nothing(spider):
    text = """
        class Shop(Spider):
            def __init__(self, name):
                self.queue = asyncio.Queue()

            async def parse(self, response):
                await self.queue.put(response)

            async def store(self):
                while True:
                    row = await self.queue.get()
                    row["missing"].strip()
    """
    shop = spider(text)

    async def crawl(row):
        await shop.parse(row)
        shop.tasks = [asyncio.ensure_future(shop.store())]
        await asyncio.sleep(0)
        going_on = use(shop, "queue").fix
        await asyncio.wait(shop.tasks, timeout=0.1)
        fix = use(shop, "queue").fix
        for task in shop.tasks:
            task.cancel()
        await asyncio.gather(*shop.tasks, return_exceptions=True)
        return going_on, fix

    assert all("slower" in fix for fix in asyncio.run(crawl({"missing": ""})))
    _, fix = asyncio.run(crawl({}))
    assert (
        "nothing takes from spider.queue: the task store() has ended by KeyErr" in fix
    )


@pytest.mark.parametrize(
    ("made", "get"),
    [
        ("deque()", "self.queue.popleft()"),
        ("[]", "self.queue.pop(0)"),
        ("[]", "heapq.heappop(self.queue)"),
    ],
)
def test_a_deque_that_is_used_as_a_queue_gets_a_faster_consumer(spider, made, get):
    text = QUEUE.format(made=made, put="self.queue.append(response)", get=get)
    fix = use(spider(text), "queue").fix
    assert "let store() take more at a time from spider.queue" in fix
    assert "clear" not in fix


def test_what_waits_for_a_semaphore_is_waited_for(spider):
    text = """
        class Shop(Spider):
            def __init__(self, name):
                self.limit = defer.DeferredSemaphore(2)

            def parse(self, response):
                self.limit.run(print, response)
    """
    found = use(spider(text), "limit", "waiting")
    assert "return the Deferred of run()" in found.fix
    assert found.line.code == "self.limit.run(print, response)"


KEPT = """
class Shop(Spider):
    def __init__(self, name):
        self.kept = {{}}

    def process_request(self, request):
        self.kept[request.url] = request

    {}

    def closed(self, reason):
        self.kept.clear()
"""


@pytest.mark.parametrize(
    ("taking", "words"),
    [
        (
            "def process_response(self, request): self.kept.pop(request.url, None)",
            "pop() each entry of spider.kept in process_exception(), too: now they go"
            " in process_response() only",
        ),
        (
            "def parse(self, response): self.kept.pop(response.url, None)",
            "in an errback, too: now they go in parse() only",
        ),
        (
            "def parse(self, response):\n"
            "        if response.status == 200:\n"
            "            del self.kept[response.url]",
            "in any case: parse() does so only if `response.status == 200`",
        ),
        (
            "def parse(self, response):\n"
            "        if response.status >= 400: return\n"
            "        del self.kept[response.url]",
            "in any case: parse() does so only if `response.status < 400`",
        ),
        (
            "def get(self, url):\n"
            "        if self.kept[url].age > 60: del self.kept[url]",
            "now they go in get() only, when somebody asks for them",
        ),
        ("def other(self): pass", "now they go in closed() only, when the crawl ends"),
    ],
)
def test_it_is_said_where_else_entries_are_to_be_taken_out(spider, taking, words):
    assert words in use(spider(KEPT.format(taking)), "kept").fix


def test_a_list_that_is_written_when_the_crawl_closes_is_no_oblivion(spider):
    text = """
        class Shop(Spider):
            def __init__(self, name):
                self.rows = []

            def parse(self, response):
                self.rows.append(response.url)

            def closed(self, reason):
                self.rows.clear()
    """
    assert use(spider(text), "rows") is None


@pytest.mark.parametrize(
    "taking",
    [
        "def process_response(self, r): self.kept.pop(r.url)\n"
        "    def process_exception(self, r): self.kept.pop(r.url)",
        "def parse(self, r): self.kept.pop(r.url)\n"
        "    def on_error(self, f): self.kept.pop(f.request.url)",
    ],
)
def test_of_what_is_taken_out_after_errors_too_nothing_is_said(spider, taking):
    assert use(spider(KEPT.format(taking)), "kept") is None


def test_a_cache_that_puts_and_takes_in_one_method_is_left_alone(spider):
    text = """
        class Shop(Spider):
            def __init__(self, name):
                self.kept = {}

            def parse(self, response):
                self.kept[response.url] = response
                if len(self.kept) > 100:
                    self.kept.popitem()
    """
    assert use(spider(text), "kept") is None
