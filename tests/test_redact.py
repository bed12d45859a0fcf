from __future__ import annotations

import pytest

from scrapy_leakwatch.foundation import redact


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


@pytest.mark.parametrize("name", ["keyword", "author", "design", "pid", "q"])
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
