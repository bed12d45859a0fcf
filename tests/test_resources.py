"""Whose a resource is, and where it was taken."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import multiprocessing
import os
import pkgutil
import signal
import sys
import textwrap
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from scrapy.settings import Settings
from scrapy.utils import log as scrapys_log

from scrapy_leakwatch.foundation import lines
from scrapy_leakwatch.judge.kinds import unreleased
from scrapy_leakwatch.observe import resources
from scrapy_leakwatch.observe.resources import kinds
from scrapy_leakwatch.observe.resources.attribution import Attribution, resource
from scrapy_leakwatch.observe.resources.calls import Sources
from scrapy_leakwatch.observe.resources.kinds import (
    KINDS,
    Live,
    LiveKind,
    asyncio_timer,
    child_process,
    connection,
    delayed_call,
    logging_handler,
    thread,
)
from scrapy_leakwatch.observe.resources.naming import locals_of
from scrapy_leakwatch.observe.resources.owners import Owner
from scrapy_leakwatch.observe.resources.reach import Reach
from scrapy_leakwatch.records import Taken

OLD = 1_000_000_000


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes and imports a module of a project."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        file = tmp_path / "shop_parts.py"
        file.write_text(textwrap.dedent(text))
        os.utime(file, (OLD, OLD))
        spec = importlib.util.spec_from_file_location("shop_parts", file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "shop_parts", module)
        spec.loader.exec_module(module)
        lines.forget()
        return module

    yield write
    lines.forget()


RECORDS = {kind.record.name: kind.record for kind in KINDS}


def alive(*parts) -> list[Live]:
    """Return what the process has, and what hangs on ``parts``."""
    reach = Reach(tuple(Owner("extension", part) for part in parts))
    return [live for kind in KINDS for live in kind.find(reach)]


def claimed(live, *parts, before=False, rivals=()):
    """Return the record of a resource by whoever of ``parts`` has it."""
    owners = tuple(Owner("extension", part) for part in parts)
    attribution = Attribution(owners, Reach(owners), Sources(), rivals)
    claim = attribution.claim(live, before=before)
    return claim and resource(live, claim)


def files_of(part) -> list[Live]:
    return [live for live in alive(part) if live.kind.record.name == "open file"]


def opened_by(part) -> Live:
    (live,) = files_of(part)
    return live


def test_an_attribute_filled_by_an_open_is_the_components(project) -> None:
    part = project(
        """
        class Part:
            def start(self):
                file = open("a.txt", "w")
                self.file = file
        """
    ).Part()
    part.start()
    found = claimed(opened_by(part), part)
    assert found.kind.name == "open file"
    assert (found.what, found.attribute) == ("a.txt", "file")
    assert (found.location, found.method) == ("shop_parts.py:4", "Part.start")
    assert found.sure
    assert not found.likely
    part.file.close()
    assert not files_of(part)


def test_a_file_that_somebody_else_opened_is_not_the_components(project) -> None:
    module = project(
        """
        class Part:
            def start(self, file):
                self.file = file
                with open("b.txt", "w") as other:
                    other.write("b")

        def share():
            return open("c.txt", "w")
        """
    )
    part = module.Part()
    with module.share() as shared:
        part.start(shared)
        assert claimed(opened_by(part), part) is None


def test_of_two_lines_that_fill_an_attribute_one_is_likely(project) -> None:
    part = project(
        """
        class Part:
            def start(self):
                self.file = open("a.txt", "w")

            def restart(self):
                self.file = open("b.txt", "w")
        """
    ).Part()
    part.start()
    found = claimed(opened_by(part), part)
    assert (found.location, found.likely) == ("shop_parts.py:4", True)
    part.file.close()


SHARED = """
    import threading

    class Reporter:
        def start(self, event):
            self.thread = threading.Thread(target=event.wait)
            self.thread.start()

    REPORTER = Reporter()

    class Part:
        def start(self, event):
            self.reporter = {reporter}
            self.reporter.start(event)
    """


@pytest.mark.parametrize(
    ("reporter", "owner"), [("REPORTER", None), ("Reporter()", "extension Part")]
)
def test_a_helper_is_the_components_if_it_made_it(project, reporter, owner) -> None:
    part = project(SHARED.format(reporter=reporter)).Part()
    event = threading.Event()
    part.start(event)
    try:
        threads = thread.KIND.find(Reach())
        (live,) = [each for each in threads if each.thing is part.reporter.thread]
        claim = claimed(live, part)
        assert (claim and claim.owner) == owner
        assert claim is None or (claim.nested, claim.has) == (True, "Reporter")
    finally:
        event.set()
        part.reporter.thread.join()


FUNCTION = """
    def refresh():
        pass

    class Part:
        def start(self, later):
            later.call_later(5, refresh)

    class Other:
        def work(self):
            pass
    """


def test_a_function_counts_only_where_no_other_crawl_may_have_called_it(
    project,
) -> None:
    module = project(FUNCTION)
    part = module.Part()
    live = timer(module.refresh)
    found = claimed(live, part, module.Other())
    assert (found.owner, found.location) == ("extension Part", "shop_parts.py:7")
    assert not found.sure
    assert claimed(live, part, before=True) is None
    assert claimed(live, part, rivals=(module.Part,)) is None


def timer(function) -> Live:
    name = function.__name__
    return Live(asyncio_timer.KIND, object(), name, (function,), frozenset({name}))


def test_a_method_of_another_instance_is_another_crawls(project) -> None:
    module = project(FUNCTION)
    ours, theirs = module.Other(), module.Other()
    mine = Live(delayed_call.KIND, object(), "work", (ours.work,))
    assert claimed(mine, ours).owner == "extension Other"
    assert claimed(mine, theirs) is None


SIBLINGS = """
    class Base:
        def opened(self, later):
            later.call_later(5, self.beat)

        def beat(self):
            pass

    class Ours(Base):
        pass

    class Theirs(Base):
        pass
    """


def test_what_a_common_base_took_for_another_crawl_is_not_ours(project) -> None:
    module = project(SIBLINGS)
    ours, theirs = module.Ours(), module.Theirs()
    beat = timer(theirs.beat)
    assert claimed(beat, theirs).owner == "extension Theirs"
    assert claimed(beat, ours) is None


def test_what_a_common_base_names_may_be_of_either_crawl(project) -> None:
    module = project(SIBLINGS)
    beat = timer(module.Base.beat)
    assert claimed(beat, module.Ours()).owner == "extension Ours"
    assert claimed(beat, module.Ours(), rivals=(module.Theirs, module.Base)) is None


def test_no_code_of_what_hangs_on_a_component_runs(project) -> None:
    module = project(
        """
        class Meta(type):
            def fail(cls, *args):
                raise SystemExit

            __eq__ = __hash__ = __instancecheck__ = fail

        class Hostile(metaclass=Meta):
            __hash__ = None

            def fail(self, *args):
                raise SystemExit

            __eq__ = __bool__ = __len__ = __iter__ = __repr__ = __call__ = fail
            __class__ = property(fail)
            __getattribute__ = fail

        class Part(metaclass=Meta):
            def start(self, hostile):
                self.hostile = [hostile, {"key": hostile}]
        """
    )
    part = module.Part()
    part.start(module.Hostile())
    live = Live(delayed_call.KIND, object(), "x", (part.hostile[0],))
    assert claimed(live, part) is None
    assert not files_of(part)


async def waits(part, given):
    await asyncio.sleep(0)
    del given

    def closure():
        return part

    await asyncio.sleep(0)
    closure()


def test_the_locals_of_a_task_are_seen_and_not_kept() -> None:
    part = SimpleNamespace()
    given = type("Given", (), {})()
    gone = weakref.ref(given)
    coroutine = waits(part, given)
    coroutine.send(None)
    assert any(each is given for each in locals_of(coroutine))
    assert any(each is part for each in locals_of(coroutine))
    del given
    assert gone() is not None
    coroutine.send(None)
    assert gone() is None
    coroutine.close()


@pytest.fixture
def crawls_handler(tmp_path, monkeypatch):
    """The handler that Scrapy makes for LOG_FILE as a crawl begins."""
    monkeypatch.setattr(scrapys_log, "_scrapy_root_handler", None)
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    settings = Settings({"LOG_FILE": str(tmp_path / "crawl.log")})
    scrapys_log.install_scrapy_root_handler(settings)
    handler = scrapys_log.get_scrapy_root_handler()
    yield handler
    logging.root.removeHandler(handler)
    handler.close()


def test_the_handler_of_the_crawls_log_is_nobodys(crawls_handler) -> None:
    assert crawls_handler in logging.root.handlers
    handlers = logging_handler.KIND.find(Reach())
    assert all(live.thing is not crawls_handler for live in handlers)


def test_a_process_that_was_terminated_or_has_ended_does_not_run() -> None:
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=time.sleep, args=(60,))
    child.start()
    assert child in children()
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # nobody joined it
    assert child not in children()
    child.join()
    child.close()


def children() -> list:
    return [live.thing for live in child_process.KIND.find(Reach())]


def test_each_file_of_a_kind_is_in_the_list_and_says_how_to_call_it() -> None:
    names = [info.name for info in pkgutil.iter_modules(kinds.__path__)]
    files = [importlib.import_module(f"{kinds.__name__}.{name}") for name in names]
    written = [
        value
        for file in files
        for value in vars(file).values()
        if type(value) is LiveKind
    ]
    assert [id(kind) for kind in written if kind not in KINDS] == []
    assert len(written) == len(KINDS)
    assert all(kind.taken_by for kind in KINDS)
    assert all(kind.record.release.format("self.it") for kind in KINDS)


def searched(parts, before=None) -> resources.Search:
    owners = tuple(Owner("extension", part) for part in parts)
    earlier = before or resources.Before({}, frozenset())
    crawler = SimpleNamespace(engine=None, spider=None)
    return resources.Search(crawler, owners, earlier)


@pytest.fixture
def worker(project):
    """Return a module whose part starts threads of a library's function."""
    return project(
        """
        import threading

        ENDED = threading.Event()

        class Part:
            def work(self, number):
                self.thread = threading.Thread(target=ENDED.wait, args=(9,))
                self.thread.start()

            def poll(self):
                ENDED.wait(9)

            def watch(self):
                threading.Thread(target=self.poll).start()
        """
    )


