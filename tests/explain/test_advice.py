"""The fix is made of the reader's own names."""

import pytest

from scrapy_leakwatch.explain.holders import cache, function, request, root, timer
from scrapy_leakwatch.explain.holders.finding import AT_EXIT, Finding

BASE = {"owner": "spider", "origin": "project", "held": "HtmlResponse"}
IN_META = {
    **BASE,
    "kind": request.KIND,
    "holder": "Request.meta['k']",
    "names": ("meta", "k"),
}


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (
            Finding(**IN_META, callback="parse_product"),
            "pass what parse_product needs (such as response.url) in cb_kwargs, "
            "not the response",
        ),
        (
            Finding(**IN_META, callback="parse", chain=True),
            'pass what parse needs (such as cb_kwargs={"k_url": response.url}), not '
            "the response in meta['k']; each response keeps the one before it alive",
        ),
        (
            Finding(**{**IN_META, "held": "Selector"}, callback="parse"),
            'pass what parse needs (such as cb_kwargs={"k": selector.get()}), '
            "not the selector in meta['k']",
        ),
        (
            Finding(**BASE, kind=root.KIND, holder="spider.pages[*]"),
            "keep response.url in spider.pages, not the response, "
            "and remove it there when its work is done",
        ),
        (
            Finding(**BASE, kind=root.KIND, holder="spider.last"),
            "keep response.url in spider.last, not the response, "
            "or set it to None when its work is done",
        ),
        (
            Finding(
                **BASE, kind=root.KIND, holder="spider.tasks[*]", thing="take them out"
            ),
            "take them out",
        ),
        (
            Finding(
                **{**BASE, "origin": "library", "owner": "item pipeline Images"},
                thing="take them out",
                kind=root.KIND,
                holder="Images.cache[*]",
            ),
            "item pipeline Images is not your code: switch it off if it is not "
            "needed, bound or clear Images.cache, or give it response.url instead of "
            "the response",
        ),
        (
            Finding(
                **BASE,
                kind=cache.KIND,
                holder="lru_cache of Shop.title",
                function="Shop.title",
            ),
            "give Shop.title a maxsize, and let its arguments and its result be texts "
            "(such as response.url), not the response: the cache keeps both",
        ),
        (
            Finding(
                **BASE,
                kind=timer.KIND,
                holder="argument '1' of timer Shop.check",
                function="Shop.check",
            ),
            "give the timer of Shop.check what it needs (such as response.url), not "
            "the response, and cancel() it when its page is done, or have one "
            "LoopingCall for all",
        ),
        (
            Finding(
                **{**BASE, "start": "receivers"},
                kind=function.KIND,
                holder="closure variable 'page' of Shop.parse.<locals>.closed",
                variable="page",
                function="Shop.parse.<locals>.closed",
            ),
            "connect a method of the spider once, not closed for each page: its 'page' "
            "keeps the response",
        ),
        *(
            (
                Finding(
                    **{**BASE, "start": "atexit"},
                    kind=kind,
                    holder="atexit[*].page",
                    function="Shop.parse.<locals>.goodbye",
                ),
                AT_EXIT,
            )
            for kind in (root.KIND, function.KIND)
        ),
    ],
)
def test_the_fix_names_what_to_change(finding, sentence):
    assert finding.kind.fix(finding) == sentence
