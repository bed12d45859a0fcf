"""Scrapy's other commands, with the extension on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import EXAMPLE, TIMEOUT


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["shell", "{shop}/product.php?pid=7", "-c", "response.status"], "200"),
        (
            ["parse", "{shop}/catalogue.php?page=99", "--spider=healthy", "-c=parse"],
            "# Requests ",
        ),
        (["check", "healthy"], "OK"),
        (
            ["bench", "-s", "CLOSESPIDER_TIMEOUT=2"],
            "Spider closed (",
        ),
    ],
    ids=["shell", "parse", "check", "bench"],
)
def test_a_command_works_as_without_leakwatch(shop, tmp_path, command, said) -> None:
    command = [part.format(shop=shop) for part in command]
    record = f"LEAKWATCH_RECORD={tmp_path}/%(name)s.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *command, "-s", record],
        cwd=EXAMPLE,
        env=os.environ | {"SHOP_URL": shop},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, log
    assert said in log
    assert "[scrapy_leakwatch] ERROR" not in log
    assert "[scrapy_leakwatch] WARNING" not in log
    if command[0] != "bench":  # whose own spider fails on the oldest Scrapy
        assert "Traceback" not in log
    if command[0] != "check":  # which opens no spider
        assert list(tmp_path.glob("*.jsonl"))
