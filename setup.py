"""What setup.cfg can't say: the part in C, without which there is one in Python."""

from setuptools import Extension, setup

HEAP = "scrapy_leakwatch/heap"

setup(
    ext_modules=[
        Extension(
            "scrapy_leakwatch.heap._graph",
            [f"{HEAP}/_graph.c"],
            depends=[f"{HEAP}/_blocks.h", f"{HEAP}/_trees.h"],
            optional=True,
        )
    ]
)
