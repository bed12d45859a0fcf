"""What the tests of the checks share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scrapy.settings import Settings

from scrapy_leakwatch.doctor.patient import patient

if TYPE_CHECKING:
    from pathlib import Path

MB = 1024 * 1024


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
