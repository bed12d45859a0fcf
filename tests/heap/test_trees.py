"""Parsed documents are counted as large as malloc says that they are."""

from __future__ import annotations

import gc
import random

import pytest
from lxml import etree, html
from parsel import Selector

from scrapy_leakwatch.explain.memory import allocators
from scrapy_leakwatch.heap.sizes import rule
from tests.heap.walkers import FOREVER, WALKERS, walked

NEEDS_MALLOC = pytest.mark.skipif(
    isinstance(allocators.heap(), str), reason="malloc does not tell what it has"
)
WORDS = [
    "".join(random.Random(number).choices("abcdefghij", k=2 + number % 8))
    for number in range(500)
]


def text(count, seed):
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def article(seed):
    parts = [
        f"<p>{text(100 + 15 * number, seed + number)}</p>\n" for number in range(20)
    ]
    return (
        f"<html><head><title>{seed}</title></head><body>{''.join(parts)}</body></html>"
    )


def listing(seed):
    rows = [
        f'<tr class="row" id="r{seed}-{number}"><td><a href="/item/{number}?x=1">'
        f"{WORDS[number]}</a></td> <td class=price><b>{number}</b></td>\n</tr>"
        for number in range(200)
    ]
    return f"<html><body><table>{''.join(rows)}</table></body></html>"


def tiny(seed):
    return f"<html><body><p>{text(3, seed)}</p></body></html>"


def mixed(seed):
    parts = [f"<div>{text(30, seed).replace(' ', ' &amp; ')}</div>" for _ in range(50)]
    script = f"<!-- {text(50, seed)} --><script>{text(1000, seed)}</script>"
    return f"<!DOCTYPE html><html><body>{script}{''.join(parts)}</body></html>"


@NEEDS_MALLOC
@WALKERS
@pytest.mark.parametrize("page", [article, listing, tiny, mixed])
def test_the_documents_of_pages_are_as_large_as_malloc_says(walker, page) -> None:
    pages = [page(seed) for seed in range(50)]
    kept = [Selector(text=body) for body in pages]
    kept.clear()
    gc.collect()
    before = allocators.heap().used
    kept += [Selector(text=body) for body in pages]
    taken = allocators.heap().used - before
    found, (span,) = walked(walker, kept)
    assert found.tree_bytes == pytest.approx(taken, rel=0.3)
    assert found.totals(*span)[0] > found.tree_bytes


def bytes_of(walker, *objects):
    found, _spans = walked(walker, list(objects))
    return found.tree_bytes


@WALKERS
def test_a_document_is_counted_once_from_wherever_it_is_held(walker) -> None:
    root = html.fromstring(listing(1))
    whole = bytes_of(walker, root)
    assert whole > 100_000
    text_in_it = root.xpath("//td[1]/a/text()")[0]
    parts = (root.getroottree(), root.xpath("//b")[3], text_in_it, root[0])
    for part in parts:
        assert bytes_of(walker, part) == whole
    assert bytes_of(walker, root, *parts) == whole


@WALKERS
def test_a_part_taken_out_of_its_document_is_counted_where_it_is_held(walker) -> None:
    root = html.fromstring(listing(1))
    whole = bytes_of(walker, root)
    table = root.xpath("//table")[0]
    table.getparent().remove(table)
    assert bytes_of(walker, root) < whole / 10
    assert bytes_of(walker, table) == pytest.approx(whole, rel=0.01)


@WALKERS
def test_documents_of_xml_have_more_than_elements(walker) -> None:
    source = f"""<!DOCTYPE a [<!ENTITY e "{text(50, 1)}"><!ELEMENT a ANY>]>
        <a xmlns="urn:one" xmlns:b="urn:two" b:k="{text(9, 2)}"><?pi {text(9, 3)}?>
        <b:c>&e;</b:c><![CDATA[{text(100, 4)}]]><!-- {text(9, 5)} --></a>"""
    parser = etree.XMLParser(resolve_entities=False, strip_cdata=False)
    size = bytes_of(walker, etree.fromstring(source, parser))
    assert len(source) < size < 10 * len(source)


@WALKERS
def test_deep_documents_are_counted_without_recursion(walker) -> None:
    root = node = etree.Element("a")
    for _ in range(20_000):
        node = etree.SubElement(node, "a")
    assert bytes_of(walker, root) > 20_000 * 120


@WALKERS
def test_an_element_without_a_document_is_nothing(walker) -> None:
    found = walker(rule)
    element = etree._Element.__new__(etree._Element)
    found.run([found.enter(element)], False, FOREVER)
    assert found.tree_bytes == 0


@WALKERS
def test_after_many_documents_the_mean_is_good_enough(walker) -> None:
    pages = [etree.fromstring(f"<a><b>{text(50, 1)}</b></a>") for _ in range(20_500)]
    each = bytes_of(walker, *pages[:2]) - bytes_of(walker, pages[0])
    assert bytes_of(walker, *pages) == pytest.approx(20_500 * each, rel=0.1)
