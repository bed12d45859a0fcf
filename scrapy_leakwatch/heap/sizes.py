"""Temporary."""

import sys
from types import MethodDescriptorType, GeneratorType, CoroutineType, AsyncGeneratorType
from scrapy_leakwatch import anatomy

_T = sys.stdlib_module_names | {"builtins", "numpy"}


def rule(cls):
    mode = (
        1
        if cls is GeneratorType or cls is CoroutineType or cls is AsyncGeneratorType
        else 0
    )
    for base in anatomy.mro(cls):
        m = anatomy.namespace(base).get("__sizeof__")
        if (
            type(m) is MethodDescriptorType
            and anatomy.module(base).partition(".")[0] in _T
        ):
            return mode, m
    return mode, None
