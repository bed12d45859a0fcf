"""Finds in a syntax tree the expressions that put something somewhere."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from scrapy_leakwatch.foundation.lines import last_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ADDERS = frozenset(
    [
        "append",
        "appendleft",
        "add",
        "insert",
        "extend",
        "extendleft",
        "update",
        "setdefault",
        "put",
        "put_nowait",
        "push",
        "put_many",
        "__setitem__",
    ]
)
_INSERTERS = frozenset(
    ["heappush", "heappushpop", "insort", "insort_left", "insort_right"]
)
_READERS = (
    *(
        "get",
        "query",
        "find",
        "fetch",
        "select",
        "count",
        "exists",
        "has",
        "is_",
        "read",
    ),
    *(
        "pop",
        "remove",
        "delete",
        "discard",
        "clear",
        "close",
        "flush",
        "commit",
        "join",
    ),
    *("shutdown", "configure", "connect", "scalar"),
)
"""What the methods are called that keep nothing of what they get, as a rule."""
_OF_PRODUCERS = _ADDERS | {"qsize", "empty", "full", "maxsize"}
_EMPTY = frozenset(
    [
        "list",
        "dict",
        "set",
        "deque",
        "defaultdict",
        "OrderedDict",
        "WeakKeyDictionary",
        "Queue",
        "LifoQueue",
        "PriorityQueue",
        "SimpleQueue",
        "JoinableQueue",
        "DeferredQueue",
        "WeakValueDictionary",
        "Counter",
        "object_ref",
    ]
)


@dataclass(frozen=True, slots=True)
class Expression:
    """Where something is put: the line, its surroundings, the names it uses.

    ``adds``: to what is there, it does not take its place.
    """

    line: int
    class_name: str
    function: str
    base: str
    names: frozenset[str]
    adds: bool = True


@dataclass(frozen=True, slots=True)
class _Scope:
    class_name: str = ""
    function: str = ""


def keyed(tree: ast.AST, bag: str, key: str) -> list[Expression]:
    """Return where ``key`` is put into ``bag``, which is ``meta`` or ``cb_kwargs``."""
    found = []
    for node, scope, body in statements(tree):
        for place in _keyed_here(node, bag, key, body):
            names = names_in(node)
            found.append(
                Expression(place.lineno, scope.class_name, scope.function, "", names)
            )
    return found


def stored(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where something is put into the attribute or global ``name``."""
    found = []
    for node, scope, _ in statements(tree):
        for target in _targets(node):
            base = base_of(target, name, is_global)
            if base is not None:
                adds = isinstance(node, ast.Call | ast.AugAssign)
                adds = adds or isinstance(target, ast.Subscript)
                place = (node.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, base, names_in(node), adds))
    return found


def grown(tree: ast.AST, name: str, is_global: bool, key: str = "") -> list[Expression]:
    """Return where something is added to what ``name`` is, or has at ``key``.

    Unlike `stored` not where another container takes its place. A ``key`` that
    is computed may be the one.
    """
    found = []
    for node, scope, _ in statements(tree):
        for target in _grown_targets(node, name):
            base = base_of(target, name, is_global)
            if base is not None and (not key or _first_key(target) in {"", key}):
                place = (node.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, base, names_in(node)))
    return found


