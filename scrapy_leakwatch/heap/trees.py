"""The size of parsed documents (libxml2) behind lxml's elements, for the twin.

As `_trees.h` does it, on fewer documents. It reads memory, for lxml's own
interface would make an element of each node, and the crawl may define their class.
"""

from __future__ import annotations

import gc
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scrapy_leakwatch.foundation import anatomy
from scrapy_leakwatch.heap import memory

if TYPE_CHECKING:
    from collections.abc import Iterator

EXACT_TREES = 200
EXACT_SECONDS = 5.0
"""From there on a document is taken to be as large as those before, on average."""

DOCUMENT = "lxml.etree._Document"
PARSER = "lxml.etree._ParserContext"
_ELEMENT_WORDS = 8
_ID_BYTES = 210
_DECLARATION_BYTES = 160
_PARSER_BYTES = 1400
_LONGEST_IN_DICTIONARY = 3
_LONGEST_BLANK = 59
_ALIGNED = 16
_LOWEST = 65_536

# The words of a node in libxml2's tree.h; a document's end with others.
_TYPE, _CHILDREN, _PARENT, _NEXT, _DOC = 1, 3, 5, 6, 8
_KIND, _CONTENT, _ATTRIBUTES, _DEFINITIONS = 10, 10, 11, 12
_NODE_WORDS = 13
_NODE_SIZE, _ATTRIBUTE_SIZE, _DEFINITION_SIZE, _DOCUMENT_SIZE = 120, 96, 48, 176
_VERSION, _ENCODING, _URL = 13, 14, 17
_HREF = 2
_ELEMENT, _TEXT, _ID, _DTD = 1, 3, 2, 14
_TEXTS = {_TEXT, 4, 7, 8}
_DOCUMENTS = {9, 13}
_INT = 0xFFFFFFFF


class Trees:
    """The documents that were met, each counted once."""

    def __init__(self) -> None:
        self.total = 0
        self._exact: list[int] = []
        self._spent = 0.0
        self.met: set[int] = set()

    def bytes_of(self, obj: Any) -> int:
        """Return what lxml's ``obj`` stands for, if that was not counted before.

        The document of an element, and the tree it is in where that was taken out
        of the document; of a parser what libxml2 keeps for it.
        """
        if _is_called(obj, PARSER):
            self.total += _PARSER_BYTES
            return _PARSER_BYTES
        return sum(self._count(top) for top in _tops(obj))

    def _count(self, top: int) -> int:
        if top in self.met:
            return 0
        self.met.add(top)
        if len(self._exact) >= EXACT_TREES or self._spent > EXACT_SECONDS:
            size = sum(self._exact) // len(self._exact)
        else:
            start = time.monotonic()
            size = _tree_bytes(top, start + EXACT_SECONDS)
            self._spent += time.monotonic() - start
            self._exact.append(size)
        self.total += size
        return size


def _is_called(obj: Any, path: str) -> bool:
    cls = type(obj)
    return anatomy.path(cls) == path


def _tops(obj: Any) -> Iterator[int]:
    """Yield the addresses of the document of ``obj``, and of the tree beside it."""
    shown = [obj, *gc.get_referents(obj)]
    holder = next((each for each in shown if _is_called(each, DOCUMENT)), None)
    doc = _document_in(holder) if holder is not None else 0
    if not doc:
        return
    if holder is obj:
        yield doc
        return
    node = _node_in(obj, id(holder))
    if not node or _words(node)[_DOC] != doc:
        return
    yield doc
    while above := _words(node)[_PARENT]:
        node = above
    if node != doc:
        yield node


def _words_of(obj: Any) -> list[int]:
    size = int(type.__dict__["__basicsize__"].__get__(type(obj)))
    return memory.words(id(obj), min(size // 8, _ELEMENT_WORDS))


def _document_in(holder: Any) -> int:
    """Return the word that points to libxml2's document: what points back to itself."""
    for word in _words_of(holder)[2:]:
        if word > _LOWEST and word % 8 == 0:
            found = _words(word)
            if found[_DOC] == word and found[_TYPE] & _INT in _DOCUMENTS:
                return word
    return 0


def _node_in(element: Any, holder: int) -> int:
    """Return the word after the one that points to the element's document."""
    words = _words_of(element)
    for word, following in pairwise(words[2:]):
        if word == holder and following > _LOWEST and following % 8 == 0:
            return following
    return 0


def _words(node: int) -> list[int]:
    return memory.words(node, _NODE_WORDS)


def _tree_bytes(top: int, until: float) -> int:
    """Add up what is under ``top``, depth first: pages nest as deep as they like."""
    head = _words(top)
    total = 0
    if head[_DOC] == top:
        texts = memory.words(top, _URL + 1)
        parts = (texts[_VERSION], texts[_ENCODING], texts[_URL])
        total = memory.block_bytes(top, _DOCUMENT_SIZE) + sum(map(_text_bytes, parts))
        pending = [head[_CHILDREN]]
    else:
        pending = [top]
    while pending and time.monotonic() < until:
        node = pending.pop()
        if not node:
            continue
        words = _words(node)
        total += _node_bytes(node, words)
        if node != top:
            pending.append(words[_NEXT])
        if words[_TYPE] & _INT == _ELEMENT:
            pending.append(words[_CHILDREN])
    return total


def _node_bytes(node: int, words: list[int]) -> int:
    total = memory.block_bytes(node, _NODE_SIZE)
    kind = words[_TYPE] & _INT
    if kind in _TEXTS:
        return total + _content_bytes(node, words)
    if kind == _DTD:
        return total + _DECLARATION_BYTES * len(list(_chain(words[_CHILDREN], _NEXT)))
    if kind == _ELEMENT:
        for address, each in _chain(words[_ATTRIBUTES], _NEXT):
            total += _attribute_bytes(address, each)
        for address, each in _chain(words[_DEFINITIONS], 0):
            total += memory.block_bytes(address, _DEFINITION_SIZE)
            total += _text_bytes(each[_HREF])
    return total


def _attribute_bytes(address: int, words: list[int]) -> int:
    total = memory.block_bytes(address, _ATTRIBUTE_SIZE)
    total += _ID_BYTES * (words[_KIND] & _INT == _ID)
    for part, each in _chain(words[_CHILDREN], _NEXT):
        total += memory.block_bytes(part, _NODE_SIZE)
        if each[_TYPE] & _INT == _TEXT:
            total += _content_bytes(part, each)
    return total


def _chain(node: int, following: int) -> Iterator[tuple[int, list[int]]]:
    """Yield a node and those after it; ``following`` is the word that leads on."""
    while node:
        words = _words(node) if following else [*memory.words(node, 6)]
        yield node, words
        node = words[following]


def _text_bytes(text: int) -> int:
    return memory.block_bytes(text, len(memory.text(text)) + 1) if text else 0


def _content_bytes(node: int, words: list[int]) -> int:
    """Return what a node's text takes, unless it is inside of it or shared.

    Blanks between tags and what is shorter than 4 may be in the dictionary, where
    strings are aligned by chance only (libxml2's SAX2.c, xmlSAX2TextNode).
    """
    content = words[_CONTENT]
    if not content or content == node + 8 * _ATTRIBUTES or content % _ALIGNED:
        return 0
    text = memory.text(content)
    if len(text) <= _LONGEST_IN_DICTIONARY or (
        len(text) <= _LONGEST_BLANK and not text.strip()
    ):
        return memory.chunk(len(text) + 1)
    return memory.block_bytes(content, len(text) + 1)
