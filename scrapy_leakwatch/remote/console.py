"""What LeakWatch adds to Scrapy's telnet console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from scrapy_leakwatch.explain import guppy_missing
from scrapy_leakwatch.foundation import free_list

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from scrapy_leakwatch.remote.on_demand import Text


class Watching(Protocol):
    """What the console can ask."""

    def status(self) -> str:
        """Return what is alive, who owns it and the verdicts."""

    def answer(self) -> str:
        """Return what leaks and what to do about it, as JSON for programs."""

    def ask(self, question: Literal["why", "heap"], name: Any) -> Deferred[Text]:
        """Return who holds the instances of a class, or Guppy's heap."""

    def ask_bill(self) -> Deferred[Text]:
        """Return who has the memory."""


class Console:
    """The ``leakwatch`` of the telnet console."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def status(self) -> None:
        """Print the live references, the ledger, the memory and the verdicts."""
        print(self._watching.status())

    def answer(self) -> None:
        """Print what leaks, who holds it, the line and the fix, as JSON."""
        print(self._watching.answer())

    def why(self, name: str = "HtmlResponse") -> Deferred[Text]:
        """Show who holds the instances of a class, as soon as that is known."""
        return self._watching.ask("why", name)

    def bill(self) -> Deferred[Text]:
        """Show who has the memory, counted by a child; the crawl goes on."""
        return self._watching.ask_bill()

    def heap(self, name: str | None = None) -> Deferred[Text]:
        """Show Guppy's heap by type, or what refers to a class, made by a child."""
        return self._watching.ask("heap", name)

    def __repr__(self) -> str:
        return (
            "leakwatch.status()             what is alive, who owns it, the verdicts\n"
            "leakwatch.answer()             what leaks and what to do, for programs\n"
            "leakwatch.why('HtmlResponse')  who holds the instances of a class\n"
            "leakwatch.bill()               who has the memory, in megabytes\n"
            "leakwatch.heap()               Guppy's heap by type; the crawl goes on\n"
            "leakwatch.heap('HtmlResponse') what refers to the instances of a class"
        )


class Hpy:
    """The ``hpy`` of the telnet console: Guppy's heap, loaded when first used.

    Guppy walks the whole heap in this process: the crawl stands still for
    some 4 seconds for each 100,000 live responses. Where it is missing, whatever is
    called of it is answered as ``leakwatch.heap()`` is.
    """

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if guppy_missing():
            return lambda *_, **__: self._watching.ask("heap", None)
        from guppy import hpy  # noqa: PLC0415

        loaded = hpy()
        self.__dict__["heap"] = free_list.emptied()(loaded.heap)
        return self.heap if name == "heap" else getattr(loaded, name)

    def __repr__(self) -> str:
        if missing := guppy_missing():
            return f"{missing}: hpy.heap() shows the memory bill instead"
        return "Guppy's heap: hpy.heap() shows it by type; the crawl waits meanwhile"


def telnet_variables(watching: Watching) -> dict[str, Any]:
    """Return the names to add to the console."""
    return {"leakwatch": Console(watching), "hpy": Hpy(watching)}
