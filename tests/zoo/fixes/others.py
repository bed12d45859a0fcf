"""The fixes of the rows that stall, log, make classes or leave work to processes."""

from __future__ import annotations

from tests.zoo.fixes.fix import fix

STALLS = (
    fix(
        "never_answered",
        "a time limit",
        "addTimeout|wait_for",
        by=("others.NeverAnswered",),
    ),
    fix(
        "never_stored", "a time limit", "addTimeout|wait_for", by=("others.Forgetful",)
    ),
    fix("keeps_the_lock", "finally", "finally", twin="releases_the_lock"),
    fix(
        "some_never_end",
        "a time limit",
        "addTimeout|wait_for",
        by=("others.SomeNeverEnd",),
    ),
)
RECORDS = (
    fix("buffered_records", "flushed to a target", "flush", twin="flushed_records"),
    fix(
        "kept_records",
        "self.format(record) of the last 200",
        "self.format(record)|str(error)",
        by=("others.Recording",),
    ),
)
CLASSES = (
    fix(
        "class_of_each_page",
        "one class, at the top of its module",
        "make the class once",
        by=("others.ClassOfEachPage",),
    ),
    fix(
        "registered_classes",
        "one class, at the top of its module",
        "make the class once",
        by=("others.RegisteredClasses",),
    ),
    fix(
        "items_of_own_classes",
        "it keeps the URL",
        "url",
        by=("others.ItemsOfOwnClasses",),
    ),
    fix(
        "cached_functions",
        "a method, with the page as argument",
        "a method of the spider",
        by=("others.CachedFunctions",),
    ),
)
WORKERS = (
    fix(
        "pool_grows",
        "its function keeps nothing between two calls",
        "keep nothing",
        by=("others.Extracting",),
    ),
    fix(
        "helper_grows",
        "it is ended and started anew every fifty pages",
        "start it anew",
        by=("others.HelperGrows",),
    ),
)
INSTALLED = (
    fix(
        "lost_files",
        "item_completed() lets go of what each failure refers to",
        "__traceback__",
        twin="mended_files",
    ),
    fix(
        "bad_images",
        "item_completed() lets go of what each failure refers to",
        "__traceback__",
        by=("others.ImagesPipeline",),
    ),
)
FIXES = (*STALLS, *RECORDS, *CLASSES, *WORKERS, *INSTALLED)
UNMENDED = {
    "malloc": "what is told is how to find the C code that keeps it",
}
