"""Who holds the suspects, which line put them there, the price and the fix.

The crawl forks; the child works on a frozen copy of the heap and the crawl
goes on:

1. `sample` picks some thirty suspects of all ages from the weak tables.
2. `holders` walks backwards from them with `gc.get_referrers`, level by level,
   until `roots` it can name: spider, components, scheduler, modules.
3. `anchors` finds on the way the edge that each suspect hangs on, and
   `findings` counts how many hang on the same one.
4. `words`, `blame` and `source` name it and find its line, `cost` prices it,
   `advice` says what to change.

Nothing there runs a line of the crawl's code: `anatomy` reads objects at the C
level. `waiting` prices the requests that wait, and `serialising` finds what keeps
them from the disk. `hoards` explains a container that grows: `contents` says what
is in it, `remedies` what bounds it. `child` and `inside` are the two sides of the
process border, `direct` the bounded look for systems without `fork`.

`layers` asks another question, which layer the memory is in: `allocators` reads
Python's and the C library's, `large` adds up the objects of the latter,
`headroom` says whether that can be afforded.
"""

from __future__ import annotations

from scrapy_leakwatch.explain.answers.live_requests import look
from scrapy_leakwatch.explain.asking import (
    Asked,
    bill_in_child,
    explain_hoard_in_child,
    explain_in_child,
    explain_queue_in_child,
    layers_in_child,
    profile_in_child,
)
from scrapy_leakwatch.explain.records import (
    BillRequest,
    Explanation,
    HeapProfile,
    HoardQuestion,
    Layers,
    MemoryQuestion,
    PathStep,
    Question,
    Share,
    Unexplained,
    WaitingQuestion,
)

__all__ = [
    "Asked",
    "BillRequest",
    "Explanation",
    "HeapProfile",
    "HoardQuestion",
    "Layers",
    "MemoryQuestion",
    "PathStep",
    "Question",
    "Share",
    "Unexplained",
    "WaitingQuestion",
    "bill_in_child",
    "explain_hoard_in_child",
    "explain_in_child",
    "explain_queue_in_child",
    "layers_in_child",
    "look",
    "profile_in_child",
]
