"""Makes crawled text safe to print: no control characters, no secrets.

URLs, keys, class names and lines of source end up in log lines, recordings and
reports, so they must neither forge a line nor carry a password out of the crawl.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from scrapy_leakwatch.foundation.secrets import has_secret_name, looks_secret

MASK = "***"
LONGEST = 200
LONGEST_CODE = 160
MOST = 1000
"""Characters that are looked at, a bound of the time it takes; no more are shown."""
DEEPEST = 8
"""URLs within URLs that are looked into; what is deeper is masked."""
LONGEST_NAME = 200
"""Characters before a literal in which its name is looked for."""
SHORT = 16
"""What is shorter, and has no `_MARKS`, has no secret in it."""

_MARKS = re.compile(r"[=%@:\"'\s]|eyJ")
_USERINFO = re.compile(
    r"(?:(?<=:)//[^/?#]+|//[^/?#\[\s]+"  # no XPath
    r"|(?<=:)//[^/?#@:\[]*:(?!\d*(?:[/?#]|$))[^@]*)@"  # a password with / ? or #
)
_AFTER_PATH = re.compile(r"[?#]")
_PART = re.compile(r"(?<![^:])//[^/?#]*|([^/?&;#=]*)=([^&;#]*)|([^/?&;#=]+)")
"""The host, a name with its value, or a segment."""
_LITERAL = re.compile(
    r"""((?:(?<!\w)[rRbBfFuU]{1,2})?(["']))((?:\\.|(?!\2).)*)(\2|$)"""
)
_NAME = re.compile(r"\b(\w+)(?:\s*:[^=,:(]*)?[\s=!:(\[\]{,+]*$")


def text(value: str, longest: int = LONGEST) -> str:
    """Return ``value`` on one line, printable, at most ``longest`` characters.

    What is not printable (line ends, escape sequences, directional marks)
    is written as its Python escape.
    """
    value = str.__str__(value)  # a subclass may do anything
    if len(value) > longest:
        value = value[: longest - 1] + "…"
    if value.isprintable():
        return value
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in value
    )


def url(value: str, longest: int = LONGEST) -> str:
    """Return ``value`` as `text`, without passwords and other secrets.

    These are the value of a parameter that is named like one, in the path, the query
    or the fragment; what is before the ``@`` of a host, but for the user's name; and
    tokens and long random text anywhere but in a host's name. URLs within URLs too.
    """
    if len(value) > MOST:
        value = value[:MOST] + "@…"  # it is masked where its host's name is cut off
    return text(_masked(value, DEEPEST), longest)


def code(line: str, longest: int = LONGEST_CODE) -> str:
    """Return a line of source as `text`, the literals of secrets masked.

    A literal is one by the name that is before it, or as a `url`.
    """
    return text(_literals(line[:MOST], DEEPEST), longest)


def _masked(value: str, depth: int) -> str:
    if len(value) < SHORT and not _MARKS.search(value):
        return value
    if depth < 0:
        return MASK
    if "@" in value:
        value = _USERINFO.sub(_user, value)
    found = _AFTER_PATH.search(value)
    end = found.start() if found else len(value)

    def masked(part: re.Match[str]) -> str:
        name, given, segment = part.groups()
        if segment is not None:
            return _segment(segment, depth)
        if name is None:
            return part[0]
        shown = _segment(name, depth)
        return f"{shown}={MASK if has_secret_name(name) else _value(given, depth)}"

    return _PART.sub(masked, value[:end]) + _PART.sub(masked, value[end:])


def _user(userinfo: re.Match[str]) -> str:
    user, colon, _ = userinfo[0][2:-1].partition(":")
    return f"//{user}:{MASK}@" if colon and not looks_secret(user) else f"//{MASK}@"


def _value(value: str, depth: int) -> str:
    if len(value) >= SHORT:
        plain = unquote(value)
        if "://" not in plain and looks_secret(plain):
            return MASK
    return _masked(value, depth - 1)


def _segment(segment: str, depth: int) -> str:
    if len(segment) < SHORT and not _MARKS.search(segment):
        return segment
    plain = unquote(segment)
    if plain != segment:
        masked = _masked(plain, depth - 1)
        if masked != plain:
            return quote(masked, safe="*")
    elif '"' in segment or "'" in segment:
        segment = _literals(segment, depth - 1)
    return MASK if looks_secret(plain) else segment


def _literals(line: str, depth: int) -> str:
    """Return a line of source, or JSON, the literals of secrets masked."""
    shown, end, name, several = "", 0, "", False
    for literal in _LITERAL.finditer(line):
        between = line[end : literal.start()]
        told = _NAME.search(between[-LONGEST_NAME:])
        several = several and between.strip() == ","
        if told is not None:
            name = told[1]
        secret = several or has_secret_name(name)
        several = secret and (several or between.endswith("("))
        begin, _, content, quotes = literal.groups()
        hidden = MASK if secret and content else _masked(content, depth - 1)
        shown += between + begin + hidden + quotes
        end, name = literal.end(), content or name
    return shown + line[end:]
