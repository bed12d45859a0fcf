from __future__ import annotations

import pytest

from scrapy_leakwatch import recordings
from scrapy_leakwatch.foundation import lines, redact
from tests.secret_forms import CODE, FORMS, HUSH, NAMED, SHOWN


@pytest.mark.parametrize(("raw", "shown"), {**NAMED, **FORMS}.items())
def test_a_secret_in_a_url_is_masked(raw: str, shown: str) -> None:
    assert redact.url(raw) == shown
    assert redact.url(shown) == shown


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_secret_in_a_dict_that_is_written_out_is_masked(quote) -> None:
    written = "{'a': 1, 'token': 'hUsh7'}".replace("'", quote)
    assert redact.url(written) == written.replace(HUSH, redact.MASK)


@pytest.mark.parametrize("url", SHOWN)
def test_what_is_no_secret_is_shown(url: str) -> None:
    assert redact.url(url) == url


@pytest.mark.parametrize(("raw", "shown"), CODE.items())
def test_a_secret_in_a_line_of_source_is_masked(raw: str, shown: str) -> None:
    assert redact.code(raw) == shown
    assert redact.code(shown) == shown


def test_a_line_is_read_without_its_secrets(tmp_path, monkeypatch) -> None:
    path = tmp_path / "shop.py"
    path.write_text("a = 1\nAPI_KEY = 'hush'\n")
    monkeypatch.setattr(lines, "_STARTED", path.stat().st_mtime + 1)
    found = lines.at(str(path), 2)
    assert found is not None
    assert found.code == "API_KEY = '***'"


@pytest.mark.parametrize(
    "unit",
    ["a", "=", "//", "://", "://a:b", "eyJ", "%25", "a=", '"', "a'", "?", "&a", "aB1"]
    + ["%", "a:", "a ", " ", "bot1", "\\", "%3D", "a%3D", 'x"a\\', "://u:p", "a:a="],
)
def test_a_text_without_end_is_looked_at_to_a_bound(unit: str) -> None:
    endless = unit * (100_000 // len(unit))
    for shown in (redact.url, redact.code):
        assert len(shown(endless)) <= redact.LONGEST
        assert shown(endless) == shown(endless[: redact.MOST + 1])


def test_a_password_is_masked_where_it_is_cut_off() -> None:
    assert redact.url(f"https://me:{HUSH * 1000}@host/") == "https://me:***@…"
    assert HUSH not in redact.code(f"password = '{HUSH * 1000}'")


def test_a_name_without_end_is_taken_for_that_of_a_secret() -> None:
    assert redact.url(f"a?{'x' * 250}token={HUSH}&b=1").endswith("…")
    assert HUSH not in redact.url(f"a?{'x' * 250}token={HUSH}&b=1", 1000)
    assert HUSH not in redact.url(f"a?token{'x' * 250}={HUSH}&b=1", 1000)


def test_a_url_within_urls_is_masked_where_it_is_not_looked_into() -> None:
    assert HUSH not in redact.url("a?" + "b=" * 20 + HUSH)


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "access_token",
        "api_key",
        "APIKEY",
        "password",
        "passwd",
        "client_secret",
        "auth",
        "authorization",
        "PHPSESSID",
        "session",
        "sig",
        "X-Amz-Signature",
        "%74oken",
    ],
)
def test_the_value_of_a_parameter_named_like_a_secret_is_masked(name: str) -> None:
    masked = redact.url(f"http://shop/?a=1&{name}=hush&b=2#frag")
    assert masked == f"http://shop/?a=1&{name}=***&b=2#frag"


@pytest.mark.parametrize(
    "name",
    ["keyword", "author", "design", "pid", "q", "passenger", "zipcode", "promoCode"],
)
def test_the_value_of_an_ordinary_parameter_is_shown(name: str) -> None:
    url = f"http://shop/?{name}=shoes"
    assert redact.url(url) == url


@pytest.mark.parametrize("password", ["hush", "hu:sh", "hu@sh", ""])
def test_a_password_in_a_url_is_masked(password: str) -> None:
    assert redact.url(f"ftp://me:{password}@shop/x") == "ftp://me:***@shop/x"


def test_a_secret_in_a_fragment_is_masked() -> None:
    assert redact.url("http://shop/#access_token=hush") == (
        "http://shop/#access_token=***"
    )


def test_an_at_sign_in_a_path_is_no_password() -> None:
    assert redact.url("http://shop/a:b@c") == "http://shop/a:b@c"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eevil", "\\u202eevil"),
        ("é日本", "é日本"),
    ],
)
def test_text_cannot_break_a_line_or_steer_a_terminal(raw: str, shown: str) -> None:
    assert redact.text(raw) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert redact.text("x" * 500, longest=10) == "x" * 9 + "…"


def leaves(result, folder) -> tuple[str, ...]:
    """What a crawl has written: our log, the recording and the report."""
    log = "".join(result.log.partition("Dumping Scrapy stats")[0])
    return (
        log,
        (folder / "record.jsonl").read_text(),
        (folder / "report.html").read_text(),
    )


def test_no_secret_of_a_url_leaves_a_crawl(crawl, tmp_path) -> None:
    """Each form is the oldest page of a class that leaks, and so in its verdict."""
    result = crawl(
        "Secretive",
        prelude="import secretive; spiders.Secretive = secretive.Secretive",
        LEAKWATCH_EXPLAIN=False,
        LEAKWATCH_INTERVAL=0.02,
        DOWNLOAD_DELAY=0.01,  # there is one verdict a sample at most
        LEAKWATCH_MIN_OBJECTS=10,
        LEAKWATCH_RECORD="record.jsonl",
        LEAKWATCH_REPORT="report.html",
    )
    crawl = recordings.read(tmp_path / "record.jsonl")
    assert {each.verdict.example_url for each in crawl.told} >= set(FORMS.values())
    for text in leaves(result, tmp_path):
        assert "me:***@a/x" in text
        assert HUSH not in text


def test_no_secret_of_a_line_leaves_a_crawl(crawl, tmp_path) -> None:
    result = crawl(
        "Quoted",
        prelude="import secretive; spiders.Quoted = secretive.Quoted",
        LEAKWATCH_RECORD="record.jsonl",
        LEAKWATCH_REPORT="report.html",
    )
    for text in leaves(result, tmp_path):
        assert "***" in text
        assert HUSH not in text
