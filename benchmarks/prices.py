"""What LeakWatch says that requests and pages cost, beside what the process grew by.

Each case is a crawl of a local site in a process of its own, which does nothing else:
so many requests come to wait in memory, or so many pages or items are kept. ``grew``
is the resident memory, ``traced`` what Python's allocators were asked for (by
`tracemalloc`, in a second crawl), ``told`` the price, each divided by their number;
``each`` is what is told of a usual one, without what all share. Run::

    python benchmarks/prices.py [CASE ...]
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import subprocess
import sys
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import scrapy
from scrapy import signals
from scrapy.crawler import CrawlerProcess
from scrapy.exceptions import DontCloseSpider
from scrapy.http import JsonRequest
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, CSVFeedSpider, Rule, SitemapSpider

from scrapy_leakwatch.config import class_path
from scrapy_leakwatch.explain import (
    Explanation,
    Question,
    Unexplained,
    WaitingQuestion,
    explain_in_child,
    explain_queue_in_child,
)
from scrapy_leakwatch.internals.versions import engine_of, scheduler_of
from scrapy_leakwatch.observe.live_refs import classes

WAITING, KEPT, WARM = 20_000, 1_000, 200
TRACED = 4
"""One of so many is there where each block is traced, which takes long."""
LIMIT_S = 60.0
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"]
LETTERS = ["съешь", "же", "ещё", "этих", "мягких", "булок", "да", "выпей", "чаю"]
LONG = "category=" + "-".join(WORDS * 4)


class Crawl(scrapy.Spider):
    """Warms up, and measures what the second page brings."""

    name = "crawl"
    kind = "html"
    count = WAITING
    subject: type = scrapy.Request

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> Any:
        """Go on when nothing is left of the first page."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.goes_on, signals.spider_idle)
        if tracemalloc.is_tracing():
            spider.count //= TRACED
        return spider

    async def start(self) -> Any:
        """Begin with a page that leads to few others."""
        yield self.list_of("page", WARM)

    def list_of(self, path: str, count: int) -> scrapy.Request:
        """Return the request for a list of so many URLs."""
        url = f"{self.site}/{self.kind}/{path}/{count}"
        return scrapy.Request(url, self.lists)

    def goes_on(self) -> None:
        """Take the measure, and have the rest come."""
        if not hasattr(self, "before"):
            self.before = memory()
            self.measuring = begun(self.measure())
            self.crawler.engine.crawl(self.list_of("late", self.count))
        raise DontCloseSpider

    def lists(self, response: Any) -> Any:
        """Follow all that a page lists."""
        for url in response.css("a::attr(href)").getall():
            yield self.following(response, url)

    def following(self, response: Any, url: str) -> Any:
        """Return the request for a URL."""
        return response.follow(url, self.parse)

    def parse(self, response: Any) -> Any:
        """Do nothing."""

    def there(self) -> int:
        """Return how many are there that are to be measured."""
        return len(scheduler_of(engine_of(self.crawler)).mqs)

    async def measure(self) -> None:
        """Wait until all are there, and ask what they cost."""
        least = self.count - 2 * self.settings.getint("CONCURRENT_REQUESTS")
        while self.there() < least:
            await asyncio.sleep(0.1)
        self.crawler.engine.pause()
        await asyncio.sleep(1)
        count = self.there()
        result = {"count": count, "grew": memory() - self.before}
        if not tracemalloc.is_tracing():
            asked = self.ask(count)
            while (found := asked.poll()) is None:
                await asyncio.sleep(0.01)
            result |= told(found)
        print(json.dumps(result), flush=True)
        os._exit(0)

    def ask(self, count: int) -> Any:
        """Ask as the extension does."""
        family = tuple(cls for cls, _ in classes() if issubclass(cls, scrapy.Request))
        question = WaitingQuestion(class_path(scrapy.Request), self.name, count)
        return explain_queue_in_child(question, family, self.crawler, LIMIT_S)


class Plain(Crawl):
    """Follows links."""


class LongUrls(Crawl):
    """Follows links with a long query."""

    def following(self, response: Any, url: str) -> Any:
        """Add the query."""
        return response.follow(f"{url}?{LONG}", self.parse)


class Headers(Crawl):
    """Sends headers of its own."""

    def following(self, response: Any, url: str) -> Any:
        """Add the headers."""
        headers = {f"X-Header-{number}": f"value {number}" for number in range(10)}
        return response.follow(url, self.parse, headers={**headers, "X-Url": url})


class SharedMeta(Crawl):
    """Passes one large object on to all, and a dict of its own to each."""

    def lists(self, response: Any) -> Any:
        """Make the object."""
        shared = [f"{number} {LONG}" for number in range(40_000)]
        for url in response.css("a::attr(href)").getall():
            meta = {"table": shared, "row": {"url": url, "title": f"title of {url}"}}
            yield response.follow(url, self.parse, meta=meta)


