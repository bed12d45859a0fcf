"""``scrapy leakwatch doctor``: each check in each state, and the command as a whole."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from scrapy.settings import Settings

from scrapy_leakwatch import doctor
from scrapy_leakwatch.doctor import keeping, looking, outside, watching
from scrapy_leakwatch.doctor.patient import patient
from scrapy_leakwatch.foundation import debugging
from scrapy_leakwatch.foundation.debugging import remote_debugging, tracing
from scrapy_leakwatch.foundation.overcommit import commit_left
from scrapy_leakwatch.records import Layers
from scrapy_leakwatch.records.diagnosed import (
    BillTried,
    ChildrenFound,
    DebuggingFound,
    Examined,
    ExtensionFound,
    ForkTried,
    GuppyFound,
    LimitFound,
    MallocTried,
    MemoryFound,
    PlaceFound,
    PythonFound,
    RemoteControlFound,
    RoomFound,
    ScrapyFound,
    SettingsFound,
    TerminalFound,
    TrackrefFound,
    Unexamined,
    WalkFound,
)
from scrapy_leakwatch.report import doctor as words
from tests.commanding import IMPORTS, SCRAPY
from tests.conftest import EXAMPLE, REACTORLESS, SELECT

if TYPE_CHECKING:
    from pathlib import Path

MB = 1024 * 1024
KEYS = {"name", "level", "found", "cause", "remedy"}
NO_LAYERS = Layers(1, arenas=5_000_000, reason="another malloc is in charge")


@pytest.fixture
def command(tmp_path):
    """Run the command in a process of its own, with a home and temporary files."""

    def command(*argv: str, cwd: Path = EXAMPLE, limits=(), **env: str):
        home, temporary = tmp_path / "home", tmp_path / "temporary"
        for folder in (home, temporary):
            folder.mkdir(exist_ok=True)

        def limit() -> None:
            for name, most in limits:
                resource.setrlimit(name, (most, most))

        return subprocess.run(
            [sys.executable, "-B", "-c", PROJECT if cwd == EXAMPLE else SCRAPY, *argv],
            cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
            preexec_fn=limit,
            env={
                **os.environ, "PYTHONPATH": IMPORTS, "HOME": str(home),
                "TMPDIR": str(temporary), **env,
            },
        )  # fmt: skip

    return command


PROJECT = """
import sys
from scrapy.cmdline import execute
from scrapy.utils.project import get_project_settings
settings = get_project_settings()
settings.set("COMMANDS_MODULE", "scrapy_leakwatch.commands", priority="cmdline")
execute(["scrapy", "leakwatch", *sys.argv[1:]], settings)
"""


def told(ended) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in json.loads(ended.stdout)}


def everything(folder: Path) -> set[tuple[Path, int]]:
    return {(path, path.lstat().st_size) for path in folder.rglob("*")}


def of(**settings) -> object:
    return patient(Settings(settings))


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


# The command as a whole.


def test_it_tells_of_the_example_project_that_it_can_be_watched(command) -> None:
    ended = command("doctor")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    *rows, last = ended.stdout.splitlines()
    assert last.startswith("LeakWatch can watch here")
    shown = [
        row.split("  ")[1:2] for row in rows if row.startswith("  ") and row[2] > " "
    ]
    assert len(shown) == len(doctor.CHECKS)
    assert "  ok       extension         the project's crawls are watched" in rows
    assert "  ok       fork              a child answered in " in ended.stdout
    assert "  ok       memory bill       taken of this process in " in ended.stdout
    assert len(rows) < 50  # a screen


def test_for_programs_it_is_a_list(command) -> None:
    found = json.loads(command("doctor", "--json").stdout)
    assert [each["name"] for each in found] == [check.name for check in doctor.CHECKS]
    assert all(each.keys() == KEYS for each in found)
    assert {each["level"] for each in found} <= {"ok", "limited", "no"}


def test_it_leaves_nothing_behind(command, tmp_path) -> None:
    settings = f"LEAKWATCH_RECORD={tmp_path}/made/later/r.jsonl"
    command("doctor")  # what Python and Scrapy keep for themselves is there by now
    before = everything(tmp_path), everything(EXAMPLE)
    ended = command("doctor", "-s", settings)
    assert f"{tmp_path}/made/later," in ended.stdout.replace("\n" + " " * 29, "")
    assert (everything(tmp_path), everything(EXAMPLE)) == before


@pytest.mark.parametrize(
    ("setting", "name", "text"),
    [
        ("LEAKWATCH_INTREVAL=1", "settings", "did you mean LEAKWATCH_INTERVAL?"),
        ("LEAKWATCH_ON_LEAK=cry", "settings", "must be 'warn' or 'close', not 'cry'"),
        ('ADDONS={"not.There": 1}', "settings", "No module named 'not'"),
        ("TWISTED_REACTOR=not.There", "Scrapy", "No module named 'not'"),
        ('EXTENSIONS={"scrapy_leakwatch.Leak": 1}', "extension", "'Leak'"),
    ],
)
def test_what_keeps_crawls_from_being_watched_ends_with_4(
    command, setting, name, text
) -> None:
    ended = command("doctor", "--json", "-s", setting)
    assert ended.returncode == 4, ended.stderr
    found = told(ended)[name]
    assert found["level"] == "no"
    assert text in found["cause"]
    assert found["remedy"]


def test_outside_a_project_it_works_and_has_the_line_to_add(command, tmp_path) -> None:
    ended = command("doctor", "--json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    found = told(ended)["extension"]
    assert found["level"] == "limited"
    assert 'EXTENSIONS = {"scrapy_leakwatch.LeakWatch": 500}' in found["remedy"]
    assert told(ended)["fork"]["level"] == "ok"


def test_limits_of_the_shell_are_told(command) -> None:
    most = 16_000_000_000
    limits = [(resource.RLIMIT_AS, most), (resource.RLIMIT_DATA, most)]
    found = told(command("doctor", "--json", limits=limits))["memory limit"]
    assert found["level"] == "limited"
    assert (
        "16.00 GB of address space (ulimit -v) and 16.00 GB of data" in found["cause"]
    )


def test_arenas_are_empty_where_malloc_has_all(command) -> None:
    found = told(command("doctor", "--json", PYTHONMALLOC="malloc"))["malloc"]
    assert found["found"].startswith("arenas 0.0 kB, malloc ")
    assert "(PYTHONMALLOC=malloc)" in found["found"]


# What is essential.


def test_this_python_is_told() -> None:
    found = watching.python(of())
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert found.level == ("limited" if found.in_increments or found.debug else "ok")


@pytest.mark.parametrize(
    ("name", "value", "level", "cause"),
    [
        ("refusal", "a free-threaded build", "no", "a free-threaded build"),
        ("in_increments", True, "limited", "no full collections"),
    ],
)
def test_a_python_of_another_kind_is_told(
    monkeypatch, name, value, level, cause
) -> None:
    monkeypatch.setattr(watching.collector, name, lambda: value)
    found = watching.python(of())
    assert found.level == level
    assert cause in words.words(Examined("Python", "watch", found)).cause


def test_a_debug_build_is_told(monkeypatch) -> None:
    monkeypatch.setattr(sys, "gettotalrefcount", lambda: 1, raising=False)
    found = watching.python(of())
    assert (found.level, found.debug) == ("limited", True)


def test_another_implementation_of_python_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(watching.platform, "python_implementation", lambda: "PyPy")
    assert watching.python(of()).level == "no"


def test_a_scrapy_that_is_too_old_is_told(monkeypatch) -> None:
    monkeypatch.setattr(watching.scrapy, "version_info", (2, 11, 2))
    assert watching.scrapy_itself(of()).level == "no"


def test_the_reactor_is_that_of_the_settings() -> None:
    assert watching.scrapy_itself(of(**SELECT)).reactor == "SelectReactor"
    assert watching.scrapy_itself(of(TWISTED_REACTOR=None)).reactor == ""
    found = watching.scrapy_itself(of(**REACTORLESS, **SELECT))
    assert found.reactorless
    assert found.reactor == ""


def test_a_class_for_a_reactor_is_named() -> None:
    from twisted.internet.selectreactor import SelectReactor

    found = watching.scrapy_itself(of(TWISTED_REACTOR=SelectReactor))
    assert found.reactor == "SelectReactor"


def test_the_settings_that_are_set_are_named() -> None:
    found = watching.settings(of(LEAKWATCH_TRIM=True, LEAKWATCH_INTERVAL=3))
    assert found == SettingsFound("ok", ("LEAKWATCH_INTERVAL", "LEAKWATCH_TRIM"))


def test_leakwatch_may_be_switched_off() -> None:
    found = watching.settings(of(LEAKWATCH_ENABLED=False))
    assert (found.level, found.enabled) == ("limited", False)


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"EXTENSIONS": {"scrapy_leakwatch.LeakWatch": 5}}, "ok"),
        ({"ADDONS": {"scrapy_leakwatch.LeakWatchAddon": 5}}, "ok"),
        ({"EXTENSIONS": {"scrapy_leakwatch.LeakWatch": None}}, "limited"),
        ({}, "limited"),
    ],
)
def test_crawls_are_watched_where_an_extension_or_add_on_says_so(
    settings, level
) -> None:
    assert watching.extension(of(**settings)).level == level


def test_an_add_on_changes_no_settings_but_those_examined() -> None:
    settings = Settings({"ADDONS": {"scrapy_leakwatch.LeakWatchAddon": 5}})
    patient(settings)
    assert not settings["EXTENSIONS"]


def test_requests_are_counted_unless_somebody_has_switched_that_off(
    monkeypatch,
) -> None:
    assert watching.live_objects(of()).level == "ok"
    monkeypatch.setattr(watching.live_refs, "alive", list)
    assert watching.live_objects(of()).level == "no"


def test_what_the_kernel_does_not_tell_is_named(monkeypatch) -> None:
    assert watching.memory(of()).missing == ()
    monkeypatch.setattr(watching.process_tree, "is_listed", lambda: False)
    monkeypatch.setattr(watching.resident, "bytes_of", lambda _: 0)
    found = watching.memory(of())
    assert found.level == "limited"
    assert found.missing == (
        "/proc/self/smaps_rollup", "/proc/self/task/*/children",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "hides"),
    [("rw,hidepid=2", True), ("rw,hidepid=invisible", True), ("rw,hidepid=0", False),
     ("rw,hidepid=off", False), ("rw", False)],
)  # fmt: skip
def test_processes_may_be_hidden(tmp_path, options, hides) -> None:
    tree(
        tmp_path, {"mounts": f"sys /sys sysfs rw 0 0\nproc /proc proc {options} 0 0\n"}
    )
    assert watching._hides_processes(tmp_path / "mounts") is hides


def test_the_limit_of_a_container_is_also_that_of_a_group_around_it(tmp_path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/memory.max": f"{900 * MB}\n",
        },
    )
    found = watching.memory_limit(of(), root)
    assert (found.level, found.limit, found.of) == ("ok", 900 * MB, "container")
    found = watching.memory_limit(of(MEMUSAGE_LIMIT_MB=300), root)
    assert (found.limit, found.of) == (300 * MB, "process")
    assert watching.memory_limit(of(), tmp_path / "none").limit is None


def test_a_child_process_is_counted(monkeypatch) -> None:
    found = watching.children(of(LEAKWATCH_CHILDREN=False))
    assert found.bytes > 1_000_000
    assert (found.level, found.wanted) == ("limited", False)
    handlers = {"https": watching.browsers.HANDLER}
    assert watching.children(of(DOWNLOAD_HANDLERS=handlers)).playwright


def test_a_child_process_that_can_not_be_started_is_told(monkeypatch) -> None:
    def refuse(*_, **__):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    found = watching.children(of())
    assert (found.level, found.failed) == ("no", os.strerror(errno.EAGAIN))


# Looking.


def test_a_child_answers() -> None:
    found = looking.fork(of())
    assert (found.level, found.failed) == ("ok", "")
    assert found.took_ms > 0


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EAGAIN, "ulimit -u"),
        (errno.ENOMEM, "vm.overcommit_memory"),
        (errno.EPERM, "seccomp"),
        (errno.ENOSYS, "seccomp"),
    ],
)
def test_a_refused_fork_has_its_remedy(monkeypatch, code, remedy) -> None:
    def refuse():
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fork", refuse)
    found = looking.fork(of())
    assert (found.level, found.errno) == ("no", code)
    said = words.words(Examined("fork", "look", found))
    assert os.strerror(code) in said.cause
    assert remedy in said.remedy
    assert looking.bill(of()).failed == found.failed
    assert looking.malloc(of()).layers.reason == found.failed


def test_a_child_that_does_not_answer_is_told(monkeypatch) -> None:
    from scrapy_leakwatch.explain.border import inside

    monkeypatch.setattr(inside, "serve", lambda *_: os._exit(3))
    found = looking.fork(of())
    assert found.level == "no"
    assert found.failed == "the child ended without an answer"


def test_a_child_that_hangs_is_given_up(monkeypatch) -> None:
    from scrapy_leakwatch.explain.border import inside

    monkeypatch.setattr(inside, "serve", lambda *_: os.read(os.pipe()[0], 1))
    monkeypatch.setattr(looking, "LONGEST_S", 0.05)
    assert looking.fork(of()).level == "no"


def test_a_system_without_fork_is_told(monkeypatch) -> None:
    monkeypatch.delattr(os, "fork")
    found = looking.fork(of())
    assert (found.level, found.exists) == ("no", False)
    assert "Linux" in words.words(Examined("fork", "look", found)).remedy


@pytest.mark.parametrize(
    ("mode", "left"), [("0\n", None), ("1\n", None), ("2\n", 300 * 1024), ("", None)]
)
def test_a_kernel_may_promise_no_more_than_it_has(tmp_path, mode, left) -> None:
    meminfo = "MemAvailable: 9 kB\nCommitLimit: 1000 kB\nCommitted_AS: 700 kB\n"
    root = tree(
        tmp_path, {"proc/sys/vm/overcommit_memory": mode, "proc/meminfo": meminfo}
    )
    assert commit_left(root) == left
    assert looking.room(of(), root).commit_left == left


@pytest.mark.parametrize(("free", "level"), [(200 * MB, "limited"), (900 * MB, "ok")])
def test_little_room_is_told(tmp_path, free, level) -> None:
    root = tree(tmp_path, {"proc/meminfo": f"MemAvailable: {free // 1024} kB\n"})
    found = looking.room(of(), root)
    assert (found.level, found.left) == (level, free)
    assert found.share == looking.graph.SHARE_TO_COPY


def test_a_walk_that_was_not_built_is_told(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(looking.graph, "IN_C", False)
    monkeypatch.setattr(looking.heap, "__path__", [str(tmp_path)])
    monkeypatch.setattr(looking.shutil, "which", lambda _: None)
    found = looking.walk(of())
    assert (found.level, found.built, found.compiler) == ("limited", (), False)
    assert "a C compiler" in words.words(Examined("C walk", "look", found)).remedy
    tree(tmp_path, {"_graph.c": "", "_graph.cpython-399.so": ""})
    found = looking.walk(of())
    assert found.built == ("_graph.cpython-399.so",)
    assert found.built[0] in words.words(Examined("C walk", "look", found)).cause


def test_a_bill_is_taken_whatever_the_settings_want() -> None:
    assert looking.bill(of()).level == "ok"
    for name in ("LEAKWATCH_BILL", "LEAKWATCH_EXPLAIN"):
        found = looking.bill(of(**{name: False}))
        assert (found.level, found.failed, found.wanted) == ("limited", "", False)


def test_a_bill_waits_as_long_as_one_of_a_crawl() -> None:
    found = looking.bill(of(LEAKWATCH_EXPLAIN_TIMEOUT=1e-5))
    assert found.level != "ok"


def test_another_malloc_is_named(monkeypatch, tmp_path) -> None:
    from scrapy_leakwatch.explain.memory import allocators

    monkeypatch.setattr(allocators, "_is_in_charge", lambda: False)
    found = looking.malloc(of())
    assert found.level == "limited"
    assert "another malloc is in charge" in found.layers.reason
    line = "7f0-7f1 r-xp 0 08:01 9 /usr/lib/x86_64-linux-gnu/"
    maps = f"{line}libjemalloc.so.2\n{line}libc.so.6\n{line}libjemalloc.so.2\n1-2 rw\n"
    tree(tmp_path, {"maps": maps})
    assert looking._other_mallocs(tmp_path / "maps") == ("libjemalloc.so.2",)


def test_giving_back_that_is_wanted_and_can_not_be_is_told(monkeypatch) -> None:
    monkeypatch.setattr(looking, "malloc_trim", lambda: None)
    assert looking.malloc(of()).level == "ok"
    assert looking.malloc(of(LEAKWATCH_TRIM=True)).level == "limited"


def test_a_missing_guppy_is_told(monkeypatch) -> None:
    monkeypatch.setattr(looking.profiles, "missing", lambda: "Guppy is not installed")
    assert looking.guppy(of()) == GuppyFound("limited", "Guppy is not installed")


# Keeping.


def test_a_folder_that_is_a_file_can_not_be_written_to(tmp_path) -> None:
    (tmp_path / "file").touch()
    record = str(tmp_path / "file" / "below" / "r.jsonl")
    found = keeping.recording(of(LEAKWATCH_RECORD=record))
    assert (found.level, found.of) == ("no", "LEAKWATCH_RECORD")
    assert found.failed == os.strerror(errno.ENOTDIR)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path) -> None:
    found = keeping.report(of(LEAKWATCH_REPORT=str(tmp_path)))
    assert (found.level, found.failed) == ("no", "a folder")


def test_a_full_disk_is_told(tmp_path, monkeypatch) -> None:
    found = keeping.place(tmp_path / "new")
    assert (found.level, found.folder) == ("ok", str(tmp_path / "new"))
    monkeypatch.setattr(keeping, "LEAST_FREE", found.free * 2)
    assert keeping.place(tmp_path).level == "limited"
    assert not list(tmp_path.iterdir())


def test_without_a_recording_that_of_the_command_run_is_told(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = keeping.recording(of())
    assert (found.folder, found.of) == (str(tmp_path / "leakwatch"), "")


def test_a_missing_folder_for_temporary_files_is_told(monkeypatch) -> None:
    def none():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory")

    monkeypatch.setattr(keeping.tempfile, "gettempdir", none)
    assert keeping.temporary_files(of()).level == "no"


# From outside.


@pytest.fixture
def controlled(monkeypatch, tmp_path):
    """Have a Scrapy with a remote control, whatever the one at hand has."""
    folder = tmp_path / "jobs"
    monkeypatch.setattr(outside, "remote_control_jobs", lambda _: folder)

    def controlled(**settings) -> RemoteControlFound:
        return outside.remote_control(
            of(**{"REMOTE_CONTROL_ENABLED": True, **ASYNCIO, **settings})
        )

    return controlled


ASYNCIO = {"TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor"}
CONTROL = "scrapy.extensions.remote_control.RemoteControl"


def test_a_remote_control_is_told(controlled, tmp_path) -> None:
    found = controlled()
    assert (found.level, found.folder) == ("ok", str(tmp_path / "jobs"))
    assert not (tmp_path / "jobs").exists()
    assert controlled(**REACTORLESS, TWISTED_REACTOR=None).asyncio


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"REMOTE_CONTROL_ENABLED": False}, "REMOTE_CONTROL_ENABLED is off"),
        ({"EXTENSIONS": {CONTROL: None}}, "EXTENSIONS switches it off"),
        (SELECT, "it needs asyncio"),
        ({"TWISTED_REACTOR": None}, "it needs asyncio"),
    ],
)
def test_a_remote_control_that_is_off_is_told(controlled, settings, cause) -> None:
    found = controlled(**settings)
    assert found.level == "no"
    said = words.words(Examined("remote control", "outside", found))
    assert cause in said.cause


def test_a_folder_of_another_user_is_no_place_for_job_files(
    controlled, tmp_path, monkeypatch
) -> None:
    (tmp_path / "jobs").mkdir()
    assert controlled().level == "ok"
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    found = controlled()
    assert (found.level, found.ours) == ("no", False)


def test_a_scrapy_without_a_remote_control_is_told(monkeypatch) -> None:
    monkeypatch.setattr(outside, "remote_control_jobs", lambda _: None)
    found = outside.remote_control(of())
    assert (found.level, found.exists) == ("no", False)


@pytest.mark.parametrize(
    ("scope", "capable", "whom"),
    [
        (None, False, "own"),
        (0, False, "own"),
        (1, False, "children"),
        (1, True, "own"),
        (2, False, "root"),
        (2, True, "own"),
        (3, True, "nobody"),
    ],
)
def test_yama_says_whom_a_process_may_look_into(tmp_path, scope, capable, whom) -> None:
    capabilities = 1 << 19 if capable else (1 << 41) - 1 & ~(1 << 19)
    files = {"proc/self/status": f"Name:\tx\nCapEff:\t{capabilities:016x}\n"}
    if scope is not None:
        files["proc/sys/kernel/yama/ptrace_scope"] = f"{scope}\n"
    assert tracing(tree(tmp_path, files)) == whom


@pytest.mark.parametrize(
    ("enabled", "state"), [(None, "missing"), (True, "on"), (False, "off")]
)
def test_python_may_be_asked_from_outside(monkeypatch, enabled, state) -> None:
    monkeypatch.delattr(sys, "is_remote_debug_enabled", raising=False)
    if enabled is not None:
        name = "is_remote_debug_enabled"
        monkeypatch.setattr(sys, name, lambda: enabled, raising=False)
    assert remote_debugging() == state


@pytest.mark.skipif(sys.version_info < (3, 14), reason="it can't be asked at all")
def test_the_environment_switches_that_off(command) -> None:
    ended = command("doctor", "--json", PYTHON_DISABLE_REMOTE_DEBUG="1")
    assert told(ended)["attach by pid"]["found"] == "switched off"


@pytest.mark.parametrize(
    ("remote", "whom", "level"),
    [
        ("on", "own", "ok"),
        ("on", "children", "limited"),
        ("on", "root", "no"),
        ("off", "own", "no"),
        ("missing", "own", "no"),
    ],
)
def test_a_process_is_attached_to_where_both_allow_it(
    monkeypatch, remote, whom, level
) -> None:
    monkeypatch.setattr(debugging, "remote_debugging", lambda: remote)
    monkeypatch.setattr(debugging, "tracing", lambda: whom)
    asked = []
    execute = lambda pid, script: asked.append(script)  # noqa: E731
    monkeypatch.setattr(sys, "remote_exec", execute, raising=False)
    assert outside.by_pid(of()).level == level
    assert asked == [os.devnull] * (level != "no")


def test_a_process_that_can_not_be_attached_to_after_all_is_told(monkeypatch) -> None:
    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(debugging, "remote_debugging", lambda: "on")
    monkeypatch.setattr(debugging, "tracing", lambda: "own")
    monkeypatch.setattr(sys, "remote_exec", refuse, raising=False)
    found = outside.by_pid(of())
    assert found.level == "no"
    assert os.strerror(errno.EPERM) in found.failed


def test_the_live_view_needs_a_terminal(monkeypatch) -> None:
    assert outside.terminal(of()).level == "limited"
    monkeypatch.setattr(outside, "has_screen", lambda: True)
    monkeypatch.setattr(outside.printing, "in_colour", lambda _: True)
    assert outside.terminal(of()).level == "ok"


# The words.

TROUBLES = [
    ("Python", PythonFound("no", "3.14.1", "PyPy")),
    ("Python", PythonFound("no", "3.14.1", "CPython", refused="free")),
    ("Python", PythonFound("limited", "3.14.1", "CPython", in_increments=True)),
    ("Python", PythonFound("limited", "3.14.9", "CPython", debug=True)),
    ("Scrapy", ScrapyFound("no", "2.11.0", "24.1", "X")),
    ("Scrapy", ScrapyFound("no", "2.19.0", "24.1", "", failed="ImportError")),
    ("settings", SettingsFound("no", (), wrong="LEAKWATCH_X is not a setting")),
    ("settings", SettingsFound("no", (), addon_failed="KeyError: 'a'")),
    ("settings", SettingsFound("limited", (), enabled=False)),
    ("extension", ExtensionFound("limited", in_project=True)),
    ("extension", ExtensionFound("limited", in_project=False)),
    ("live objects", TrackrefFound("no")),
    ("memory", MemoryFound("no", 0)),
    ("memory", MemoryFound("limited", MB, ("/proc/self/status",))),
    ("memory limit", LimitFound("limited", MB, "container", address_space=MB)),
    ("memory limit", LimitFound("limited", None, data=MB)),
    ("child processes", ChildrenFound("no", 0, "", "Cannot allocate memory")),
    ("child processes", ChildrenFound("no", 0, "pss")),
    ("child processes", ChildrenFound("limited", MB, "pss", wanted=False)),
    ("child processes", ChildrenFound("limited", MB, "rss")),
    ("fork", ForkTried("no", failed="no fork", exists=False)),
    ("fork", ForkTried("no", failed="refused", errno=errno.EAGAIN, pids=9)),
    ("fork", ForkTried("no", failed="refused", errno=errno.EAGAIN)),
    ("fork", ForkTried("no", failed="no answer within 30 seconds")),
    ("room for a child", RoomFound("limited", MB, 0.2)),
    ("room for a child", RoomFound("limited", MB, 0.2, commit_left=MB)),
    ("C walk", WalkFound("limited", in_c=False)),
    ("C walk", WalkFound("limited", in_c=False, built=("_graph.so",))),
    ("C walk", WalkFound("limited", False, (), compiler=False, headers=False)),
    ("memory bill", BillTried("no", failed="fork refused")),
    ("memory bill", BillTried("limited", partial=True)),
    ("memory bill", BillTried("limited", wanted=False)),
    ("malloc", MallocTried("limited", NO_LAYERS)),
    ("malloc", MallocTried("limited", NO_LAYERS, ("libjemalloc.so.2",))),
    ("malloc", MallocTried("limited", Layers(1), trims=False, wanted=True)),
    ("Guppy", GuppyFound("limited", "Guppy is not installed")),
    ("recording", PlaceFound("no", "/a", "LEAKWATCH_RECORD", "Permission denied")),
    ("recording", PlaceFound("limited", "/a", "LEAKWATCH_RECORD", free=1)),
    ("report", PlaceFound("no", "/a", failed="Permission denied")),
    ("temporary files", PlaceFound("no", "", failed="No usable directory")),
    ("temporary files", PlaceFound("limited", "/tmp", free=1)),
    ("remote control", RemoteControlFound("no", "2.12.0", exists=False)),
    ("remote control", RemoteControlFound("no", "2.19.0", enabled=False)),
    ("remote control", RemoteControlFound("no", "2.19.0", asyncio=False)),
    ("remote control", RemoteControlFound("no", "2.19.0", failed="Read-only")),
    ("remote control", RemoteControlFound("no", "2.19.0", ours=False)),
    ("attach by pid", DebuggingFound("no", "3.11.0", "missing", "own")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "off", "own")),
    ("attach by pid", DebuggingFound("limited", "3.14.9", "on", "children")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "on", "root")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "on", "own", "PermissionError")),
    ("attach by pid", DebuggingFound("no", "3.14.9", "on", "nobody")),
    ("terminal", TerminalFound("limited", screen=False, colours=False, columns=80)),
    ("terminal", TerminalFound("limited", screen=True, colours=False, columns=40)),
    ("Scrapy", Unexamined("no", "ValueError: no")),
]  # fmt: skip


def test_there_are_words_for_each_check() -> None:
    assert words.WORDS.keys() == {check.name for check in doctor.CHECKS}


@pytest.mark.parametrize(("name", "finding"), TROUBLES)
def test_each_trouble_has_cause_and_remedy(name, finding) -> None:
    said = words.words(Examined(name, "watch", finding))
    assert said.found
    assert said.cause
    assert said.remedy


@pytest.mark.parametrize(("width", "widest"), [(80, 80), (200, 110), (10, 60)])
def test_what_is_said_fits_the_screen(width, widest) -> None:
    found = [Examined(name, "look", finding) for name, finding in TROUBLES]
    for line in words.lines(found, width):
        assert len(line.text) <= widest + 25  # a word may be longer than the room


def test_what_is_foreign_does_not_act() -> None:
    found = Examined("Scrapy", "watch", Unexamined("no", "a\x1b[2Jb\nforged"))
    text = "\n".join(line.text for line in words.lines([found], 100))
    assert "\x1b" not in text
    assert "\nforged" not in text


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        (["ok", "ok"], "LeakWatch can watch here."),
        (["ok", "limited", "no"], "LeakWatch can watch here; 1 limited, 1 missing."),
    ],
)
def test_it_comes_to_one_line(levels, text) -> None:
    found = [Examined("fork", "look", Unexamined(level, "x")) for level in levels]
    assert words.conclusion(found).text == text


def test_without_what_is_essential_nothing_is_watched() -> None:
    found = [Examined("Python", "watch", Unexamined("no", "x"), essential=True)]
    assert words.conclusion(found).text == "LeakWatch can't watch here: Python."


def test_a_check_that_fails_does_not_hide_the_others(monkeypatch) -> None:
    def fail(_):
        raise KeyError("https://user:secret-pw@host/")

    broken = doctor.Check("fork", "look", fail)
    fine = doctor.Check("Guppy", "look", looking.guppy)
    monkeypatch.setattr(doctor, "CHECKS", (broken, fine))
    first, second = doctor.examine(Settings())
    assert first.finding.level == "no"
    assert "KeyError" in first.finding.error
    assert "secret-pw" not in first.finding.error
    assert isinstance(second.finding, GuppyFound)
