"""Recordings that are damaged in their bytes, their lines and their fields."""

from __future__ import annotations

import json
from functools import cache

from hypothesis import strategies as st

from scrapy_leakwatch.recordings import writing
from tests import synthetic
from tests.billing import BILL, FIRST, NO_BILL
from tests.synthetic import HTML, LIMIT, RUN, START

MARK = "x9y"
"""Names the elements and attributes that no page may have."""
MARKUP = f"\"'></script><{MARK} {MARK}=1 on{MARK}=1>--><!--{{{{{MARK}}}}}"
ODD_NUMBERS = [0, -1, 1, 2**31, 2**63, -(2**63), 10**17, 10**18, 10**400, 1e-320, 1e300]
ODD_NUMBERS += [-0.0, 0.1, float("inf"), float("-inf"), float("nan"), 1e17, -1e17]
ODD_TEXTS = ["", "\0", "\x1b[2J\x1b]0;x\x07", "\x9b31m", "\r\n", "\u202e", "\ud800"]
ODD_TEXTS += [
    "\udfff\ud800",
    MARKUP,
    f"javascript:{MARKUP}",
    "é日本",
    "x" * 5000,
    "%(name)s",
]
ODD_TEXTS += ["memory", "leak", "recovered", "Request", "responses", "[red]", "a.b[c"]

scalars = (
    st.none()
    | st.booleans()
    | st.sampled_from(ODD_NUMBERS)
    | st.integers()
    | st.floats()
    | st.sampled_from(ODD_TEXTS)
    | st.text(st.characters(), max_size=20)
)
values = st.recursive(
    scalars,
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.sampled_from(ODD_TEXTS) | st.text(max_size=5), each, max_size=3
        )
    ),
    max_leaves=6,
)


@cache
def whole() -> tuple[dict[str, object], ...]:
    """Return the lines of a crawl that was told each kind of line there is."""
    kinds = ["leak", "stalled", "unreleased", "hoard", "children", "native", "garbage"]
    kinds += ["fragmentation", "backlog", "inconclusive"]
    said = [
        synthetic.verdict(
            START + 60 + number, kind, "memory" if kind in MEMORY else f"Class{number}",
            id=number, cause=None, withdraws=None, bytes=10**6 * (number % 2),
            share_of_growth=0.5, limit=LIMIT, limit_in_s=3600.0, oldest_s=60.0,
            limit_of="memory", caveat="a caveat", remedy="a remedy",
            signature=f"{number}296c8ac", example_url="http://shop.example/?p=1",
            suppressed=False,
        )
        for number, kind in enumerate(kinds, 1)
    ]  # fmt: skip
    over = said[0] | {"kind": "recovered", "withdraws": 1, "time": START + 90}
    found = synthetic.explanation(START + 61.5, "Class1", verdict=1)
    other = {"holder": "spider.a", "owner": "spider", "held": 3, "location": "a.py:1"}
    failed = {"type": "explanation", "time": START + 62, "verdict": 2,
              "subject": "Class2", "class": HTML, "failed": "too slow"}  # fmt: skip
    layers = {"type": "layers", "time": START + 66.5, "verdict": 6, "rss": 9 * 10**7,
              "arenas": 10**7, "arenas_free": 10**6, "malloc_used": 10**7,
              "malloc_free": 10**6, "stall_ms": 5.0}  # fmt: skip
    trim = {"type": "trim", "time": START + 70, "before": 9, "after": 4, "took_s": 0.1}
    program = {"name": "chrome", "count": 3, "bytes": 10**8}
    children = {"count": 3, "bytes": 10**8, "measure": "pss", "programs": [program]}
    progress = {"downloading": 1, "scraping": 2, "items": 1, "older": 1,
                "oldest_s": 9.5, "longest_s": 1.5, "still_s": 0.0, "still_samples": 0,
                "stage": "open"}  # fmt: skip
    resources = {"threads": 9, "files": 20, "sockets": None, "pages": 3}
    more = {"children": children, "progress": progress, "resources": resources}
    process = {"boot": "a", "started": 1, "group": "/sys/fs", "group_id": 1,
               "oom_kills": 0}  # fmt: skip
    stats = {"leakwatch/samples": 12, "finish_reason": "finished", "a": 1.5, "b": None}
    bills = [writing.of_bill(bill) for bill in (FIRST, NO_BILL, BILL)]
    lines = [
        RUN | {"process": process},
        *(synthetic.sample(number) | more for number in range(12)),
        *said,
        found | {"others": [other]},
        failed,
        layers,
        trim,
        over,
        *bills,
        {"type": "exit", "time": START + 118},
        {"type": "summary", "time": START + 120, "stats": stats, "verdicts": said[:2]},
    ]
    return tuple(lines)


