"""Finds the ``file:line`` that put something somewhere, without a tracer."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from scrapy_leakwatch.explain.code import calls, expressions
from scrapy_leakwatch.explain.code.aliases import written_out
from scrapy_leakwatch.explain.code.once import AT_END, ONCE
from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.foundation.lines import MOST_FILES, SourceLine, at, lines
from scrapy_leakwatch.internals import components

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence
    from types import CodeType

    from scrapy_leakwatch.explain.code.expressions import Expression


class Find(Protocol):
    """Finds in a syntax tree where something is put into ``name``."""

    def __call__(
        self, tree: ast.AST, name: str, is_global: bool
    ) -> Sequence[Expression]:
        """Return the expressions."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An expression of the project, with its file."""

    path: str
    found: Expression


def classes_of(crawler: Any) -> tuple[type, ...]:
    """Return the classes of the spider and the components, the spider's first."""
    spider = anatomy.attribute(crawler, "spider")
    found = [type(spider)] if spider is not None else []
    found += [type(component) for _, component in components.managed(crawler)]
    return tuple(found)


def of_code(code: CodeType, line: int | None = None) -> SourceLine | None:
    """Return the line that defines ``code``, or its ``line``."""
    if not places.is_project(code):
        return None
    number = line if line is not None else _def_line(code)
    return at(code.co_filename, number)


def of_key(
    bag: str, key: str, classes: tuple[type, ...], callbacks: frozenset[str]
) -> SourceLine | None:
    """Return the line that puts ``key`` into the ``bag`` of a request.

    ``classes`` are those of the spider and the components, the spider's first;
    ``callbacks`` what the examined requests call: of several lines, those that
    name one of them are meant.
    """
    found = [
        candidate
        for candidate in _search(
            _modules(classes), lambda tree: expressions.keyed(tree, bag, key)
        )
        if _in_reach(candidate, classes)
    ]
    named = [one for one in found if one.found.names & callbacks]
    return choose(named or found, named)


def of_attribute(
    name: str,
    owner: type,
    classes: tuple[type, ...],
    find: Find = expressions.stored,
    *,
    strict: bool = False,
) -> SourceLine | None:
    """Return the line that fills the attribute ``name`` of an ``owner``.

    ``strict``: what another object has by this name is not likely, but none.
    """
    inside, outside = _of_attribute(name, owner, classes, find, strict=strict)
    meant = _fillers(inside + outside)
    return choose(meant, [one for one in inside if one in meant])


def all_of_attribute(
    name: str, owner: type, classes: tuple[type, ...], find: Find
) -> list[Candidate]:
    """Return all that ``find`` finds of the attribute ``name`` of an ``owner``."""
    inside, outside = _of_attribute(name, owner, classes, find, strict=True)
    return inside + outside


def _of_attribute(
    name: str, owner: type, classes: tuple[type, ...], find: Find, *, strict: bool
) -> tuple[list[Candidate], list[Candidate]]:
    """Return what is found in the methods of an ``owner``, and what elsewhere."""
    found = _search(
        _modules((owner, *classes)),
        lambda tree: find(tree, name, is_global=False),
        name,
    )
    owners = _class_places(owner)
    own = [one for one in found if (one.path, one.found.class_name) in owners]
    names = {class_name for _, class_name in owners}
    inside = [one for one in own if one.found.base in {"self", "cls", *names}]
    outside = [
        one
        for one in found
        if one not in own
        and one.found.base != "self"
        and (_is_called_like(one, names) if strict else _may_be(one, names))
    ]
    return inside, outside


def of_global(
    name: str,
    module: str,
    classes: tuple[type, ...],
    find: Find = expressions.stored,
) -> SourceLine | None:
    """Return the line that fills the global ``name`` of ``module``."""
    path = places.file_of_module(module)
    meant = _fillers(all_of_global(name, module, classes, find))
    return choose(meant, [one for one in meant if one.path == path])


def all_of_global(
    name: str, module: str, classes: tuple[type, ...], find: Find
) -> list[Candidate]:
    """Return all that ``find`` finds of the global ``name`` of ``module``."""
    path = places.file_of_module(module)
    found = _search(
        [module, *_modules(classes)],
        lambda tree: find(tree, name, is_global=True),
        name,
    )
    last = module.rpartition(".")[2]
    return [
        one
        for one in found
        if one.found.base in {"", last} and (one.path == path or one.found.function)
    ]