class Feed(CSVFeedSpider, Crawl):
    """Makes a request of each row of a CSV file."""

    kind = "csv"

    def list_of(self, path: str, count: int) -> scrapy.Request:
        """Ask for the file."""
        return super().list_of(path, count).replace(callback=self._parse)

    def parse_row(self, _: Any, row: Any) -> Any:
        """Follow the row."""
        yield scrapy.Request(row["url"], self.parse_page)

    def parse_page(self, response: Any) -> Any:
        """Do nothing."""


class Map(SitemapSpider, Crawl):
    """Follows a sitemap."""

    kind = "xml"
    start = Crawl.start

    def list_of(self, path: str, count: int) -> scrapy.Request:
        """Ask for the sitemap."""
        return super().list_of(path, count).replace(callback=self._parse_sitemap)


class Ruled(CrawlSpider, Crawl):
    """Follows all links."""

    rules = (Rule(LinkExtractor(allow="/(page|late)/"), callback="parse_page"),)

    def list_of(self, path: str, count: int) -> scrapy.Request:
        """Ask for the page."""
        return super().list_of(path, count).replace(callback=self._parse)

    def parse_page(self, response: Any) -> Any:
        """Do nothing."""


class Forms(Crawl):
    """Sends a form for each."""

    def following(self, response: Any, url: str) -> Any:
        """Fill the form."""
        form = {"id": url, "text": LONG}
        return scrapy.FormRequest(response.urljoin(url), self.parse, formdata=form)


class Json(Crawl):
    """Sends a document for each."""

    def following(self, response: Any, url: str) -> Any:
        """Write the document."""
        data = {"id": url, "words": WORDS, "n": list(range(100))}
        return JsonRequest(response.urljoin(url), callback=self.parse, data=data)


class Start(Crawl):
    """Has all of its start requests at once."""

    async def start(self) -> Any:
        """Yield few, and then the rest."""
        for number in range(WARM):
            yield scrapy.Request(f"{self.site}/page/{number}")
        await self.crawler.signals.wait_for(signals.scheduler_empty)
        await asyncio.sleep(1)
        self.before = memory()
        self.measuring = begun(self.measure())
        for number in range(self.count):
            yield scrapy.Request(f"{self.site}/late/{number}")

    def goes_on(self) -> None:
        """Stay."""
        raise DontCloseSpider


class Kept(Crawl):
    """Keeps pages."""

    count = KEPT
    content = "text"
    subject: type = scrapy.http.HtmlResponse

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kept: list[Any] = []

    def list_of(self, path: str, count: int) -> scrapy.Request:
        """Ask for pages that are answered."""
        return super().list_of(f"{self.content}/{path}", count)

    def parse(self, response: Any) -> Any:
        """Keep the page where the measure was taken, and use it as the case does."""
        kept = self.use(response)
        if hasattr(self, "before"):
            self.kept.append(kept)

    def use(self, response: Any) -> Any:
        """Return what is kept of a page."""
        return response

    def there(self) -> int:
        """Return how many are kept."""
        return len(self.kept)

    def ask(self, count: int) -> Any:
        """Ask as the extension does."""
        path = class_path(self.subject)
        name = self.subject.__name__
        question = Question(name, path, self.name, count, count)
        return explain_in_child(question, (self.subject,), self.crawler, LIMIT_S)


class Text(Kept):
    """Keeps pages whose text was read."""

    def use(self, response: Any) -> Any:
        """Read it."""
        assert response.text
        return response


class Letters(Text):
    """Keeps pages in Russian whose text was read."""

    content = "letters"


class Parsed(Kept):
    """Keeps pages that were parsed."""

    def use(self, response: Any) -> Any:
        """Parse it."""
        assert response.css("p::text").get()
        return response


class ParsedLetters(Parsed):
    """Keeps pages in Russian that were parsed."""

    content = "letters"


class Document(Kept):
    """Keeps documents that were read."""

    content = "json"
    subject = scrapy.http.JsonResponse

    def use(self, response: Any) -> Any:
        """Read it."""
        assert response.json()
        return response


class Texts(scrapy.Item):
    """What is scraped."""

    title = scrapy.Field()
    texts = scrapy.Field()


class Items(Kept):
    """Keeps items with the texts of their pages."""

    subject = Texts

    def use(self, response: Any) -> Any:
        """Make the item."""
        texts = response.css("p::text").getall()
        return Texts(title=response.url, texts=texts)


