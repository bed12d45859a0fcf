"""A process of Python that waits, for what is tried on another one."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAITING = "import os; os.write(1, b'.'); os.read(0, 1)"


@contextmanager
def other_process() -> Iterator[int]:
    """Have such a process, a child of this one, and yield its id; end it afterwards.

    Raises `OSError` where none can be started.
    """
    with subprocess.Popen(  # noqa: S603, our own Python
        [sys.executable, "-S", "-E", "-c", _WAITING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        try:
            cast("IO[bytes]", child.stdout).read(1)  # it runs Python by now
            yield child.pid
        finally:
            child.kill()