MEMORY = {"native", "fragmentation", "inconclusive"}


def encoded(line: object) -> bytes:
    """Return a line as it is in a file."""
    return json.dumps(line).encode() + b"\n"


def places(line: object, above: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the way to each value in a line, at any depth."""
    if isinstance(line, dict):
        inner = list(line.items())
    elif isinstance(line, list):
        inner = list(enumerate(line))
    else:
        return []
    found = []
    for key, value in inner:
        found += [(*above, key), *places(value, (*above, key))]
    return found


def changed(line, way, change):
    """Return a line where ``change`` was done to the container and key at a place."""
    copy = json.loads(json.dumps(line))
    inner = copy
    for key in way[:-1]:
        inner = inner[key]
    change(inner, way[-1])
    return copy


def _drop(inner, key):
    del inner[key]


@st.composite
def mutated_lines(draw, lines=None):
    """Return a line of a recording, some of its fields dropped, swapped or retyped."""
    line = draw(st.sampled_from(lines or whole()[1:]))
    for _ in range(draw(st.integers(1, 3))):
        ways = [way for way in places(line) if way != ("type",)]
        if not ways:
            break
        way = draw(st.sampled_from(ways))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            line = changed(line, way, _drop)
        elif kind == 1:
            other = draw(st.sampled_from(ways))
            line = changed(line, way, _set(_at(line, other)))
        elif kind == 2:
            texts = [way for way in ways if type(_at(line, way)) is str]
            way = draw(st.sampled_from(texts or ways))
            line = changed(line, way, _set(draw(st.sampled_from(ODD_TEXTS))))
        else:
            line = changed(line, way, _set(draw(values)))
    return line


def _at(line, way):
    for key in way:
        line = line[key]
    return line


def _set(value):
    def change(inner, key):
        inner[key] = value

    return change


@st.composite
def mutated(draw):
    """Return the lines of a recording, some mutated, dropped, repeated, reordered."""
    lines = list(whole())
    for _ in range(draw(st.integers(1, 12))):
        at = draw(st.integers(1, len(lines) - 1))
        lines[at] = draw(mutated_lines([lines[at]]))
    if draw(st.booleans()):
        lines[0] = draw(mutated_lines([lines[0]]))
    if draw(st.booleans()):
        lines = lines[: draw(st.integers(1, len(lines)))]
    if draw(st.booleans()):
        at = draw(st.integers(1, len(lines)))
        lines[at:at] = lines[draw(st.integers(0, len(lines) - 1)) :][:5]
    if draw(st.booleans()):
        lines[1:] = draw(st.permutations(lines[1:]))
    return lines


def damaged(hits, end):
    """Return the bytes of a recording that was hit here and there, and cut off."""
    data = bytearray(b"".join(map(encoded, whole())))
    for at, length, junk in hits:
        data[at : at + length] = junk
    return bytes(data[:end])


JUNK = [b"\0" * 100, b"[" * 5000, b'{"a":' * 3000, b"9" * 5000, b"\n\n", b"\xff\xfe"]
JUNK += [b"NaN", b"-Infinity", b"1e400", b'"\\ud800"', b'"', b"{", b"}", b"null"]
LENGTH = 30_000
"""Bytes of a recording, about."""
hits = st.lists(
    st.tuples(
        st.integers(0, LENGTH),
        st.sampled_from([0, 1, 2, 100, 5000]),
        st.binary(max_size=20) | st.sampled_from(JUNK),
    ),
    min_size=1,
    max_size=4,
)
"""Where a recording was hit: from there so many bytes are others."""
