"""Tells a secret: by the name of what holds it, or by its look."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

LONGEST_NAME = 200
MOST_NAMES = 500
_IN_A_NAME = re.compile(
    r"token|key|pass[^a-z]?(?:word|wd|phrase|code)|pwd|secret|auth|sess|signature"
    r"|credential|jwt|csrf|xsrf|hmac|cookie|bearer|^x-(?:amz|goog)-"
)
_HARMLESS = re.compile(
    r"key(?:word|board|error)|(?:mon|tur|hoc|joc|don|whis)key|author(?!i[sz])|assess"
    r"|possess|secretar"
)
_WORDS = frozenset(
    ["pass", "pw", "psw", "otp", "totp", "pin", "cvv", "cvc", "sid", "sig", "sign"]
)
_ENDINGS = ("pass", "pw", "sig")
_NO_ENDING = frozenset(["bypass", "compass", "overpass", "underpass", "trespass"])
_OF_CODES = frozenset(
    ["code", "access", "activation", "confirmation", "device", "invite", "login"]
    + ["reset", "security", "sms", "user", "verification"]
)
"""A code is a secret alone or with these: that of a country or a product is none."""
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+")

_TOKEN = re.compile(
    r"eyJ[\w-]+\.[\w-]+"  # a JSON Web Token
    r"|bot\d+:[\w-]+"  # Telegram
    r"|A[KS]IA[A-Z0-9]{12}"  # Amazon
    r"|[Bb]earer\s+\S|BEARER\s+\S"
    r"|-----BEGIN ",
    re.ASCII,
)
_LONG = re.compile(r"[\w+/=.~-]{20,}", re.ASCII)
_HEX = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)
"""A hash or a UUID."""
_CHANGE = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[0-9]|(?<=[0-9])[A-Za-z]")
_CHARS_A_CHANGE = 5
"""Of chance, letters become digits or capitals every other time; words do hardly."""


def has_secret_name(name: str) -> bool:
    """Tell whether the value behind ``name`` must not be shown.

    ``apiKey``, ``API_KEY``, ``X-Api-Key`` and ``%61pikey`` are all one, and what is
    too long for a name is taken for one.
    """
    return len(name) > LONGEST_NAME or _is_secret_name(name)


@lru_cache(maxsize=MOST_NAMES)
def _is_secret_name(name: str) -> bool:
    name = unquote(unquote(name))
    plain = _HARMLESS.sub("", name.lower())
    if _IN_A_NAME.search(plain):
        return True
    words = {*_WORD.findall(plain), *_WORD.findall(_HUMP.sub(" ", name).lower())}
    if "code" in words and words <= _OF_CODES:
        return True
    endings = (word for word in words - _NO_ENDING if word.endswith(_ENDINGS))
    return not words.isdisjoint(_WORDS) or any(endings)


def looks_secret(value: str) -> bool:
    """Tell whether ``value`` is, or has, a known kind of token or long random text."""
    if _TOKEN.search(value):
        return True
    return any(map(_is_random, _LONG.findall(value)))


def _is_random(run: str) -> bool:
    if not (any(map(str.isdigit, run)) and any(map(str.isalpha, run))):
        return False
    changes = len(_CHANGE.findall(run))
    return changes * _CHARS_A_CHANGE >= len(run) or _HEX.search(run) is not None
