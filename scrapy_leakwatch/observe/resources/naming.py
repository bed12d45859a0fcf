"""Names the functions and objects behind what the event loop keeps."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path
from types import CellType, CodeType, CoroutineType, MethodType
from typing import Any

import scrapy
import twisted

from scrapy_leakwatch.foundation import anatomy, places, redact

_FRAMEWORK = tuple(
    str(Path(module.__file__).parent) + os.sep
    for module in (scrapy, twisted, asyncio)
    if module.__file__
)


def code_of(obj: Any) -> CodeType | None:
    """Return the code that runs in a function, a method or a coroutine."""
    if type(obj) is CoroutineType:
        return obj.cr_code
    function = anatomy.function_of(obj)
    return None if function is None else function.__code__


def name_of(obj: Any) -> str:
    """Return what a person calls a callable or a coroutine."""
    if type(obj) is CoroutineType:
        return redact.text(obj.__qualname__)
    if type(obj) is MethodType:
        bound: Any = obj.__self__
        cls = bound if anatomy.is_a(bound, type) else type(bound)
        function = anatomy.function_of(obj)
        name = str.__str__(function.__name__) if function is not None else "?"
        return redact.text(f"{anatomy.name(cls)}.{name}")
    function = anatomy.function_of(obj)
    if function is not None:
        qualname = str.__str__(function.__qualname__)
        return redact.text(qualname.replace("<locals>.", ""))
    return redact.text(anatomy.name(type(obj)))


def hints_of(obj: Any) -> frozenset[str]:
    """Return the names by which a project's source speaks of its own callable."""
    code = code_of(obj)
    if code is None or not places.is_project(code):
        return frozenset()
    return frozenset({code.co_name})


def is_ours(obj: Any) -> bool:
    """Tell whether the code behind ``obj`` is LeakWatch's own."""
    code = code_of(obj)
    return code is not None and code.co_filename.startswith(places.PACKAGE)


def is_framework(code: CodeType) -> bool:
    """Tell whether code is of Scrapy, Twisted or asyncio."""
    return code.co_filename.startswith(_FRAMEWORK)


def locals_of(coroutine: Any) -> list[Any]:
    """Return the arguments and variables of a suspended coroutine."""
    frame = coroutine.cr_frame
    if frame is None:
        return []
    if sys.version_info >= (3, 13):
        return list(dict(frame.f_locals).values())
    return _referents(coroutine, frame)


def _referents(coroutine: Any, frame: Any) -> list[Any]:
    """Return what the frame holds; its ``f_locals`` would keep the values alive.

    That is a copy, before Python 3.13, and stays with the frame. What the frame
    is made of is left out, and so is what the coroutine waits for.
    """
    made_of = (coroutine.cr_await, frame, frame.f_code, frame.f_globals)
    known = {id(part) for part in (*made_of, frame.f_builtins)}
    holder = frame if sys.version_info < (3, 11) else coroutine
    held = [each for each in gc.get_referents(holder) if id(each) not in known]
    cells = [gc.get_referents(each) for each in held if type(each) is CellType]
    return [*held, *(value for inside in cells for value in inside)]
