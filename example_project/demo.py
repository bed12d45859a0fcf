"""Serves the shop on a free port, crawls it once, and closes it again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    spider = sys.argv[1] if len(sys.argv) > 1 else "somenasty"
    site = [sys.executable, "-m", "shop.site", "--port", "0"]
    with subprocess.Popen(site, cwd=HERE, stdout=subprocess.PIPE, text=True) as shop:
        try:
            url = shop.stdout.readline().strip()
            return subprocess.call(
                [sys.executable, "-m", "scrapy", "crawl", spider],
                cwd=HERE,
                env=os.environ | {"SHOP_URL": url},
            )
        finally:
            shop.terminate()


if __name__ == "__main__":
    sys.exit(main())
