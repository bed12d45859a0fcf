"""The calls in the source of a component, of which some take a resource."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scrapy_leakwatch.foundation import anatomy, places
from scrapy_leakwatch.foundation.lines import last_name, tree_of
from scrapy_leakwatch.observe.resources.owners import FRAMEWORK

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Call:
    """A call in the source of a class.

    It stands from ``line`` to ``end``. ``targets`` are the attributes and globals
    that its result is put into, ``names`` the names and strings inside it,
    ``around`` those in its method.
    """

    name: str
    path: str
    line: int
    end: int
    class_name: str
    method: str
    targets: frozenset[str]
    names: frozenset[str]
    around: frozenset[str]


class Sources:
    """The calls of classes, each read once. Returns none where there is no source."""

    def __init__(self) -> None:
        self._calls: dict[int, tuple[Call, ...]] = {}
        self._defined: dict[int, tuple[type, list[tuple[str, ast.ClassDef]]]] = {}
        self._files: dict[str, dict[str, list[ast.ClassDef]]] = {}

    def calls(self, cls: type) -> tuple[Call, ...]:
        """Return the calls in a class and in its bases that are not Scrapy's."""
        if id(cls) not in self._calls:
            self._calls[id(cls)] = tuple(
                call for node in self._definitions(cls) for call in _calls_in(*node)
            )
        return self._calls[id(cls)]

    def has(self, cls: type, path: str, line: int) -> bool:
        """Tell whether a line stands inside a class."""
        modules = map(anatomy.module, anatomy.mro(cls))
        return path in map(places.file_of_module, modules) and any(
            path == place and node.lineno <= line <= (node.end_lineno or 0)
            for place, node in self._definitions(cls)
        )

    def may_answer_later(self, cls: type, method: str) -> bool:
        """Tell whether a plain method returns something, which may be a Deferred."""
        for _, node in self._definitions(cls):
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name == method:
                    return any(
                        isinstance(each, ast.Return) and each.value is not None
                        for each in ast.walk(part)
                    )
        return True

    def _definitions(self, cls: type) -> list[tuple[str, ast.ClassDef]]:
        if id(cls) not in self._defined:
            self._defined[id(cls)] = (cls, list(self._defining(cls)))
        return self._defined[id(cls)][1]

    def _defining(self, cls: type) -> Iterator[tuple[str, ast.ClassDef]]:
        for base in anatomy.mro(cls):
            module = anatomy.module(base)
            if base is object or f"{module}.".startswith(FRAMEWORK):
                continue
            path = places.file_of_module(module)
            named = self._named(path).get(anatomy.name(base), []) if path else []
            if path is not None and len(named) == 1:
                yield path, named[0]

    def _named(self, path: str) -> dict[str, list[ast.ClassDef]]:
        """Return the classes of a file by name."""
        if path not in self._files:
            self._files[path] = {}
            tree = tree_of(path) if path.endswith(".py") else None
            for node in _classes(tree) if tree is not None else ():
                self._files[path].setdefault(node.name, []).append(node)
        return self._files[path]


def _classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    """Yield the classes of a module; none is inside an expression."""
    for name in ("body", "orelse", "finalbody", "handlers"):
        for node in getattr(tree, name, None) or ():
            if isinstance(node, ast.ClassDef):
                yield node
            if isinstance(node, ast.AST):
                yield from _classes(node)


def _calls_in(path: str, cls: ast.ClassDef) -> Iterator[Call]:
    for node in cls.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            method = _Method()
            for part in node.body:
                method.visit_with(part, frozenset())
            around = _names(node)
            for call, targets in method.calls:
                yield Call(
                    name=last_name(call.func),
                    path=path,
                    line=call.lineno,
                    end=call.end_lineno or call.lineno,
                    class_name=cls.name,
                    method=node.name,
                    targets=method.ends(targets),
                    names=_names(call),
                    around=around,
                )


@dataclass(slots=True)
class _Method:
    """Where the results of the calls in one function go."""

    calls: list[tuple[ast.Call, frozenset[str]]] = field(default_factory=list)
    passed: dict[str, set[str]] = field(default_factory=dict)

    def visit_with(self, node: ast.AST, targets: frozenset[str]) -> None:
        if isinstance(node, ast.With | ast.AsyncWith):
            for part in node.body:  # what it opens, it closes
                self.visit_with(part, frozenset())
            return
        if isinstance(node, ast.Name):
            self.passed.setdefault(node.id, set()).update(targets)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            written = node.targets if isinstance(node, ast.Assign) else [node.target]
            targets = frozenset(name for each in written for name in _ends_in(each))
            self.visit_with(node.value, targets) if node.value else None
            return
        if isinstance(node, ast.Call):
            if not _is_own_method(node.func):
                self.calls.append((node, targets))
            if isinstance(node.func, ast.Attribute):
                targets |= {_base_name(node.func.value)} - {""}
        elif isinstance(node, ast.stmt | ast.Lambda):
            targets = frozenset()
        for child in ast.iter_child_nodes(node):
            self.visit_with(child, targets)

    def ends(self, targets: frozenset[str]) -> frozenset[str]:
        """Return the targets with what local variables among them are put into."""
        found = set(targets)
        for name in targets:
            found |= self.passed.get(name, set())
        return frozenset(found)


def _is_own_method(function: ast.expr) -> bool:
    """Tell whether a call is of ``self`` or ``super()``: it takes nothing itself."""
    if not isinstance(function, ast.Attribute):
        return False
    base = function.value
    if isinstance(base, ast.Call):
        return isinstance(base.func, ast.Name) and base.func.id == "super"
    return isinstance(base, ast.Name) and base.id in {"self", "cls"}


def _base_name(target: ast.AST) -> str:
    while isinstance(target, ast.Subscript | ast.Starred):
        target = target.value
    return last_name(target)


def _ends_in(target: ast.AST) -> Iterator[str]:
    """Yield the names that an assignment fills."""
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _ends_in(each)
    elif name := _base_name(target):
        yield name


def _names(node: ast.AST) -> frozenset[str]:
    found = {last_name(part) for part in ast.walk(node)}
    found |= {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    return frozenset(found - {""})
