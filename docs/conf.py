"""The documentation as pages: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import scrapy_leakwatch

project = "scrapy-leakwatch"
author = "the scrapy-leakwatch developers"
project_copyright = f"2026, {author}"
version = release = scrapy_leakwatch.__version__

extensions = ["sphinx_scrapy", "from_code", "linked_files"]
exclude_patterns = ["_build"]
# Their inventories would have to be fetched: a build needs no network.
scrapy_intersphinx_disable = ["python", "scrapy"]
default_role = "literal"  # as docstrings are written here
autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "sphinx_rtd_theme"
html_title = f"scrapy-leakwatch {release}"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]
llm_friendly_llms_txt_summary = (
    "A Scrapy extension that watches a running crawl for memory leaks: what piles up,"
    " who holds it, which line put it there, and how to mend it."
)
