"""What may happen to the child, and that none of it harms the parent."""

import errno
import fcntl
import json
import logging
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
from asking_helpers import PATIENCE_S, assert_reaped, result_of

from scrapy_leakwatch.explain.border import child, inside
from scrapy_leakwatch.explain.border.child import Answer, Failure


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def hang():
    time.sleep(60)


def answer_without_end():
    return {"text": "x" * 3_000_000}


def run_out_of_memory():
    raise MemoryError


def run_too_deep():
    return run_too_deep()


def leave():
    sys.exit(3)


def interrupt():
    raise KeyboardInterrupt


def leave_hard():
    os._exit(3)


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (kill_itself, "the child was killed by SIGKILL"),
        (hang, "no answer within 0.5 seconds"),
        (answer_without_end, "the answer is larger than 1,000,000 bytes"),
        (run_out_of_memory, "no memory left for the child"),
        (run_too_deep, "RecursionError at test_border.py"),
        (leave, "SystemExit at test_border.py"),
        (interrupt, "KeyboardInterrupt at test_border.py"),
        (leave_hard, "the child ended without an answer"),
    ],
)
def test_a_child_that_fails_becomes_a_reason_and_no_zombie(work, reason):
    open_before = psutil.Process().num_fds()
    started = child.start(work, 0.5 if work is hang else PATIENCE_S)
    found = result_of(started)
    assert isinstance(found, Failure)
    assert found.reason.startswith(reason)
    assert psutil.Process().num_fds() == open_before
    assert_reaped(started.pid)


def test_an_answer_comes_back_with_its_cost():
    started = child.start(lambda: {"n": 1}, PATIENCE_S)
    found = result_of(started)
    assert isinstance(found, Answer)
    assert found.fields["n"] == 1
    assert found.fields["child_memory_bytes"] > 0
    assert found.fields["analysis_ms"] > 0
    assert found.stall_ms > 0
    assert_reaped(started.pid)


def test_polling_never_waits_for_the_child():
    started = child.start(hang, 60)
    assert started.poll() is None
    started.stop()
    assert_reaped(started.pid)


@pytest.mark.parametrize("size", [10, 500_000])
def test_an_answer_that_waited_while_the_crawl_stood_still_is_taken(size):
    """The larger one does not fit into the pipe: the child waits to be read."""
    started = child.start(lambda: {"text": "x" * size}, 0.3)
    select.select([started._pipe], [], [], 30)
    time.sleep(0.6)
    found = result_of(started)
    assert isinstance(found, Answer)
    assert len(found.fields["text"]) == size
    assert_reaped(started.pid)


def test_a_child_that_hangs_while_the_crawl_stands_still_ends_itself(monkeypatch):
    monkeypatch.setattr(inside, "_GRACE_S", 0)
    started = child.start(hang, 0.2)
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
    assert result_of(started) == Failure(
        "no answer within 0.2 seconds", started.stall_ms
    )


def test_stopping_kills_and_reaps():
    started = child.start(hang, 60)
    assert started.stop().reason == "stopped"
    assert_reaped(started.pid)
    assert started.poll() == started.stop()


@pytest.mark.parametrize("code", [errno.ENOMEM, errno.EAGAIN])
def test_a_refused_fork_is_a_reason_and_leaks_no_descriptor(monkeypatch, code):
    def refuse():
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fork", refuse)
    before = os.listdir("/proc/self/fd")
    found = child.start(hang, 1)
    assert found == Failure(f"fork refused: {os.strerror(code)}")
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


def test_without_fork_there_is_a_reason(monkeypatch):
    monkeypatch.delattr(os, "fork")
    assert child.start(hang, 1) == Failure("this system has no fork")


def test_a_child_reaped_by_somebody_else_still_answers():
    started = child.start(lambda: {"n": 1}, PATIENCE_S)
    os.waitpid(started.pid, 0)
    assert isinstance(result_of(started), Answer)


