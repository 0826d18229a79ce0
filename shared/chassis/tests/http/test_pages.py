"""Pages for people who follow a link: one frame, and nothing in a value is taken for a part of the page."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from crm.chassis.http.pages import Pages

PAGE = """{% extends "frame.html" %}
{% block title %}Hello {{ name }}{% endblock %}
{% block content %}<p>{{ purpose|words }}</p>{% endblock %}
"""


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pages:
    """The pages of a service with one template."""
    folder = tmp_path / "a_service_with_pages"
    (folder / "pages").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "pages" / "hello.html").write_text(PAGE)
    monkeypatch.syspath_prepend(tmp_path)
    return Pages("a_service_with_pages")


def test_values_are_escaped_in_a_page_that_loads_nothing(pages: Pages) -> None:
    answer = pages.show("hello.html", name="<script>alert(1)</script>", purpose="product-news_weekly")
    text = bytes(answer.body).decode()
    assert "<script" not in text
    assert text.count("Hello &lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "<p>product news weekly</p>" in text
    assert "http" not in text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_a_value_that_is_missing_is_an_error_and_not_a_gap(pages: Pages) -> None:
    with pytest.raises(UndefinedError):
        pages.show("hello.html", name="Ada")


def test_a_broken_link_says_what_to_do(pages: Pages) -> None:
    answer = pages.broken_link()
    assert (answer.status_code, b"copy the whole link" in bytes(answer.body)) == (404, True)