def test_threads_are_all_counted_where_only_the_last_is_kept(
    worker, monkeypatch
) -> None:
    monkeypatch.setattr(resources, "open_crawlers", tuple)
    before = resources.before()
    part = worker.Part()
    for number in range(29):
        part.work(number)
    left = [
        each for each in searched([part], before).left() if each.kind.name == "Thread"
    ]
    worker.ENDED.set()
    assert len(left) == 29
    assert [each.attribute for each in left].count("thread") == 1
    ((verdict, _),) = unreleased.verdicts(left, "shop")
    assert verdict.count == 29


def test_a_look_in_the_crawl_asks_of_some_whose_they_are(worker, monkeypatch) -> None:
    monkeypatch.setattr(resources, "open_crawlers", tuple)
    before = resources.before()
    part = worker.Part()
    for _ in range(80):
        part.watch()
    seen = searched([part], before).taken("threads")
    worker.ENDED.set()
    assert (seen.alive, seen.pooled) == (80, 0)
    assert seen.looked_at <= resources.MOST_CLAIMED
    assert len(seen.owned) == seen.looked_at
    assert {each.location for each in seen.owned} == {"shop_parts.py:15"}


def test_what_has_ended_since_does_not_hide_what_has_its_place() -> None:
    part, other = {1}, {2}
    live = Live(KINDS[0], part, "a thing")
    there, gone = weakref.ref(part), weakref.ref(other)
    del other
    assert resources.Before({id(part): there}, frozenset()).has(live)
    assert resources.Before({id(part): None}, frozenset()).has(live)
    assert not resources.Before({id(part): gone}, frozenset()).has(live)


