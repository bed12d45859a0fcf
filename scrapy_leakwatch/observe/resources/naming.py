"""Names the functions and objects behind what the event loop keeps."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from types import CodeType, CoroutineType, FunctionType, MethodType
from typing import Any

import scrapy
import twisted

from scrapy_leakwatch import anatomy, places, redact

DEEPEST = 8
_FRAMEWORK = tuple(
    str(Path(module.__file__).parent) + os.sep
    for module in (scrapy, twisted, asyncio)
    if module.__file__
)


def function_of(obj: Any) -> FunctionType | None:
    """Return the Python function that runs when ``obj`` is called."""
    for _ in range(DEEPEST):
        if type(obj) is FunctionType:
            return obj
        if type(obj) is MethodType:
            obj = obj.__func__
        elif anatomy.is_a(obj, partial):
            obj = anatomy.attribute(obj, "func")
        else:
            return None
    return None


def code_of(obj: Any) -> CodeType | None:
    """Return the code that runs in a function, a method or a coroutine."""
    if type(obj) is CoroutineType:
        return obj.cr_code
    function = function_of(obj)
    return None if function is None else function.__code__


def name_of(obj: Any) -> str:
    """Return what a person calls a callable or a coroutine."""
    if type(obj) is CoroutineType:
        return redact.text(obj.__qualname__)
    if type(obj) is MethodType:
        bound: Any = obj.__self__
        cls = bound if anatomy.is_a(bound, type) else type(bound)
        function = function_of(obj)
        name = function.__name__ if function is not None else "?"
        return redact.text(f"{anatomy.name(cls)}.{name}")
    function = function_of(obj)
    if function is not None:
        return redact.text(function.__qualname__.replace("<locals>.", ""))
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
    return [] if frame is None else list(dict(frame.f_locals).values())
