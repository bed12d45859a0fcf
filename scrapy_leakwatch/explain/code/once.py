"""When the functions of a project run."""

AT_END = frozenset(["close_spider", "spider_closed", "closed"])
"""Functions that run when the crawl ends."""
ONCE = AT_END | frozenset(
    [
        "",  # the body of a class or module
        "__init__",
        "__post_init__",
        "from_crawler",
        "open_spider",
        "spider_opened",
        "start_requests",
    ]
)
"""Functions that run at the crawl's start or end: nothing is taken out meanwhile."""