def test_the_threads_of_a_few_pools_are_pooled_and_of_many_they_are_not(
    monkeypatch,
) -> None:
    monkeypatch.setattr(resources, "open_crawlers", tuple)
    before = resources.before()
    pools = [ThreadPoolExecutor(1) for _ in range(3)]
    for pool in pools:
        pool.submit(int)
    assert searched([], before).taken("threads") == Taken(0, 3, 0, ())
    pools += [ThreadPoolExecutor(1) for _ in range(resources.MOST_POOLS)]
    for pool in pools[3:]:
        pool.submit(int)
    seen = searched([], before).taken("threads")
    assert seen == Taken(len(pools), 0, 0, ())
    for pool in pools:
        pool.shutdown()


def test_a_large_list_of_files_is_looked_into(project) -> None:
    part = project(
        """
        class Part:
            def start(self):
                self.files, self.rows = [], list(range(1000))
                for _ in range(300):
                    self.files.append(open("/dev/null"))
        """
    ).Part()
    part.start()
    assert len(files_of(part)) == 300
    for file in part.files:
        file.close()


def test_the_event_loop_is_nobodys_also_where_a_part_leads_to_it() -> None:
    loop = asyncio.new_event_loop()
    part = SimpleNamespace(helper=SimpleNamespace(loop=loop))
    kinds_of = {live.kind.record.name for live in alive(part)}
    assert "socket" not in kinds_of
    loop.close()


def test_what_scrapy_keeps_open_for_the_next_request_is_pooled() -> None:
    from twisted.web._newclient import HTTP11ClientProtocol

    pooled = HTTP11ClientProtocol()
    wrapper = SimpleNamespace(wrappedProtocol=SimpleNamespace(_wrappedProtocol=pooled))
    assert connection._pool((object(), pooled)) is HTTP11ClientProtocol
    assert connection._pool((object(), wrapper)) is HTTP11ClientProtocol
    assert connection._pool((object(), SimpleNamespace())) is None


def test_what_is_bound_to_another_instance_is_not_counted_along(
    worker, monkeypatch
) -> None:
    monkeypatch.setattr(resources, "open_crawlers", tuple)
    before = resources.before()
    part, other = worker.Part(), worker.Part()
    part.watch()
    other.watch()
    left = searched([part], before).left()
    worker.ENDED.set()
    assert len([each for each in left if each.kind.name == "Thread"]) == 1
