"""Makes crawled text safe to print: no control characters, no secrets.

URLs, keys and class names come from the crawled site. They end up in log
lines, recordings and reports, so they must neither forge a line nor carry a
password out of the crawl.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

MASK = "***"
LONGEST = 200

_SECRET = re.compile(
    r"token|key|passw|pwd|secret|auth|sess|sig|credential|jwt", re.IGNORECASE
)
_HARMLESS = re.compile(
    r"keyword|keyboard|author(?!i[sz])|assign|design|insight|assess|possess",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(?<=://)([^/?#:@]*):[^/?#]*@")
_PARAMETER = re.compile(r"(?<=[?&;#])([^=?&;#]+)=([^&;#]*)")


def text(value: str, longest: int = LONGEST) -> str:
    """Return ``value`` on one line, printable, at most ``longest`` characters.

    What is not printable (line ends, escape sequences, directional marks)
    is written as its Python escape.
    """
    if len(value) > longest:
        value = value[: longest - 1] + "…"
    if value.isprintable():
        return value
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in value
    )


def url(value: str, longest: int = LONGEST) -> str:
    """Return ``value`` as `text`, its passwords and secret parameters masked.

    A parameter is secret when its name is like one of a token, key, password,
    secret, session or signature.
    """
    value = _PASSWORD.sub(rf"\1:{MASK}@", value)
    return text(_PARAMETER.sub(_masked, value), longest)


def is_secret_name(name: str) -> bool:
    """Tell whether the value behind ``name`` must not be shown."""
    return _SECRET.search(_HARMLESS.sub("", unquote(name))) is not None


def _masked(parameter: re.Match[str]) -> str:
    name = parameter[1]
    return f"{name}={MASK}" if is_secret_name(name) else parameter[0]