def used(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where a method of what ``name`` is gets something, which may stay.

    Where there are others, not those that ask for something or let go of it.
    """
    found, readers = [], set[Expression]()
    for node, scope, _ in statements(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            base = base_of(node.func.value, name, is_global)
            if base is not None and (node.args or node.keywords):
                place = (node.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, base, names_in(node), adds=False))
                if node.func.attr.lstrip("_").startswith(_READERS):
                    readers.add(found[-1])
    return [one for one in found if one not in readers] or found


def read_otherwise(tree: ast.AST, name: str, is_global: bool) -> list[Expression]:
    """Return where a queue is read, but to put something there or to ask how it is."""
    puts = {
        part.value
        for part in ast.walk(tree)
        if isinstance(part, ast.Attribute) and part.attr in _OF_PRODUCERS
    }
    found = []
    for node, scope, _ in scoped(tree):
        if isinstance(node, ast.Attribute | ast.Name) and node not in puts:
            base = base_of(node, name, is_global)
            if base is not None and isinstance(node.ctx, ast.Load):
                place = (node.lineno, scope.class_name, scope.function)
                found.append(Expression(*place, base, frozenset()))
    return found


Statement = ast.Call | ast.Assign | ast.AnnAssign | ast.AugAssign


def statements(tree: ast.AST) -> Iterator[tuple[Statement, _Scope, ast.AST]]:
    """Yield calls and assignments with their scope and innermost function."""
    for node, scope, body in scoped(tree):
        if isinstance(node, ast.Call | ast.Assign | ast.AnnAssign | ast.AugAssign):
            yield node, scope, body


def scoped(tree: ast.AST) -> Iterator[tuple[ast.AST, _Scope, ast.AST]]:
    """Yield each node with its scope and innermost function."""
    stack: list[tuple[ast.AST, _Scope, ast.AST]] = [(tree, _Scope(), tree)]
    while stack:
        node, scope, body = stack.pop()
        yield node, scope, body
        if isinstance(node, ast.ClassDef):
            scope = _Scope(node.name, "")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            scope, body = _Scope(scope.class_name, node.name), node
        stack += [(child, scope, body) for child in ast.iter_child_nodes(node)]


def _keyed_here(
    node: Statement, bag: str, key: str, body: ast.AST
) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg == bag:
                yield from _entries(keyword.value, key)
                if isinstance(keyword.value, ast.Name):
                    yield from _put_into_variable(body, keyword.value.id, bag, key)
        if isinstance(node.func, ast.Attribute) and last_name(node.func.value) == bag:
            yield from _put_by_method(node, key)
    elif isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):
        for target in node.targets:
            if _container_of(target, key) == bag:
                yield target


def _put_into_variable(
    body: ast.AST, name: str, bag: str, key: str
) -> Iterator[ast.expr]:
    for node in ast.walk(body):
        if not isinstance(node, ast.Assign) or isinstance(node.value, ast.Constant):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                yield from _entries(node.value, key)
            elif name != bag and _container_of(target, key) == name:
                yield target


def _put_by_method(call: ast.Call, key: str) -> Iterator[ast.expr]:
    name = last_name(call.func)
    if name == "update":
        yield from _entries(call, key)
        for arg in call.args:
            yield from _entries(arg, key)
    elif name in {"setdefault", "__setitem__"} and call.args:
        first = call.args[0]
        if isinstance(first, ast.Constant) and first.value == key:
            yield first


def _entries(value: ast.expr, key: str) -> Iterator[ast.expr]:
    """Yield the entries for ``key`` that dictionaries written in ``value`` have."""
    for node in ast.walk(value):
        if isinstance(node, ast.Dict):
            for name, entry in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(name, ast.Constant)
                    and name.value == key
                    and not isinstance(entry, ast.Constant)
                ):
                    yield name
        elif isinstance(node, ast.Call) and last_name(node.func) in {"dict", "update"}:
            for keyword in node.keywords:
                if keyword.arg == key and not isinstance(keyword.value, ast.Constant):
                    yield keyword.value


def _container_of(target: ast.expr, key: str) -> str | None:
    """Return ``name`` of a target ``name[key]``, ``None`` for any other target."""
    if (
        isinstance(target, ast.Subscript)
        and isinstance(target.slice, ast.Constant)
        and target.slice.value == key
    ):
        return last_name(target.value)
    return None


def _targets(node: Statement) -> Iterator[ast.expr]:
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        if node.value is None or is_empty(node.value):
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (one for one in targets if not _is_kept(one, node.value))
    elif _is_adder(node.func):
        yield node.func.value
    elif last_name(node.func) in _INSERTERS and node.args:
        yield node.args[0]
    else:  # another calls it, such as a thread
        yield from (arg.value for arg in node.args if _is_adder(arg))


def _is_kept(target: ast.expr, value: ast.expr) -> bool:
    """Tell whether an assignment leaves what is there, and makes it where nothing is.

    As in ``self.rows = getattr(self, "rows", [])`` and ``self.rows = self.rows or []``.
    """
    name = last_name(target)
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        return last_name(value.values[0]) == name and is_empty(value.values[-1])
    if not isinstance(value, ast.Call) or last_name(value.func) != "getattr":
        return False
    return name in _constants(value) and any(map(is_empty, value.args[2:]))


def _is_adder(node: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and node.attr in _ADDERS


def _grown_targets(node: Statement, name: str) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        yield from _targets(node)
    elif isinstance(node, ast.AugAssign):
        yield node.target
    elif node.value is not None:
        used = _made_of(node.value)
        named = {name} <= names_in(used) or name in _constants(used)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            is_other = ast.unparse(target) != ast.unparse(node.value)
            is_other = is_other and not _is_kept(target, node.value)
            if isinstance(target, ast.Subscript) or (named and is_other):
                yield target


def _made_of(value: ast.expr) -> ast.AST:
    """Return what a value is made of: of a new container, such as a queue, its entries.

    Its class may be in a module of the same name.
    """
    if isinstance(value, ast.Call) and last_name(value.func) in _EMPTY:
        return ast.List(value.args, ast.Load())
    return value


def _constants(node: ast.AST) -> set[object]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}


def _first_key(target: ast.expr) -> str:
    """Return the first key behind a name where it is written out, else nothing."""
    key: ast.expr | None = None
    while isinstance(target, ast.Subscript | ast.Call):
        if isinstance(target, ast.Subscript):
            key, target = target.slice, target.value
        elif isinstance(target.func, ast.Attribute):
            key, target = next(iter(target.args), None), target.func.value
        else:
            break
    written = isinstance(key, ast.Constant) and isinstance(key.value, str)
    return str(key.value) if written and isinstance(key, ast.Constant) else ""


def is_empty(value: ast.expr) -> bool:
    """Tell whether a value is a new and empty container, or a constant."""
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return not value.elts
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.Call) and last_name(value.func) in _EMPTY


def base_of(target: ast.expr, name: str, is_global: bool) -> str | None:
    """Return whose ``name`` the target is: ``self``, a class, empty if global."""
    while True:
        if isinstance(target, ast.Subscript):
            target = target.value
        elif isinstance(target, ast.Call) and isinstance(target.func, ast.Attribute):
            target = target.func.value
        else:
            break
    if isinstance(target, ast.Attribute) and target.attr == name:
        return last_name(target.value)
    if is_global and isinstance(target, ast.Name) and target.id == name:
        return ""
    return None


def base_among(values: Iterable[ast.expr], name: str, is_global: bool) -> str | None:
    """Return whose ``name`` the first value is that is one, None where none is."""
    bases = (base_of(each, name, is_global) for each in values)
    return next((base for base in bases if base is not None), None)


def arguments(call: ast.Call) -> list[ast.expr]:
    """Return what a call hands over, by place or by name."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def names_in(node: ast.AST) -> frozenset[str]:
    """Return the names that are used below a node."""
    return frozenset(filter(None, (last_name(part) for part in ast.walk(node))))
