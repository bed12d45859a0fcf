"""Which line of the project is named, and when it is only likely."""

import importlib.util
import os
import sys
import textwrap

import pytest

from scrapy_leakwatch.explain.code import expressions, handing, source
from scrapy_leakwatch.foundation import lines
from scrapy_leakwatch.foundation.lines import SourceLine

OLD = 1_000_000_000


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes and imports modules of a project."""
    monkeypatch.chdir(tmp_path)

    def write(name, text, changed=OLD):
        file = tmp_path / f"{name}.py"
        file.write_text(textwrap.dedent(text))
        os.utime(file, (changed, changed))
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        for cache in (source._project_files, lines.lines, lines.tree_of):
            cache.cache_clear()
        return module

    return write


def test_the_only_line_that_fills_an_attribute_is_sure(project):
    module = project(
        "only",
        """
        class Spider:
            def parse(self, response):
                self.pages.append(response)
        """,
    )
    found = source.of_attribute("pages", module.Spider, ())
    assert found == SourceLine("only.py:4", "self.pages.append(response)")


def test_one_of_several_lines_is_only_likely(project):
    module = project(
        "several",
        """
        class Spider:
            def parse(self, response):
                self.pages.append(response)

            def parse_more(self, response):
                self.pages.append(response)
        """,
    )
    assert source.of_attribute("pages", module.Spider, ()).likely


def test_the_same_attribute_of_another_class_is_not_meant(project):
    module = project(
        "another",
        """
        class Other:
            def parse(self, response):
                self.pages.append(response)

        class Spider:
            def parse(self, response):
                self.pages.append(response)
        """,
    )
    found = source.of_attribute("pages", module.Spider, ())
    assert found == SourceLine("another.py:8", "self.pages.append(response)")


def test_an_attribute_filled_by_a_base_class_is_found_there(project):
    module = project(
        "bases",
        """
        class Base:
            def parse(self, response):
                self.pages.append(response)

        class Spider(Base):
            pass
        """,
    )
    found = source.of_attribute("pages", module.Spider, ())
    assert found == SourceLine("bases.py:4", "self.pages.append(response)")


def test_of_several_requests_the_one_with_the_examined_callback_is_meant(project):
    module = project(
        "callbacks",
        """
        class Spider:
            def parse(self, response):
                yield Request(url, self.parse_list, meta={"page": response})
                yield Request(url, self.parse_item, meta={"page": response})
        """,
    )
    found = source.of_key("meta", "page", (module.Spider,), frozenset({"parse_item"}))
    assert found.location == "callbacks.py:5"
    assert not found.likely
    assert source.of_key("meta", "page", (module.Spider,), frozenset()).likely


def test_another_spider_of_the_file_is_not_meant(project):
    module = project(
        "spiders",
        """
        class Other:
            def parse(self, response):
                yield Request(url, meta={"page": response})

        class Spider:
            def parse(self, response):
                yield Request(url, meta={"page": response})
        """,
    )
    found = source.of_key("meta", "page", (module.Spider,), frozenset())
    assert found.location == "spiders.py:8"


def test_a_file_changed_since_the_start_gives_no_line(project):
    text = "class Spider:\n    def parse(self, r):\n        self.pages.append(r)\n"
    module = project("changed", text, changed=OLD * 3)
    assert source.of_attribute("pages", module.Spider, ()) is None


def test_what_no_line_fills_has_no_line(project):
    module = project("none", "class Spider:\n    pages = []\n")
    assert source.of_attribute("pages", module.Spider, ()) is None


def test_a_decorated_function_is_shown_at_its_def(project):
    module = project(
        "decorated",
        """
        import functools

        @functools.lru_cache(maxsize=None)
        def title(response):
            return response
        """,
    )
    code = module.title.__wrapped__.__code__
    assert source.of_code(code) == SourceLine("decorated.py:5", "def title(response):")


SETTERS = """
class Spider:
    def parse(self, response):
        self.session.query(response.url)
        self.session.add(response)
        self.session.commit(True)

    def errback(self, failure):
        self.span.set_data(failure.request.url, failure)

    def seen(self, response):
        return self.asked.get(response.url)

    def renamed(self, response):
        span = self.scope
        span.set_tag(response.url, "seen")
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("session", "self.session.add(response)"),
        ("span", "self.span.set_data(failure.request.url, failure)"),
        ("asked", "return self.asked.get(response.url)"),
        ("scope", 'span.set_tag(response.url, "seen")'),
    ],
)
def test_a_setter_of_a_library_fills_its_object(project, name, code):
    module = project("setters", SETTERS)
    found = source.of_attribute(name, module.Spider, (), expressions.used)
    assert found.code == code
    assert not found.likely


HANDED = """
    import csv
    import pickle
    from xml.etree import ElementTree

    class Pipeline:
        def open_spider(self, spider):
            self.writer = csv.writer(self.table)
            ElementTree.SubElement(self.root, "head")

        def process_item(self, item):
            product = ElementTree.SubElement(self.root, "product", url=item["url"])
            self.writer.writerow([item["url"], len(self.table)])
            pickle.dump(item, self.dumped)
            print(item, file=self.printed)
            print(item, self.shown)
            item["text"] = ElementTree.tostring(self.copied, encoding="unicode")
            return self.upload(self.alone)

        def close_spider(self, spider):
            ElementTree.write(self.written, "out.xml")
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "root",
            'product = ElementTree.SubElement(self.root, "product", url=item["url"])',
        ),
        ("table", 'self.writer.writerow([item["url"], len(self.table)])'),
        ("dumped", "pickle.dump(item, self.dumped)"),
        ("printed", "print(item, file=self.printed)"),
    ],
)
def test_what_a_function_gets_with_something_to_add_is_filled_there(
    project, name, code
):
    module = project("handed", HANDED)
    found = source.of_attribute(name, module.Pipeline, (), handing.handed)
    assert found.code == code


@pytest.mark.parametrize("name", ["shown", "copied", "alone", "written"])
def test_what_a_function_looks_at_or_ends_with_is_not_filled_there(project, name):
    module = project("handed", HANDED)
    assert source.of_attribute(name, module.Pipeline, (), handing.handed) is None


@pytest.mark.parametrize(
    "made", ['getattr(self, "clients", [])', "self.clients or []", "[]"]
)
def test_a_list_is_not_filled_where_it_is_made_if_it_is_not_there(project, made):
    module = project(
        "once",
        f"""
        class Spider:
            clients = None

            def parse(self, response):
                self.clients = {made}
                self.clients.append(response)
        """,
    )
    for find in (expressions.stored, expressions.grown):
        found = source.of_attribute("clients", module.Spider, (), find)
        assert found.code == "self.clients.append(response)"
        assert not found.likely


def test_a_variable_that_is_bound_twice_is_no_other_name(project):
    module = project(
        "bound",
        """
        class Spider:
            def parse(self, response):
                rows = self.rows
                rows = []
                rows.append(response)
        """,
    )
    assert source.of_attribute("rows", module.Spider, (), expressions.grown) is None


def test_a_queue_is_not_filled_where_a_module_of_its_name_makes_it(project):
    module = project(
        "made",
        """
        import queue

        class Spider:
            def parse(self, response):
                self.queue = queue.Queue()
        """,
    )
    assert source.of_attribute("queue", module.Spider, (), expressions.grown) is None
