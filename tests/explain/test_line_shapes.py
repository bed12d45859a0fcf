"""The line told of each shape that a statement or a function may have.

Lines come from the syntax tree or from a frame, and each Python has its own of both.
The line that is meant ends in ``# here``.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import textwrap
from types import CodeType

import pytest
from asking_helpers import crawler_with_scheduler, explain, project_of
from scrapy.http import HtmlResponse

from scrapy_leakwatch.explain.code import expressions, removals, source
from scrapy_leakwatch.explain.naming import callables
from scrapy_leakwatch.foundation import anatomy

SINCE_3_14 = pytest.mark.skipif(sys.version_info < (3, 14), reason="of Python 3.14")
SINCE_3_15 = pytest.mark.skipif(sys.version_info < (3, 15), reason="of Python 3.15")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes and imports the one module of a project."""

    def write(text):
        return project_of(text, tmp_path, monkeypatch)

    return write


def here(module) -> str:
    text = inspect.getsource(module).split("\n")
    (number,) = [at for at, line in enumerate(text, 1) if line.endswith("# here")]
    return f"shop.py:{number}"


def of_method(body: str) -> str:
    return "class Spider:\n    pages = []\n" + textwrap.indent(
        textwrap.dedent(body), "    "
    )


FILLS = {
    "statement": """
        def parse(self, response):
            url = response.url
            self.pages.append(url)  # here
        """,
    "call of several lines": """
        def parse(self, response):
            self.pages.append(  # here
                dict(
                    url=response.url,
                )
            )
        """,
    "chain of several lines": """
        def parse(self, response):
            (
                self.pages  # here
                .append(response)
            )
        """,
    "comprehension": """
        def parse(self, response):
            [
                self.pages.append(each)  # here
                for each in response
            ]
        """,
    "dict comprehension": """
        def parse(self, response):
            return {
                each: self.pages.append(each)  # here
                for each in response
            }
        """,
    "generator expression": """
        def parse(self, response):
            any(
                self.pages.append(each)  # here
                for each in response
            )
        """,
    "nested function": """
        def parse(self, response):
            def keep(page):
                self.pages.append(page)  # here

            keep(response)
        """,
    "lambda": """
        def parse(self, response):
            keep = (
                lambda page:
                self.pages.append(page)  # here
            )
            keep(response)
        """,
    "generator": """
        def parse(self, response):
            for each in response:
                yield self.pages.append(each)  # here
        """,
    "coroutine": """
        async def parse(self, response):
            self.pages.append(await response)  # here
        """,
    "async generator": """
        async def parse(self, response):
            async for each in response:
                self.pages.append(each)  # here
                yield each
        """,
    "async comprehension": """
        async def parse(self, response):
            return [
                self.pages.append(each)  # here
                async for each in response
            ]
        """,
    "decorated": """
        @staticmethod
        @property
        def parse(self, response):
            self.pages.append(response)  # here
        """,
    "match": """
        def parse(self, response):
            match response:
                case {"url": url} if url:
                    self.pages.append(url)  # here
                case _:
                    pass
        """,
    "with": """
        def parse(self, response):
            with (
                open(response) as file,
                self.pages.append(file),  # here
            ):
                pass
        """,
    "try": """
        def parse(self, response):
            try:
                response.url
            except* ValueError:
                pass
            finally:
                self.pages.append(response)  # here
        """
    if sys.version_info >= (3, 11)
    else """
        def parse(self, response):
            try:
                response.url
            finally:
                self.pages.append(response)  # here
        """,
    "walrus": """
        def parse(self, response):
            if (
                kept := self.pages.append(response)  # here
            ):
                return kept
        """,
    "augmented": """
        def parse(self, response):
            self.pages += [  # here
                response,
            ]
        """,
    "subscript": """
        def parse(self, response):
            self.pages[
                len(self.pages):
            ] = [response]
        """.replace("[\n", "[  # here\n", 1),
    "f-string": """
        def parse(self, response):
            return f"{response} {self.pages.append(response)}"  # here
        """,
}
NEWER_FILLS = {
    "f-string of several lines": (
        '''
        def parse(self, response):
            return f"""{response}
                {self.pages.append(response)} {
                response}"""
        '''.replace("{\n", "{  # here\n", 1),
        pytest.mark.skipif(sys.version_info < (3, 12), reason="of Python 3.12"),
    ),
    "t-string": (
        """
        def parse(self, response):
            return t"{response} {self.pages.append(response)!r:>{9}}"  # here
        """,
        SINCE_3_14,
    ),
    "except without parentheses": (
        """
        def parse(self, response):
            try:
                response.url
            except ValueError, TypeError:
                self.pages.append(response)  # here
        """,
        SINCE_3_14,
    ),
    "type parameters": (
        """
        def parse[T](self, response: T):
            self.pages.append(response)  # here
        """,
        pytest.mark.skipif(sys.version_info < (3, 12), reason="of Python 3.12"),
    ),
}
SHAPES = [pytest.param(text, id=name) for name, text in FILLS.items()]
SHAPES += [
    pytest.param(text, id=name, marks=mark)
    for name, (text, mark) in NEWER_FILLS.items()
]


