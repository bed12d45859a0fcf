"""The records that the stages hand on, each one frozen.

A record holds names, counts and strings, never a live object of the crawl:
keeping one keeps nothing else alive. Times are seconds, sizes bytes. ``None``
where a count belongs means that it is not known, which is not zero.
"""

from __future__ import annotations

from scrapy_leakwatch.records.billed import (
    OWNER_KINDS,
    Bill,
    BillLayers,
    BillOwner,
    BillPath,
    NoBill,
    OwnerKind,
)
from scrapy_leakwatch.records.compared import (
    TURNS,
    Change,
    Comparison,
    OwnerChange,
    Refusal,
    Turn,
)
from scrapy_leakwatch.records.explained import (
    TRAITS,
    Counts,
    Effort,
    Explanation,
    Layers,
    PathStep,
    Price,
    Share,
    Trait,
    Trimmed,
    Unexplained,
    effort_of,
    flat,
)
from scrapy_leakwatch.records.fields import fields_of
from scrapy_leakwatch.records.judged import (
    ALARMS,
    SEVERITY,
    Confidence,
    Fallen,
    Growth,
    Kind,
    Suspicion,
    Verdict,
)
from scrapy_leakwatch.records.observed import (
    REQUESTS,
    RESPONSES,
    Container,
    Floor,
    Held,
    LiveClass,
    Memory,
    Oldest,
    Origin,
    RequestLedger,
    ResponseLedger,
    Sample,
)
from scrapy_leakwatch.records.recorded import (
    SCHEMA,
    Run,
    Series,
    Story,
    Summary,
    Timeline,
    Told,
)
from scrapy_leakwatch.records.resources import (
    ComponentKind,
    Resource,
    ResourceKind,
    Survivors,
)
from scrapy_leakwatch.records.sufficiency import TooLittle

__all__ = [
    "ALARMS",
    "OWNER_KINDS",
    "REQUESTS",
    "RESPONSES",
    "SCHEMA",
    "SEVERITY",
    "TRAITS",
    "TURNS",
    "Bill",
    "BillLayers",
    "BillOwner",
    "BillPath",
    "Change",
    "Comparison",
    "ComponentKind",
    "Confidence",
    "Container",
    "Counts",
    "Effort",
    "Explanation",
    "Fallen",
    "Floor",
    "Growth",
    "Held",
    "Kind",
    "Layers",
    "LiveClass",
    "Memory",
    "NoBill",
    "Oldest",
    "Origin",
    "OwnerChange",
    "OwnerKind",
    "PathStep",
    "Price",
    "Refusal",
    "RequestLedger",
    "Resource",
    "ResourceKind",
    "ResponseLedger",
    "Run",
    "Sample",
    "Series",
    "Share",
    "Story",
    "Summary",
    "Survivors",
    "Suspicion",
    "Timeline",
    "Told",
    "TooLittle",
    "Trait",
    "Trimmed",
    "Turn",
    "Unexplained",
    "Verdict",
    "effort_of",
    "fields_of",
    "flat",
]
