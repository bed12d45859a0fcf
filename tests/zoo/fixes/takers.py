"""The fixes of the rows that give nothing back, at the end or on the way."""

from __future__ import annotations

from typing import Any

from tests.zoo.fixes.fix import Fix, fix


def _taker(cls: str, applied: str, *words: str, **more: Any) -> Fix:
    name = "".join(f"_{each.lower()}" if each.isupper() else each for each in cls)[1:]
    return fix(name, applied, *words, **{"by": (f"takers.{cls}",), **more})


AT_CLOSE = (
    _taker("TakesLoopingCall", "self.loop.stop()", "self.loop.stop()"),
    _taker("TakesDelayedCall", "it is kept and cancelled", "cancel() it"),
    _taker("TakesPort", "self.port.stopListening()", "self.port.stopListening()"),
    _taker("TakesTask", "self.task.cancel()", "self.task.cancel()"),
    _taker("TakesTimer", "it is kept and cancelled", "cancel() it"),
    _taker("TakesServer", "self.server.close()", "self.server.close()"),
    _taker("TakesThread", "an Event ends it, and it is joined", "join() it"),
    _taker("TakesHelper", "an Event ends it, and it is joined", "join() it"),
    _taker("TakesChild", "self.child.terminate() and wait()", "self.child.terminate()"),
    _taker("TakesFile", "self.file.close()", "self.file.close()"),
    _taker("TakesSocket", "self.socket.close()", "self.socket.close()"),
    _taker("TakesDatabase", "self.database.close()", "self.database.close()"),
    _taker("TakesDirectory", "shutil.rmtree()", "shutil.rmtree(self.folder)"),
    _taker("TakesReceiver", "it is disconnected with weak=False", "with weak=False"),
    _taker("TakesHandler", "removeHandler() and close()", "removeHandler() it"),
)


def _each(cls: str, applied: str, *words: str, **more: Any) -> Fix:
    return _taker(cls, applied, *words, **{"by": (f"taken.{cls}",), **more})


OF_EACH_PAGE = (
    _each(
        "ThreadOfEachPage", "one for all, joined", "for the whole crawl", "join() it"
    ),
    _each("ExecutorOfEachPage", "one pool for all", "for the whole crawl"),
    _each("FileOfEachPage", "with open(...)", "with open(", "close() it"),
    _each("SocketOfEachPage", "closed when its page is done", "close()"),
    _each("TimerOfEachPage", "cancelled when its page is done", "cancel()"),
    _each("TaskOfEachPage", "cancelled when its page is done", "cancel()"),
    _each("SessionOfEachPage", "async with", "async with"),
    _each("SessionsByUrl", "one session for all", "make one ClientSession"),
    fix(
        "aiohttp_socket_of_each_page",
        "closed when its page is done",
        "close()",
        by=("taken.SocketOfEachPage",),
    ),
    fix(
        "httpx2_socket_of_each_page",
        "closed when its page is done",
        "close()",
        by=("taken.SocketOfEachPage",),
    ),
    fix(
        "httpx2_proxy_for_each_page",
        "20 proxies in turn",
        "take turns",
        twin="httpx2_few_proxies",
    ),
    fix("pages_left_open", "page.close()", "page.close()", twin="pages_closed"),
    fix(
        "contexts_left_open",
        "page.context.close()",
        "page.context.close()",
        twin="contexts_closed",
    ),
    _each("PagesRunOut", "page.close()", "page.close()"),
)
FIXES = (*AT_CLOSE, *OF_EACH_PAGE)