@pytest.mark.parametrize("text", SHAPES)
def test_the_line_that_fills_is_told_in_each_shape(project, text) -> None:
    module = project(of_method(text))
    found = source.of_attribute("pages", module.Spider, (), expressions.grown)
    assert found.location == here(module)


@pytest.mark.parametrize("text", SHAPES)
def test_the_line_that_takes_out_is_told_in_each_shape(project, text) -> None:
    text = text.replace("self.pages +=", "self.pages -=").replace(".append(", ".pop(")
    module = project(of_method(text.replace("= [response]", "= []")))
    found = source.of_attribute("pages", module.Spider, (), removals.shrunk)
    assert found.location == here(module)


WAITS = {
    "generator": """
        def made():
            page = 1
            yield page  # here
        """,
    "generator with a with": """
        import contextlib

        def made():
            with (
                contextlib.nullcontext(),
                contextlib.nullcontext() as page,
            ):
                try:
                    yield page  # here
                finally:
                    page = 2
        """,
    "yield in a call": """
        def made():
            print(
                1,
                (yield 2),  # here
            )
        """,
    "yield from": """
        def inner():
            yield 1

        def made():
            rows = [
                each for each in range(3)
            ]
            yield from inner()  # here
            return rows
        """,
    "generator expression": """
        def rows():
            yield 1

        def made():
            page = 1
            return (each + page for each in rows())  # here
        """,
    "decorated generator": """
        def same(function):
            return function

        @same
        @same
        def made():
            for each in range(9):
                match each:
                    case 0:
                        yield (total := each)  # here
            return total
        """,
    "coroutine": """
        async def made():
            for _ in range(9):
                await nothing()  # here
        """,
    "await of several lines": """
        async def made():
            page = [
                1,
            ]
            await first(  # here
                nothing(),
                page,
            )
        """,
    "async with": """
        class Lock:
            async def __aenter__(self):
                await nothing()

            async def __aexit__(self, *_):
                pass

        async def made():
            page = 1
            async with Lock():  # here
                page = 2
            return page
        """,
    "async for": """
        async def rows():
            await nothing()
            yield 1

        async def made():
            page = 1
            async for each in rows():  # here
                page = each
            return page
        """,
    "async comprehension": """
        async def rows():
            await nothing()
            yield 1

        async def made():
            page = 1
            return [  # here
                each
                async for each in rows()
                if page
            ]
        """,
    "async generator": """
        async def made():
            page = 1
            yield f"{page}"  # here
        """,
    "coroutine made by a lambda": """
        async def last():
            page = {
                each: each for each in range(9)
            }
            return await nothing() and page  # here

        made = lambda: last()
        """,
    "not begun": """
        def same(function):
            return function

        @same
        async def made():  # here
            await nothing()
        """,
}
AWAITED = """
class Nothing:
    def __await__(self):
        yield

def nothing():
    return Nothing()

async def first(awaited, _):
    await awaited

"""


