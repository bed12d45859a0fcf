"""What is read of the kernel."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading

import psutil

from scrapy_leakwatch.explain.memory import allocators, resident
from scrapy_leakwatch.foundation import cgroups, traces
from scrapy_leakwatch.heap import memory
from scrapy_leakwatch.observe import children, process_tree
from tests.canaries.part import MB, Part


def is_child_listed() -> bool:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as child:
        mine = (process_tree.children_of(os.getpid(), each) for each in _threads())
        listed = any(child.pid in found for found in mine)
        child.kill()
    return listed or not process_tree.is_listed()


def _threads() -> list[int]:
    return process_tree.threads_of(os.getpid())


def is_descriptor_listed() -> bool:
    with open(os.devnull) as file:
        return str(file.fileno()) in os.listdir("/proc/self/fd")


def is_start_time() -> bool:
    ticks = traces._started(os.getpid(), traces.ROOT) / os.sysconf("SC_CLK_TCK")
    return abs(psutil.boot_time() + ticks - psutil.Process().create_time()) < 5


def is_weighed() -> bool:
    before = resident.known_here()["files"]
    return bool(before) and MB < resident.bytes_of("Private_Dirty") < 10**11


KERNEL = [
    Part(
        "Linux: /proc/PID/task/TID/children",
        "",
        "observe/process_tree.py",
        "child processes would not be counted",
        is_child_listed,
    ),
    Part(
        "Linux: /proc/PID/task",
        "",
        "observe/process_tree.py",
        "child processes would not be counted",
        lambda: threading.get_native_id() in _threads(),
    ),
    Part(
        "Linux: /proc/PID/smaps_rollup has Pss",
        "",
        "observe/children.py",
        "what child processes share would count for each",
        lambda: MB < (children._pss(os.getpid()) or 0) < 10**11,
    ),
    Part(
        "Linux: /proc/PID/statm",
        "",
        "observe/children.py explain/memory/allocators.py",
        "child processes would weigh something else",
        lambda: allocators._writable() > MB,
    ),
    Part(
        "Linux: /proc/self/status has RssFile, and smaps_rollup Private_Dirty",
        "",
        "explain/memory/resident.py explain/border/inside.py",
        "growth outside Python would not be told",
        is_weighed,
    ),
    Part(
        "Linux: /proc/PID/stat has when a process began",
        "",
        "foundation/traces.py",
        "another process would be taken for a crawl that still runs",
        is_start_time,
    ),
    Part(
        "Linux: /proc/sys/kernel/random/boot_id",
        "",
        "foundation/traces.py",
        "what ended a crawl would not be known",
        lambda: len(traces.own().boot) == 36,
    ),
    Part(
        "Linux: /proc/self/maps",
        "",
        "heap/memory.py",
        "a file that is mapped would be told as memory",
        lambda: memory.Mappings().is_of_a_file(
            ctypes.cast(ctypes.pythonapi.Py_IncRef, ctypes.c_void_p).value
        ),
    ),
    Part(
        "Linux: /proc/self/cgroup",
        "",
        "foundation/cgroups.py",
        "the limit of a container would not be known",
        lambda: all(
            "::" in line or line.count(":") == 2
            for line in cgroups.read(cgroups.Path("/proc/self/cgroup")).splitlines()
        ),
    ),
    Part(
        "Linux: /proc/self/fd",
        "",
        "observe/resource_counts.py"
        " observe/resources/descriptors.py explain/border/inside.py",
        "descriptors would not be counted",
        is_descriptor_listed,
    ),
]
