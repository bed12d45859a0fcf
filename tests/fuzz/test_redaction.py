"""No text around a secret makes it show."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from scrapy_leakwatch.foundation import redact
from tests.fuzz.effort import fuzzed
from tests.secret_forms import FORMS, HUSH, NAMED, NAMES

names = st.sampled_from(NAMES)
words = st.text("abcdefghijklmnop-_.", min_size=1, max_size=12)
hosts = st.sampled_from(
    ["a", "shop.example", "[::1]:80", "a:8080", "xn--bcher-kva.example"]
)
pairs = st.tuples(st.sampled_from(["p", "q", "page", "lang"]), words).map("=".join)
secrets = st.tuples(words, words).map(lambda each: f"{each[0]}{HUSH}{each[1]}")


def _between(parts, separator):
    return st.lists(parts, max_size=3).map(separator.join)


@st.composite
def urls(draw):
    """Return a URL that has a secret, in a parameter or before the host."""
    scheme = draw(
        st.sampled_from(["http", "https", "ftp", "s3", "postgres", "redis+ssl"])
    )
    host, path = draw(hosts), draw(_between(words, "/"))
    pair = f"{draw(names)}={draw(secrets)}"
    separator = draw(st.sampled_from(["&", ";", "&amp;"]))
    before, after = draw(_between(pairs, separator)), draw(_between(pairs, separator))
    query = separator.join(filter(None, [before, pair, after]))
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return f"{scheme}://{draw(words)}:{draw(secrets)}@{host}/{path}?{before}"
    if kind == 1:
        return f"{scheme}://{host}/{path}#{query}"
    if kind == 2:
        return f"{scheme}://{host}/{path};{query}?{after}"
    if kind == 3:
        return f"{scheme}://{host}/{path}#/{path}?{query}"
    return f"{scheme}://{host}/{path}?{query}#{draw(words)}"


@st.composite
def wrapped(draw):
    """Return such a URL within URLs and texts, encoded as often as they need it."""
    text = draw(urls() | st.sampled_from(sorted(NAMED) + sorted(FORMS)))
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            text = f"http://{draw(hosts)}/?{draw(words)}={quote(text, safe='')}&p=1"
        elif kind == 1:
            text = f"http://{draw(hosts)}/{draw(words)}/{quote(text, safe='')}"
        elif kind == 2:
            text = f"{draw(words)} {text}"
        else:
            text = f"http://{draw(hosts)}/?{draw(words)}={text}"
    return text


@fuzzed(few=100, share=5)
@given(text=wrapped())
def test_a_secret_never_shows_wherever_the_url_stands(text) -> None:
    shown = redact.url(text, 5000)
    assert HUSH not in shown
    assert HUSH not in redact.url(text)


@fuzzed(few=100, share=5)
@given(text=wrapped())
def test_what_was_masked_once_stays_as_it_is(text) -> None:
    shown = redact.url(text, 5000)
    assert redact.url(shown, 5000) == shown


@fuzzed(few=100, share=5)
@given(
    text=st.text(st.characters(), max_size=60)
    | st.text("/:@?&=#%2540'\"\\ eyJ.;", max_size=60)
)
def test_any_text_is_shown_on_one_printable_line(text) -> None:
    for show in (redact.text, redact.url, redact.code):
        shown = show(text)
        assert shown.isprintable()
        assert show(shown) == shown


quotes = st.sampled_from(["'", '"', "'''", '"""'])


@st.composite
def sources(draw):
    """Return a line of source whose literal is a secret, by its name or its look."""
    name, quote_, secret = draw(names), draw(quotes), draw(secrets)
    name = name.replace("%74", "t").replace("%61", "a")
    kind = draw(st.integers(0, 4))
    prefix = draw(st.sampled_from(["", "r", "b", "f", "Rb", "u"]))
    literal = f"{prefix}{quote_}{secret}{quote_}"
    if kind == 0:
        return f"{name.replace('-', '_')} = {literal}"
    if kind == 1:
        return f"meta={{'{name}': {literal}, 'page': 1}}"
    if kind == 2:
        return f"kept['{name}'] = {literal}  # {draw(words)}"
    if kind == 3:
        return f"self.get({quote_}{draw(urls())}{quote_})"
    return f"call({draw(words)}, {name.replace('-', '_')}={literal}, a='b')"


@fuzzed(few=100, share=5)
@given(line=sources())
def test_a_secret_never_shows_in_a_line_of_source(line) -> None:
    shown = redact.code(line, 5000)
    assert HUSH not in shown
    assert redact.code(shown, 5000) == shown


units = st.text("/:@?&=#%254'\"\\ eyJ.;ab1bot[({,", min_size=1, max_size=6)


@fuzzed(few=30)
@given(first=units, unit=units, last=units)
def test_a_text_of_a_megabyte_is_looked_at_to_a_bound(first, unit, last) -> None:
    endless = first + unit * (2**20 // len(unit)) + last
    for show in (redact.text, redact.url, redact.code):
        assert len(show(endless)) <= 4 * 10 * redact.LONGEST
        assert show(endless) == show(endless[: redact.MOST + 1])