def of_call(
    callers: frozenset[str], function: str, classes: tuple[type, ...]
) -> SourceLine | None:
    """Return the line that hands ``function`` to one of ``callers``."""
    return choose(in_reach(classes, lambda tree: calls.called(tree, callers, function)))


def of_making(name: str, classes: tuple[type, ...]) -> SourceLine | None:
    """Return the line in a function that calls ``name``, such as a class."""
    return choose(in_reach(classes, lambda tree: calls.making(tree, name)))


def of_naming(callers: frozenset[str], classes: tuple[type, ...]) -> SourceLine | None:
    """Return the line that gives one of ``callers`` a name that it makes."""
    return choose(in_reach(classes, lambda tree: calls.naming(tree, callers)))


def in_reach(
    classes: tuple[type, ...], find: Callable[[ast.AST], Sequence[Expression]]
) -> list[Candidate]:
    """Return what ``find`` finds in the code of ``classes``, else in their packages."""
    found = _search(_modules(classes), find)
    return [one for one in found if _in_reach(one, classes)] or found


def _modules(classes: tuple[type, ...]) -> list[str]:
    return [anatomy.module(base) for cls in classes for base in anatomy.mro(cls)]


def _may_be(candidate: Candidate, names: set[str]) -> bool:
    """Tell whether ``base.attribute`` can mean an instance of the owner."""
    base = candidate.found.base
    return base in names or base[:1].islower()


def _is_called_like(candidate: Candidate, names: set[str]) -> bool:
    """Tell whether the base is named as the owner: ``pipeline``, ``shop_spider``."""
    base = candidate.found.base.replace("_", "").lower()
    return base == "spider" or any(base and base in name.lower() for name in names)


def _fillers(found: list[Candidate]) -> list[Candidate]:
    """Return what fills a container, where there is some: not what makes or ends it."""
    meant = [one for one in found if one.found.adds or one.found.function not in ONCE]
    during = [one for one in meant if one.found.function not in AT_END]
    return during or meant or found


def choose(
    found: list[Candidate], preferred: Sequence[Candidate] = ()
) -> SourceLine | None:
    """Return the first of ``preferred``, sure only where ``found`` is one line."""
    lines = {(one.path, one.found.line) for one in found}
    if not lines:
        return None
    first = {(one.path, one.found.line) for one in preferred} or lines
    line = at(*min(first))
    if line is None or len(lines) == 1:
        return line
    return SourceLine(line.location, line.code, likely=True)


def _in_reach(candidate: Candidate, classes: tuple[type, ...]) -> bool:
    """Tell whether the code can belong to this crawl: not another spider's."""
    for cls in classes:
        for path, class_name in _class_places(cls):
            if path == candidate.path and candidate.found.class_name in {
                "",
                class_name,
            }:
                return True
    return False


def _class_places(cls: type) -> set[tuple[str, str]]:
    """Return file and name of ``cls`` and its bases in the project."""
    found = set()
    for base in anatomy.mro(cls):
        path = places.file_of_module(anatomy.module(base))
        if path is not None and places.origin_of_file(path) == "project":
            found.add((path, anatomy.name(base)))
    return found


def _search(
    modules: list[str],
    find: Callable[[ast.AST], Sequence[Expression]],
    name: str = "",
) -> list[Candidate]:
    """Return what ``find`` finds in the packages that ``modules`` belong to.

    Only files in which ``name`` stands are looked into.
    """
    found = []
    packages = frozenset(module.partition(".")[0] for module in modules)
    for path in _project_files(packages):
        mentioned = not name or any(name in line for line in lines(path))
        tree = written_out(path) if mentioned else None
        if tree is not None:
            found += [Candidate(path, expression) for expression in find(tree)]
    return found


@lru_cache(maxsize=8)
def _project_files(packages: frozenset[str]) -> tuple[str, ...]:
    """Return the project's files in ``packages``.

    Looking at every imported module would copy a page for each.
    """
    found: dict[str, None] = {}
    for name in list(sys.modules):
        if name.partition(".")[0] not in packages:
            continue
        path = places.file_of_module(name)
        if path is not None and places.origin_of_file(path) == "project":
            found[path] = None
    return tuple(found)[:MOST_FILES]


def _def_line(code: CodeType) -> int:
    """Return the line of ``def``: decorators stand above it."""
    if code.co_name.startswith("<"):  # of an expression, or a module
        return code.co_firstlineno
    text = lines(code.co_filename)
    for number in range(code.co_firstlineno, min(len(text), code.co_firstlineno + 20)):
        start = text[number - 1].lstrip()
        if start.startswith(("def ", "async def ")):
            return number
    return code.co_firstlineno