CASES: dict[str, type[Crawl]] = {
    cls.__name__: cls
    for cls in (
        *(Plain, LongUrls, Headers, SharedMeta, Feed, Map, Ruled, Forms, Json, Start),
        *(Kept, Text, Letters, Parsed, ParsedLetters, Document, Items),
    )
}


class Site(BaseHTTPRequestHandler):
    """Answers at once, but for what is to come late."""

    protocol_version = "HTTP/1.1"
    over = threading.Event()

    def do_GET(self) -> None:
        """Answer a request."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, kind, *more = self.path.partition("?")[0].split("/")
        if kind == "late":
            self.over.wait()
        type_, body = PAGES.get(kind, page)(kind, *more)
        self.send_response(200)
        self.send_header("Content-Type", f"{type_}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def page(*_: str) -> tuple[str, bytes]:
    """Return a small page."""
    return "text/html", b"<title>page</title>"


def listing(kind: str, *path: str) -> tuple[str, bytes]:
    """Return a list of URLs: a page, a feed, or a sitemap."""
    *above, count = path
    folder = "/".join((Site.url, *above))
    urls = [f"{folder}/{number:06}" for number in range(int(count))]
    if kind == "html":
        return "text/html", "".join(f'<a href="{url}">' for url in urls).encode()
    if kind == "csv":
        rows = [f"{number},{url}\n" for number, url in enumerate(urls)]
        return "text/csv", ("id,url\n" + "".join(rows)).encode()
    places = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    return "application/xml", f"<urlset>{places}</urlset>".encode()


def text(kind: str, _: str, number: str) -> tuple[str, bytes]:
    """Return a page with 50,000 letters of text."""
    words = WORDS if kind == "text" else LETTERS
    line = " ".join(words * 10) + number
    lines = "".join(f"<p class=line>{line}</p>" for _ in range(50_000 // len(line)))
    return "text/html", f"<html><body>{lines}</body></html>".encode()


def document(_: str, path: str, number: str) -> tuple[str, bytes]:
    """Return a document of 50 kB."""
    rows = [
        {"id": n, "price": n / 7, "title": f"{path} {number} {n}"} for n in range(1000)
    ]
    return "application/json", json.dumps(rows).encode()


PAGES = {
    **dict.fromkeys(("html", "csv", "xml"), listing),
    **dict.fromkeys(("text", "letters"), text),
    "json": document,
}


def begun(measure: Any) -> asyncio.Future[None]:
    """Begin to measure; an error ends the process."""

    def failed(task: asyncio.Future[None]) -> None:
        print(repr(task.exception()), file=sys.stderr, flush=True)
        os._exit(1)

    task: asyncio.Future[None] = asyncio.ensure_future(measure)
    task.add_done_callback(failed)
    return task


def told(found: Explanation | Unexplained) -> dict[str, Any]:
    """Return the price, or why there is none."""
    if isinstance(found, Unexplained):
        return {"failed": found.reason}
    price = found.price
    return {"told": price.retained_bytes_total, "each": price.retained_bytes_each}


def memory() -> int:
    """Return the bytes that the process has, or those that are traced."""
    gc.collect()
    if tracemalloc.is_tracing():
        return tracemalloc.get_traced_memory()[0]
    ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_info().rss


def crawl(name: str, site: str) -> None:
    """Run a case in this process."""
    process = CrawlerProcess(
        {
            "LOG_LEVEL": "ERROR",
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "CONCURRENT_REQUESTS": 4,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
            "DOWNLOAD_DELAY": 0,
            "DOWNLOAD_TIMEOUT": 600,
        }
    )
    process.crawl(CASES[name], site=site)
    process.start()


def measured(name: str, *flags: str) -> dict[str, Any]:
    """Return what a crawl of a process of its own has measured."""
    command = [sys.executable, *flags, __file__, "--one", name, Site.url]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=3 * LIMIT_S, check=False
    )
    if not done.stdout:
        raise SystemExit(f"{name}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(name: str) -> str:
    """Return a row of the table."""
    found = measured(name)
    traced = measured(name, "-X", "tracemalloc")
    count = found["count"]
    if "failed" in found:
        return f"{name:<14} {count:>7,}  {found['failed']}"
    return (
        f"{name:<14} {count:>7,}  grew {found['grew'] / count:>9,.0f}"
        f"  traced {traced['grew'] / traced['count']:>9,.0f}"
        f"  told {found['told'] / count:>9,.0f} = {found['told'] / found['grew']:.0%}"
        f"  each {found['each']:>9,.0f}"
    )


def main() -> None:
    """Measure one case, or print the table of all."""
    if sys.argv[1:2] == ["--one"]:
        crawl(*sys.argv[2:])
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    Site.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("bytes, of each:")
    for name in sys.argv[1:] or CASES:
        print(row(name), flush=True)


if __name__ == "__main__":
    main()
