"""The requests of a job that are not done, in one file that survives a kill."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "leakwatch.sqlite"
WAIT_S = 5.0
_PRAGMAS = ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = OFF")
_WAITING = "SELECT id, data FROM requests WHERE queue = ? AND taken = 0 ORDER BY id"
_OLDEST, _NEWEST = f"{_WAITING} LIMIT 1", f"{_WAITING} DESC LIMIT 1"
_ANEW = ("DELETE FROM given", "DELETE FROM written", "DELETE FROM notes")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0, data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting ON requests (queue, id) WHERE taken = 0;
CREATE TABLE IF NOT EXISTS given (
    fingerprint BLOB PRIMARY KEY, times INTEGER NOT NULL DEFAULT 0,
    before INTEGER NOT NULL DEFAULT 0, met INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS written (
    path TEXT PRIMARY KEY, bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value);
"""
# Each page of the file that changes between two commits is written: those are few.


class Store:
    """One SQLite database in the folder of a job; one process writes to it.

    All that is written between two `commit` is kept, or none of it. What a process
    has committed is there after it was killed; a system that goes down may lose it,
    for nothing waits for the disk. Raises `sqlite3.OperationalError` where another
    process has it open, or there is no room; after that nothing is written any more.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / NAME, isolation_level=None, timeout=WAIT_S)
        try:
            for pragma in _PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError:
            self._db.close()
            raise
        self._open = False
        self.failed = ""
        """Why nothing can be written any more: the next process has the last commit."""

    def commit(self) -> None:
        """Keep what was written since the last time."""
        if self._open and not self.failed:
            self._execute("COMMIT")
            self._open = False

    def roll_back(self) -> None:
        """Forget what was written since the last time."""
        if self._open and self._db.in_transaction:  # SQLite may have done so itself
            self._db.execute("ROLLBACK")
        self._open = False

    def close(self) -> None:
        """Keep what was written, and let go of the file."""
        self.commit()
        self._db.close()

    def add(self, queue: str, data: bytes) -> None:
        """Put a request into a queue."""
        self._write("INSERT INTO requests (queue, data) VALUES (?, ?)", queue, data)

    def look(self, queue: str, *, newest: bool) -> tuple[int, bytes] | None:
        """Return the number and the request that is next in a queue."""
        found: tuple[int, bytes] | None = self._db.execute(
            _NEWEST if newest else _OLDEST, (queue,)
        ).fetchone()
        return found

    def take(self, number: int) -> None:
        """Note that a request is in progress."""
        self._write("UPDATE requests SET taken = 1 WHERE id = ?", number)

    def done(self, number: int) -> None:
        """Forget a request, with which the crawl is through."""
        self._write("DELETE FROM requests WHERE id = ?", number)

    def waiting(self, queue: str) -> int:
        """Return how many requests wait in a queue."""
        return self._count("queue = ? AND taken = 0", queue)

    def in_progress(self) -> int:
        """Return how many were taken, and are not done."""
        return self._count("taken = 1")

    def pending(self) -> int:
        """Return how many are not done."""
        return self._count("1")

    def take_all(self) -> Iterator[bytes]:
        """Take all requests out, in the order in which they came."""
        self._write("UPDATE requests SET taken = 1")
        last = self._db.execute("SELECT max(id) FROM requests").fetchone()[0] or 0
        number = 0
        while (
            row := self._db.execute(
                "SELECT id, data FROM requests WHERE id > ? AND id <= ?"
                " ORDER BY id LIMIT 1",
                (number, last),
            ).fetchone()
        ) is not None:
            number = row[0]
            self.done(number)
            yield row[1]

    def begin(self) -> None:
        """Note that a process begins: `start` will give all again."""
        self._write("UPDATE given SET before = times, met = 0")

    def begin_anew(self) -> None:
        """Forget what was given, counted and said: another crawl begins."""
        for statement in _ANEW:
            self._write(statement)

    def meet(self, fingerprint: bytes) -> bool:
        """Tell whether what `start` gives now is new, not of an earlier process."""
        self._write(
            "INSERT INTO given (fingerprint, met) VALUES (?, 1)"
            " ON CONFLICT (fingerprint) DO UPDATE SET met = met + 1",
            fingerprint,
        )
        row = self._db.execute(
            "SELECT met > before FROM given WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        return bool(row[0])

    def give(self, fingerprint: bytes) -> None:
        """Note that what `start` gave has gone into the crawl."""
        self._write(
            "UPDATE given SET times = times + 1 WHERE fingerprint = ?", fingerprint
        )

    def wrote(self, path: str, size: int) -> None:
        """Note up to which byte a file belongs to what is done."""
        self._write("INSERT OR REPLACE INTO written VALUES (?, ?)", path, size)

    def forget(self, path: str) -> None:
        """Note that a file is complete."""
        self._write("DELETE FROM written WHERE path = ?", path)

    def written(self) -> dict[str, int]:
        """Return the files that belong to the job, and up to which byte."""
        return dict(self._db.execute("SELECT path, bytes FROM written"))

    def note(self, name: str, value: Any) -> None:
        """Keep a text, a number or bytes under a name."""
        self._write("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, value)

    def noted(self, name: str, default: Any = None) -> Any:
        """Return what was kept under a name."""
        row = self._db.execute(
            "SELECT value FROM notes WHERE name = ?", (name,)
        ).fetchone()
        return default if row is None else row[0]

    def _count(self, condition: str, *values: Any) -> int:
        found: int = self._db.execute(
            f"SELECT count(*) FROM requests WHERE {condition}",  # noqa: S608, ours
            values,
        ).fetchone()[0]
        return found

    def _write(self, statement: str, *values: Any) -> None:
        if self.failed:
            return
        if not self._open:
            self._execute("BEGIN")
            self._open = True
        self._execute(statement, values)

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            self.failed = str(error)
            raise
