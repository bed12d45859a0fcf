"""The fixes of the rows that leak pages."""

from __future__ import annotations

from typing import Any

from tests.zoo.fixes.fix import Fix, fix

_WAITS = frozenset({"backlog", "recovered"})
"""The requests still wait, and may be told to: there is only less in them."""
_URL = "response.url is kept, as long as it takes"


def _of_shop(cls: str, applied: str, *words: str, **more: Any) -> Fix:
    """Return the fix of a row of the shop, whose spider has a mended one."""
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return fix(name, applied, *words, by=(f"shop.{cls}",), **more)


def _waiting(cls: str, applied: str, *words: str) -> Fix:
    return _of_shop(cls, applied, *words, fields={"also": _WAITS})


def _of_component(name: str, cls: str) -> Fix:
    return fix(name, _URL, "keep response.url", by=(f"shop.{cls}",))


SHOP = (
    _waiting("Meta", "response.url in cb_kwargs", "response.url) in cb_kwargs"),
    _waiting(
        "CbKwargs", "referer_url in cb_kwargs", 'cb_kwargs={"referer_url": response.url'
    ),
    _waiting("Nested", "response.url in cb_kwargs", "response.url) in cb_kwargs"),
    _waiting("Lambda", "a method, and cb_kwargs", "a method of the spider"),
    _waiting("NestedFunction", "a method, and cb_kwargs", "a method of the spider"),
    _waiting("Partial", "cb_kwargs", "itself as callback"),
    _waiting("BoundMethod", "a method, and cb_kwargs", "use a method of the spider"),
    _of_shop("AttributeList", _URL, "keep response.url"),
    _of_shop("AttributeDict", _URL, "keep response.url"),
    _of_shop("AttributeSet", _URL, "keep response.url"),
    _of_shop("AttributeDeque", _URL, "keep response.url"),
    _of_shop("AttributeDefaultdict", _URL, "keep response.url"),
    _of_shop("AttributeObjects", _URL, "keep response.url"),
    _of_shop("ClassAttribute", _URL, "keep response.url"),
    _of_shop("ModuleGlobal", _URL, "keep response.url"),
    _of_component("pipeline", "KeepingPipeline"),
    _of_component("spider_middleware", "KeepingSpiderMiddleware"),
    _of_component("downloader_middleware", "KeepingDownloaderMiddleware"),
    _of_component("extension", "KeepingExtension"),
    _of_shop("LruCache", "a maxsize, and texts are kept", "a maxsize"),
    _of_shop("CacheFunction", "a maxsize, and texts are kept", "a maxsize"),
    _of_shop(
        "SelectorRow",
        "selector.get() is kept, as long as it takes",
        "keep selector.get()",
    ),
    _waiting("SelectorMeta", "selector.get() in cb_kwargs", "selector.get()}"),
    _waiting("Loader", "load_item() in cb_kwargs", "loader.load_item()}"),
    _of_shop("StoredFailure", "it keeps str(error)", "keep str(error)"),
    _of_shop("StoredException", "it keeps str(error)", "keep str(error)"),
    _of_shop("SuspendedGenerator", "it ends", "let SuspendedGenerator.walk end"),
    _of_shop("AsyncGenerator", "it ends", "let AsyncGenerator.walk end"),
    _of_shop("WaitingTask", "it ends", "let WaitingTask.linger end"),
    _of_shop("DeferredCallback", "it is fired, and has the URL", "fire or cancel"),
    _of_shop("CallLater", "it has the URL, and is cancelled", "cancel() it"),
    _of_shop("LoopCallLater", "it has the URL, and is cancelled", "cancel() it"),
    _of_shop(
        "SignalReceiver", "a method is connected, once", "method of the spider once"
    ),
    _of_shop("LoggingHandler", "it is flushed, and logs the URL", "log response.url"),
    _of_shop("WeakKeys", "response.url is the value", "as the value in"),
    _of_shop("Chain", "previous_url in cb_kwargs", '"previous_url": response.url'),
    _of_shop("Library", "it is given the URL", "or give it response.url"),
    _of_shop("TwoHolders", _URL, "keep response.url"),
)


def _more(cls: str, applied: str = _URL, *words: str, **more: Any) -> Fix:
    """Return the fix of a further spider that keeps pages."""
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    words = words or ("keep response.url",)
    return fix(name, applied, *words, **{"by": (f"leaks.{cls}",), **more})


MORE = (
    _more("OneInFour"),
    _more("Late"),
    _more(
        "BesideABacklog",
        "response.url in cb_kwargs",
        "response.url) in cb_kwargs",
        fields={"also": _WAITS},
    ),
    _more(
        "KeptItems",
        "each item is written to a file",
        "write each Product out",
        by=("leaks.KeepingAll",),
    ),
    _more(
        "KeptRequests", "request.url is kept, as long as it takes", "keep request.url"
    ),
    _more("AmongTheDead", fields={"also": frozenset({"garbage", "recovered"})}),
    _more("GcIsOff"),
    _more("BesideACache"),
    _more("AfterAnotherCrawl"),
    _more("DownloadedInline"),
    _more("TrackedClass", _URL, "such as its url"),
    _more("KeptByThreads"),
    _more("SlowLeak"),
    fix("aiohttp_kept_pages", _URL, "keep response.url", by=("leaks.KeptPages",)),
    fix("httpx2_kept_pages", _URL, "keep response.url", by=("leaks.KeptPages",)),
)
FIXES = (*SHOP, *MORE)
