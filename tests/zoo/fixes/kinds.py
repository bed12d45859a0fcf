"""The fixes of the rows that hoard, and that have something else to say."""

from __future__ import annotations

from tests.zoo.fixes.fix import fix

LINKS = "requests wait on disk"

FIXES = (
    fix("seen_urls", "they are in sqlite3", "sqlite3", by=("kinds.Dedup",)),
    fix("texts_by_url", "pop() past 200", "pop(", by=("kinds.TextsByUrl",)),
    fix(
        "prices_of_all",
        "written out and cleared every thousand",
        "clear()",
        by=("kinds.PricesOfAll",),
    ),
    fix(
        "titles_of_the_class",
        "written out and cleared every thousand",
        "clear()",
        by=("kinds.TitlesOfTheClass",),
    ),
    fix("offers_by_url", "pop(), and yield", "pop()", by=("kinds.OffersByUrl",)),
    fix("offers_by_shelf", "each is an item", "yield", by=("kinds.OffersByShelf",)),
    fix(
        "too_many_links",
        "JOBDIR, and the queue that is named",
        "JOBDIR",
        settings={
            "JOBDIR": "job",
            "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
        },
        fields={"reaches": (("requests.queued_disk", 500),)},
    ),
    fix(
        "not_on_disk",
        "plain values in meta",
        "plain values",
        by=("kinds.NotOnDisk",),
        fields={"reaches": (("requests.queued_disk", 500),)},
    ),
    fix(
        "holes",
        "PYTHONMALLOC=malloc, and LEAKWATCH_TRIM",
        "PYTHONMALLOC=malloc",
        settings={"LEAKWATCH_TRIM": True},
        fields={
            "environment": {"PYTHONMALLOC": "malloc"},
            "truth": "recovered",  # it is given back when it is told
            "also": frozenset({"fragmentation"}),
        },
    ),
    fix("gc_off", "gc.collect() now and then", "gc.collect()", by=("kinds.GcOff",)),
)
