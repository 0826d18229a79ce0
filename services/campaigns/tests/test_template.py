"""Templates: known fields only, links of ours, nothing executed."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.campaigns.template import parse_subject, parse_text
from crm.chassis.decider import Rejected

ADA = {"name": "Ada Lovelace", "first_name": "Ada", "city": "London"}


def rendered(text: str) -> str:
    return parse_text(text).render(ADA, "<{}>".format)


def test_fields_are_filled_in_and_unknown_values_are_empty() -> None:
    assert rendered("Dear {first_name} in {city}{country}, {{sic}}") == "Dear Ada in London, {sic}"


@pytest.mark.parametrize(
    "text", ["{nickname}", "{name.__class__}", "{name[0]}", "{0}", "{}", "{name!r}", "{name:>20}", "{name:{city}}"]
)
def test_what_is_no_known_field_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="no such field"):
        parse_text(text)
    with pytest.raises(Rejected, match="no such field"):
        parse_subject(text)


@pytest.mark.parametrize("text", ["{", "}", "{name", "a } b"])
def test_an_open_brace_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="brace"):
        parse_text(text)


def test_every_link_is_numbered_and_replaced_without_the_punctuation_around_it() -> None:
    text = "See https://shop.example/a?b=1&c=2, or (http://shop.example/wiki_(x)). Again: HTTPS://shop.example/a!"
    assert parse_text(text).links == (
        "https://shop.example/a?b=1&c=2",
        "http://shop.example/wiki_(x)",
        "HTTPS://shop.example/a",
    )
    assert rendered(text) == "See <1>, or (<2>). Again: <3>!"


def test_what_only_looks_like_a_link_stays() -> None:
    assert rendered("http:// and https://... and ftp://x.example") == "http:// and https://... and ftp://x.example"


@pytest.mark.parametrize(
    "text", ["https://shop.example/{name}", "https://shop.example/?a={city}&b", "http://x/{{}}{name}"]
)
def test_a_link_is_the_same_for_everybody(text: str) -> None:
    with pytest.raises(Rejected, match="same for everybody"):
        parse_text(text)


def test_a_sentence_may_go_on_with_a_field_behind_a_link() -> None:
    assert rendered("https://x.example, {first_name}") == "<1>, Ada"
    assert rendered("https://x.example {first_name}") == "<1> Ada"


def test_a_name_brings_neither_lines_nor_links_of_its_own() -> None:
    evil = {"name": "Eve\r\nBcc: all@x.example  http://evil.example {city}"}
    text = parse_text("Dear {name}!").render(evil, "<{}>".format)
    assert text == "Dear Eve Bcc: all@x.example http://evil.example {city}!"


def test_the_subject_is_one_line_and_knows_no_unsubscribe_link() -> None:
    assert parse_subject("{first_name}, news").render(ADA, str) == "Ada, news"
    for subject in ("a\nb", " ", "a\u2028b", "{unsubscribe_link}"):
        with pytest.raises(Rejected):
            parse_subject(subject)


@given(some.text(max_size=80).filter(lambda text: "{" not in text and "}" not in text))
def test_a_text_without_fields_and_links_stays_as_it_is(text: str) -> None:
    template = parse_text(text)
    back = template.render({}, lambda number: template.links[number - 1])
    assert back == text
