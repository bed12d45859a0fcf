"""Who holds the suspects, which line put them there, the price and the fix.

The crawl forks; the child walks its frozen copy of the heap once (`heap`), and the
crawl goes on. Each question is a query on that graph, in `answers`:

1. `suspects`: all instances of a class, sorted into clusters by how they are held. Of
   each cluster some paths are read off the parents (`naming.reference_path`), the
   nearest place that a person could cut is found on them (`holders`), and `findings`
   counts how many hang on the same one.
2. `hoard`: a container that grows; `queue`: the requests that wait; `resources`: what
   is taken and not given back; `guppy`: Guppy's profile of the heap.
3. `stalled`: what callbacks that do not end wait for, along the chains of `waits`.
4. `bills`: where every byte is, by owner and place, and the kinds of place in
   `accumulations`.

`naming` puts objects and references into words, `code` finds the line, and each kind of
holder, place or thing (`things`) says what helps; `uses` says it where that follows
from what the code does with them. Nothing there runs a line of the crawl's code.

`memory` asks another question, which layer the memory is in. `border` has the two sides
of the process border, `asking` makes records of what comes back, and
`answers.live_requests` is the bounded look for systems without `fork`.
"""

from __future__ import annotations

from scrapy_leakwatch.explain.answers.guppy import missing as guppy_missing
from scrapy_leakwatch.explain.answers.live_requests import look
from scrapy_leakwatch.explain.asking import (
    Asked,
    bill_in_child,
    explain_hoard_in_child,
    explain_in_child,
    explain_queue_in_child,
    explain_resources_in_child,
    explain_stall_in_child,
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
    ResourceQuestion,
    Share,
    StallQuestion,
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
    "ResourceQuestion",
    "Share",
    "StallQuestion",
    "Unexplained",
    "WaitingQuestion",
    "bill_in_child",
    "explain_hoard_in_child",
    "explain_in_child",
    "explain_queue_in_child",
    "explain_resources_in_child",
    "explain_stall_in_child",
    "guppy_missing",
    "layers_in_child",
    "look",
    "profile_in_child",
]
