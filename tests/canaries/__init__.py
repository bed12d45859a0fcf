"""What LeakWatch reads of others that nobody promised, each with what would be lost.

``tests/test_canaries.py`` looks at each on the Python and the libraries at hand, and
that none is read which is not here. Names of classes are not here: it finds them in the
source.
"""

from __future__ import annotations

from tests.canaries.asyncio_parts import ASYNCIO
from tests.canaries.cpython import CPYTHON
from tests.canaries.crawls import IN_CRAWL, START
from tests.canaries.kernel import KERNEL
from tests.canaries.libraries import LIBRARIES
from tests.canaries.part import Part, release
from tests.canaries.python_parts import PYTHON
from tests.canaries.scrapy_parts import SCRAPY
from tests.canaries.twisted_parts import TWISTED

__all__ = ["ALL", "IN_CRAWL", "KERNEL", "START", "Part", "release"]

ALL = (*TWISTED, *SCRAPY, *ASYNCIO, *PYTHON, *CPYTHON, *LIBRARIES)
