"""The pipeline with a session of SQLAlchemy, mended."""

from __future__ import annotations

from tests.zoo.animals import sessions


class Adding(sessions.Adding):
    every = 20
