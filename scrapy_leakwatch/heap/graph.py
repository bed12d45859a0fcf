"""Temporary."""

from scrapy_leakwatch.heap._graph import Graph

IN_C = True


def make(rule):
    return Graph(rule)
