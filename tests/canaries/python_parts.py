"""What is read of other modules of Python's."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import multiprocessing.process
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import UserDict
from concurrent.futures import Future, ThreadPoolExecutor
from http.cookiejar import CookieJar
from typing import Any

from twisted.python.threadpool import ThreadPool

from scrapy_leakwatch.explain.containers import pools
from scrapy_leakwatch.explain.waits import wakers
from scrapy_leakwatch.heap.roots import Outside, stack_of
from tests.canaries.part import (
    Part,
    makes,
)


def idle_pools() -> bool:
    """Tell whether the threads of pools that wait for work are known to be idle."""
    of_twisted = ThreadPool(1, 1)
    of_twisted.start()
    before = set(threading.enumerate())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        of_twisted.callInThread(int)
        for _ in range(1000):
            idle = [*(set(threading.enumerate()) - before), *of_twisted.threads]
            known = sys._current_frames()
            frames = tuple((each.name, stack_of(known[each.ident])) for each in idle)
            if len(idle) > 1 and not wakers.busy_threads(Outside(frames=frames)):
                break
            time.sleep(0.01)
        else:
            idle = []
    of_twisted.stop()
    return bool(idle)


def worker_of_pool() -> Any:
    """Return a thread of an executor whose target and arguments are as they were."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        (thread,) = pool._threads
        known = thread._target.__name__ == "_worker"
        return known and any(type(each) is queue.SimpleQueue for each in thread._args)


def in_simple_queue() -> bool:
    waiting: Any = queue.SimpleQueue()
    for number in range(3):
        waiting.put((number, "work"))
    return bool(pools._entries((waiting,)))


def without_target() -> bool:
    thread = threading.Thread(target=int)
    before = "_target" in vars(thread)
    thread.start()
    thread.join()
    return before and "_target" not in vars(thread)


def temporary() -> Any:
    with tempfile.TemporaryDirectory() as _, tempfile.TemporaryDirectory() as folder:
        kept = tempfile.TemporaryDirectory(dir=folder)
        kept.cleanup()
        return kept


def handler_of_file() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        handler = logging.FileHandler(os.path.join(folder, "log"))
        handler.close()
        return handler


PYTHON = [
    Part(
        "concurrent.futures.thread",
        "_threads_queues _worker _WorkItem",
        "internals/loops.py heap/roots/pools.py explain/containers/pools.py"
        " observe/resources/kinds/thread.py judge/bills.py",
        "work that waits for threads would not be counted",
        lambda: importlib.import_module("concurrent.futures.thread"),
    ),
    Part(
        "concurrent.futures: the target and the arguments of its threads",
        "",
        "observe/resources/kinds/thread.py",
        "the threads of one executor would be told one by one",
        worker_of_pool,
    ),
    Part(
        "concurrent.futures and twisted._threads: where their idle threads are",
        "",
        "explain/waits/wakers.py",
        "with an idle pool a stalled crawl would not be told",
        idle_pools,
    ),
    Part(
        "concurrent.futures: what _queue.SimpleQueue shows to the collector",
        "",
        "explain/containers/pools.py",
        "the function that waits for a thread would not be named",
        in_simple_queue,
    ),
    Part(
        "weakref.WeakKeyDictionary",
        "data",
        "internals/loops.py heap/roots/pools.py explain/naming/edges.py"
        " observe/live_refs.py",
        "the oldest instance would not be found, nor the work for threads",
        weakref.WeakKeyDictionary,
    ),
    Part(
        "weakref.WeakValueDictionary",
        "data",
        "explain/naming/edges.py",
        "a path would go by a private name",
        weakref.WeakValueDictionary,
    ),
    Part(
        "collections.UserDict",
        "data",
        "explain/naming/edges.py",
        "a path would go by a private name",
        UserDict,
    ),
    Part(
        "concurrent.futures.Future",
        "_state",
        "explain/things/work.py",
        "of futures that are kept it would not be told that they have ended",
        Future,
    ),
    Part(
        "http.cookiejar.CookieJar",
        "_cookies",
        "internals/tables.py",
        "cookies that pile up would be told without what helps",
        CookieJar,
    ),
    Part(
        "threading.Thread",
        "_target _args _kwargs",
        "observe/resources/kinds/thread.py explain/uses/consumers.py",
        "threads that still run would have no name, or be taken for ended",
        threading.Thread,
    ),
    Part(
        "threading.Thread: one that has ended has let go of its target",
        "",
        "explain/uses/consumers.py",
        "a queue from which a thread took that has ended would be said to be slow",
        without_target,
    ),
    Part(
        "threading.current_thread()",
        "_name _ident",
        "observe/resources/kinds/thread.py explain/asking.py explain/uses/consumers.py",
        "threads, and what they have, would have no name",
        threading.current_thread,
    ),
    Part(
        "threading.Timer",
        "function args kwargs",
        "observe/resources/kinds/thread.py",
        "timers of threading would have no name",
        lambda: threading.Timer(1, int),
    ),
    Part(
        "multiprocessing.process",
        "_children",
        "observe/resources/kinds/child_process.py",
        "processes of multiprocessing that stay would not be told",
        lambda: multiprocessing.process,
    ),
    Part(
        "multiprocessing.process.BaseProcess",
        "_popen _target",
        "observe/resources/kinds/child_process.py",
        "processes of multiprocessing that stay would not be told",
        multiprocessing.Process,
    ),
    Part(
        "subprocess",
        "_active",
        "observe/resources/kinds/child_process.py",
        "processes that nobody keeps would not be told",
        lambda: subprocess,
    ),
    Part(
        "subprocess.Popen",
        "pid args returncode",
        "observe/resources/kinds/child_process.py",
        "processes that stay would not be told",
        lambda: makes(subprocess.Popen),
    ),
    Part(
        "tempfile.TemporaryDirectory",
        "_finalizer name",
        "observe/resources/kinds/temporary_directory.py",
        "temporary directories that stay would not be told",
        temporary,
    ),
    Part(
        "logging.FileHandler",
        "baseFilename",
        "observe/resources/kinds/logging_handler.py",
        "a handler of the log would be told without its file",
        handler_of_file,
    ),
    Part(
        "logging.root",
        "handlers manager",
        "heap/roots/log_handlers.py observe/resources/kinds/logging_handler.py",
        "what handlers of the log keep would be held by nobody that is known",
        lambda: logging.root,
    ),
    Part(
        "logging.Manager",
        "loggerDict",
        "heap/roots/log_handlers.py observe/resources/kinds/logging_handler.py",
        "what handlers of the log keep would be held by nobody that is known",
        lambda: logging.root.manager,
    ),
    Part(
        "logging.LogRecord",
        "pathname lineno",
        "explain/answers/findings.py explain/code/blame.py",
        "the line that logged what is kept would not be told",
        lambda: logging.makeLogRecord({}),
    ),
]
