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
BACKLOGS = (
    fix(
        "whole_sitemaps",
        "sitemap_filter() leaves most out",
        "sitemap_filter",
        twin="filtered_sitemaps",
    ),
    fix("rows_followed", "each row is an item", "item", twin="rows_yielded"),
    fix("wide_rules", "deny= leaves one link", "deny", twin="narrow_rules"),
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
THINGS = (
    fix(
        "tasks_in_a_set",
        "a callback of each takes it out",
        "add_done_callback(spider.tasks.discard)",
        twin="tasks_that_leave",
    ),
    fix(
        "elements_kept",
        "their texts, and of the latest pages only",
        "lxml.html.tostring(element)",
        twin="texts_of_elements",
    ),
    fix(
        "images_kept",
        "their sizes, of the latest pages only",
        "keep in spider.images only what",
        twin="sizes_of_images",
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
FIXES = (*STALLS, *BACKLOGS, *RECORDS, *CLASSES, *THINGS, *WORKERS, *INSTALLED)
UNMENDED = {
    "malloc": "what is told is how to find the C code that keeps it",
}