def test_the_child_keeps_only_its_pipe_and_the_null_device():
    ours, theirs = socket.socketpair()
    high = fcntl.fcntl(ours, fcntl.F_DUPFD, 60)
    with ours, theirs, os.fdopen(high):
        started = child.start(
            lambda: {
                "open": [os.readlink(f"/proc/self/fd/{n}") for n in range(90) if _is(n)]
            },
            PATIENCE_S,
        )
        found = result_of(started)
    places = found.fields["open"]
    assert {place for place in places if not place.startswith("pipe:")} == {"/dev/null"}
    assert sum(place.startswith("pipe:") for place in places) == 1


def _is(descriptor):
    return os.path.lexists(f"/proc/self/fd/{descriptor}")


def test_a_peer_sees_the_end_of_a_socket_closed_while_the_child_works():
    ours, theirs = socket.socketpair()
    started = child.start(hang, 60)
    ours.close()
    theirs.settimeout(PATIENCE_S)
    assert theirs.recv(1) == b""
    theirs.close()
    started.stop()


def test_ctrl_c_does_not_disturb_the_child():
    started = child.start(lambda: time.sleep(0.5) or {"n": 1}, PATIENCE_S)
    time.sleep(0.2)
    os.kill(started.pid, signal.SIGINT)
    assert isinstance(result_of(started), Answer)


def test_sigterm_ends_the_child_without_the_handlers_of_the_crawl():
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    ours.setblocking(False)
    previous = signal.signal(signal.SIGTERM, lambda *_: None)
    wakeup = signal.set_wakeup_fd(theirs.fileno())
    try:
        started = child.start(hang, 60)
        time.sleep(0.2)
        os.kill(started.pid, signal.SIGTERM)
        assert result_of(started).reason == "the child was killed by SIGTERM"
        with pytest.raises(BlockingIOError):
            ours.recv(1)
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGTERM, previous)
        ours.close()
        theirs.close()


def test_locks_that_threads_hold_at_the_fork_do_not_stop_the_child():
    release = threading.Event()
    held = threading.Event()

    def hold():
        with logging.getLogger().handlers[0].lock:
            held.set()
            release.wait()

    handler = logging.StreamHandler()
    logging.getLogger().handlers.insert(0, handler)
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert isinstance(result_of(child.start(lambda: {"n": 1}, PATIENCE_S)), Answer)
    finally:
        release.set()
        thread.join()
        logging.getLogger().removeHandler(handler)


def test_the_child_prints_nothing_and_flushes_nothing(tmp_path):
    script = textwrap.dedent(
        """
        import os, sys, time
        from scrapy_leakwatch.explain.border import child, inside

        class Loud:
            def __del__(self):
                raise ValueError("loud")

        def work():
            print("from the child")
            os.write(2, b"from the child")
            Loud()
            return {}

        sys.stdout.write("once ")
        started = child.start(work, 60)
        while started.poll() is None:
            time.sleep(0.01)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    assert (done.stdout, done.stderr) == ("once ", "")


def test_a_child_without_memory_says_so():
    script = textwrap.dedent(
        """
        import json, resource, time
        from dataclasses import asdict
        from scrapy_leakwatch.explain.border import child, inside

        def work():
            return {"kept": [bytearray(1_000_000) for _ in range(10_000)]}

        used = int(open("/proc/self/statm").read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (used + 50_000_000,) * 2)
        started = child.start(work, 20)
        while (found := started.poll()) is None:
            time.sleep(0.01)
        print(json.dumps(asdict(found)))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    assert json.loads(done.stdout)["reason"] == "no memory left for the child"


def test_the_child_leaves_no_core_file():
    limits = result_of(
        child.start(lambda: {"core": resource.getrlimit(resource.RLIMIT_CORE)}, 5)
    )
    assert limits.fields["core"] == [0, 0]


def _environment():
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": str(root)}
