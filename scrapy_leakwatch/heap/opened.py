"""Temporary."""


def open_up(obj):
    return 0, []