def begin(made) -> None:
    """Let a suspended function go up to where it waits."""
    if inspect.isgenerator(made):
        next(made)
    elif inspect.iscoroutine(made):
        made.send(None)
    else:
        with pytest.raises(StopIteration):
            made.__anext__().send(None)


def close(made) -> None:
    if inspect.isasyncgen(made):
        with pytest.raises(StopIteration):
            made.aclose().send(None)
    else:
        made.close()


@pytest.mark.parametrize("text", WAITS.values(), ids=WAITS)
def test_the_line_where_a_function_waits_is_told_in_each_shape(project, text) -> None:
    module = project(AWAITED + textwrap.dedent(text))
    made = module.made()
    if text is not WAITS["not begun"]:
        begin(made)
    code = callables.code_of_generator(made)
    found = source.of_code(code, callables.waiting_line(made))
    close(made)
    assert found.location == here(module)


DEFINED = {
    "function": "def made(): pass  # here\n",
    "decorated": """
        def same(*_):
            return lambda function: function

        @same(
            "def",
        )
        @same()
        def made(  # here
            url,
        ):
            return url
        """,
    "coroutine": """
        def same(function):
            return function

        @same
        async def made(url): return url  # here
        """,
    "lambda": """
        made = lambda url: url  # here

        def after(): pass
        """,
    "generator expression": """
        made = (url for url in ())  # here

        def after(): pass
        """,
}


@pytest.mark.parametrize("text", DEFINED.values(), ids=DEFINED)
def test_the_line_that_defines_is_told_in_each_shape(project, text) -> None:
    module = project(text)
    made = module.made
    code = callables.code_of(made) or callables.code_of_generator(made)
    assert isinstance(code, CodeType)
    assert source.of_code(code).location == here(module)


@SINCE_3_14
def test_annotations_are_not_evaluated(project) -> None:
    module = project(
        """
        seen = []

        class Spider:
            page: seen.append(1)

            def parse(self, response: seen.append(2)) -> seen.append(3):
                self.pages.append(response)  # here
        """
    )
    names = dict(anatomy.attributes(module)) | dict(anatomy.namespace(module.Spider))
    assert "parse" in names
    assert source.of_attribute("pages", module.Spider, ()).location == here(module)
    assert source.of_code(callables.code_of(module.Spider.parse)) is not None
    assert module.seen == []
    assert module.Spider.__annotations__  # as the project itself asks for them
    assert module.seen == [1]


@SINCE_3_15
def test_what_is_imported_lazily_stays_so(project) -> None:
    module = project(
        """
        lazy import this

        class Spider:
            def parse(self, response):
                self.pages.append((response, this))  # here
        """
    )
    assert "this" in dict(anatomy.attributes(module))
    assert anatomy.attribute(module, "this", "s") is None
    assert gc.get_referents(anatomy.own_dict(module))
    assert source.of_attribute("pages", module.Spider, ()).location == here(module)
    assert "this" not in sys.modules


def test_where_tasks_wait_is_told_though_some_have_not_begun(project) -> None:
    module = project(
        """
        import asyncio

        async def made():
            await asyncio.sleep(60)  # here
        """
    )

    async def lines_of_tasks():
        tasks = [asyncio.ensure_future(module.made()) for _ in range(2)]
        await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(module.made()))
        found = [callables.waiting_line(task.get_coro()) for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return found

    number = int(here(module).partition(":")[2])
    assert asyncio.run(lines_of_tasks()) == [number, number, None]


def test_of_coroutines_some_have_begun_and_those_tell_the_line(project) -> None:
    module = project(
        AWAITED
        + textwrap.dedent(
            """
            async def made(page):
                await nothing()  # here
                return page
            """
        )
    )
    page = type("Page", (HtmlResponse,), {})
    crawler, _ = crawler_with_scheduler()
    made = [module.made(page(f"https://shop.example/{n}")) for n in range(30)]
    crawler.spider.made = made
    for each in made[20:]:
        begin(each)
    found = explain(page, crawler)
    for each in made:
        each.close()
    assert found.holder == "local variable 'page' of made"
    assert found.location == here(module)
