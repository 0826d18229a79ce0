"""The page of preferences: what is shown, what a press records, that looking does nothing, that anybody can use it."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog
from crm.chassis.people.links import preference_token
from crm.chassis.settings import Settings
from crm.contacts.consent import consent_stream
from crm.contacts.preferences import Choice, Offer, changes
from crm.events.consents import ConsentGranted, ConsentWithdrawn

TEXTS = {"news": "Send me news.", "survey": "Ask me now and then."}


class Page(HTMLParser):
    """A page as a browser and a screen reader take it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.boxes, self.hidden = text, [], {}, []
        self.labelled: list[str] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append((tag, given))
        if tag == "label":
            self._open.append(tag)
        if tag == "input" and given.get("type") == "checkbox":
            self.boxes[given["value"]] = "checked" in given
            self.labelled += [str(given["value"])] * bool(self._open)
        if tag == "input" and given.get("type") == "hidden":
            self.hidden.append((str(given["name"]), str(given["value"])))

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._open.pop()

    def form(self, *ticked: str) -> dict[str, list[str]]:
        """What a browser sends."""
        fields: dict[str, list[str]] = {"allow": list(ticked)}
        for name, value in self.hidden:
            fields.setdefault(name, []).append(value)
        return fields


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": "https://contacts.shop.example/"})


@pytest.fixture
def ada(suite: TestClient, views: Any) -> UUID:
    for purpose, text in TEXTS.items():
        wording = {"purpose": purpose, "version": "1", "language": "en", "text": text}
        suite.post("/consent-wordings", json=wording).raise_for_status()
    body = {"name": "Ada", "emails": ["ada@x.example"], "phones": ["030 1234567"]}
    contact = suite.post("/contacts", json=body).raise_for_status().json()["id"]
    views.catch_up()
    return UUID(contact)


@pytest.fixture
def reader(suite: TestClient) -> Iterator[TestClient]:
    with TestClient(suite.app) as client:
        yield client


@pytest.fixture
def link(suite: TestClient, ada: UUID) -> str:
    answer = suite.post(f"/contacts/{ada}/preference-link").raise_for_status()
    url = answer.json()["url"]
    assert url.startswith("https://contacts.shop.example/preferences/")
    return str(url).removeprefix("https://contacts.shop.example")


@pytest.fixture
def press(reader: TestClient, link: str, views: Any) -> Callable[..., Page]:
    """Ticks these and no others, and presses the button; what is shown then."""

    def press(*ticked: str, **more: str) -> Page:
        form = Page(reader.get(link).raise_for_status().text).form(*ticked)
        answer = Page(reader.post(link, data={**form, **more}).raise_for_status().text)
        views.catch_up()
        return answer

    return press


def words(log: EventLog, contact: UUID, channel: Any = "email", purpose: str = "news") -> list[Any]:
    return [e.fact for e in log.stream(consent_stream(contact, channel, purpose))]


def test_looking_changes_nothing(reader: TestClient, link: str, log: EventLog, ada: UUID) -> None:
    before = len(log.read(None, 1_000))
    page = Page(reader.get(link).text)
    assert reader.head(link).status_code == 200
    assert set(page.boxes) == {f"{c}/{p}" for c in ("email", "phone", "sms", "messenger") for p in TEXTS}
    assert not any(page.boxes.values())
    assert all(text in page.text for text in TEXTS.values())
    assert len(log.read(None, 1_000)) == before


def test_what_is_ticked_is_granted_with_its_text_and_proof(press: Any, log: EventLog, ada: UUID) -> None:
    page = press("email/news", "sms/news")
    assert [name for name, ticked in page.boxes.items() if ticked] == ["email/news", "sms/news"]
    assert "Your choice is saved" in page.text
    (fact,) = words(log, ada)
    assert isinstance(fact, ConsentGranted)
    assert (fact.wording_version, fact.language, fact.source) == ("1", "en", "preference-page")
    assert fact.evidence is not None
    assert (fact.evidence.ip, fact.evidence.form_url) == ("testclient", "/preferences")
    assert words(log, ada, "email", "survey") == []


def test_pressing_once_more_changes_nothing(press: Any, log: EventLog, ada: UUID) -> None:
    press("email/news")
    assert "Nothing has changed" in press("email/news").text
    press()
    assert "Nothing has changed" in press().text
    assert [type(each) for each in words(log, ada)] == [ConsentGranted, ConsentWithdrawn]


def test_what_is_unticked_is_withdrawn_and_the_rest_stays(press: Any, log: EventLog, ada: UUID) -> None:
    press("email/news", "email/survey")
    page = press("email/survey")
    assert (page.boxes["email/news"], page.boxes["email/survey"]) == (False, True)
    assert isinstance(words(log, ada)[-1], ConsentWithdrawn)
    assert len(words(log, ada, "email", "survey")) == 1


def test_everything_is_taken_back_in_one_press(
    press: Any, suite: TestClient, ada: UUID, log: EventLog, views: Any
) -> None:
    press("email/news", "phone/survey")
    body = {"wording_version": "1", "source": "form", "evidence": {}}
    for more in ({"channel": "email", "address": "ada@x.example"}, {"channel": "post"}):
        suite.post(f"/contacts/{ada}/consents", json={"purpose": "old", **body, **more}).raise_for_status()
    suite.post(f"/contacts/{ada}/consents/request", json={"purpose": "survey", **body}).raise_for_status()
    views.catch_up()
    page = press("email/news", everything="withdraw")
    assert "Everything is taken back" in page.text
    assert not any(page.boxes.values())
    listed = suite.get(f"/contacts/{ada}/consents/matrix").json()["cells"]
    assert [each for each in listed if each["allowed"]] == []
    assert isinstance(words(log, ada, "email", "survey")[-1], ConsentWithdrawn)
    count = len(log.read(None, 1_000))
    press(everything="withdraw")
    assert len(log.read(None, 1_000)) == count


def test_a_word_for_one_address_is_taken_back_with_its_channel(
    press: Any, suite: TestClient, ada: UUID, views: Any
) -> None:
    body = {"purpose": "news", "wording_version": "1", "source": "form", "evidence": {}, "channel": "email"}
    suite.post(f"/contacts/{ada}/consents", json={**body, "address": "ada@x.example"}).raise_for_status()
    views.catch_up()
    assert not press().boxes["email/news"]
    assert press("email/news").boxes["email/news"]


def test_who_answers_to_an_older_text_agrees_to_that_one(
    reader: TestClient, link: str, suite: TestClient, views: Any, log: EventLog, ada: UUID
) -> None:
    read = Page(reader.get(link).text).form("email/news")
    newer = {"purpose": "news", "version": "2", "language": "en", "text": "Send me everything."}
    suite.post("/consent-wordings", json=newer).raise_for_status()
    views.catch_up()
    reader.post(link, data=read).raise_for_status()
    assert words(log, ada)[-1].wording_version == "1"


def test_the_text_is_shown_in_the_language_of_the_reader(
    reader: TestClient, link: str, suite: TestClient, views: Any
) -> None:
    german = {"purpose": "news", "version": "1", "language": "de", "text": "Schickt mir Neues."}
    suite.post("/consent-wordings", json=german).raise_for_status()
    views.catch_up()
    assert '<blockquote lang="de"' in reader.get(link, headers={"Accept-Language": "de-AT,en;q=0.5"}).text
    assert '<blockquote lang="de"' not in reader.get(link, headers={"Accept-Language": "en"}).text


def test_nobody_is_granted_what_is_not_offered(reader: TestClient, link: str, log: EventLog, ada: UUID) -> None:
    nonsense = {"allow": ["fax/news", "email/other", "news", "email/"], "shown": ["email/other", "x"], "read": ["y"]}
    assert reader.post(link, data=nonsense).status_code == 200
    assert words(log, ada, "email", "other") == []


def test_a_forged_link_is_not_found_and_an_erased_person_has_nothing_left(
    reader: TestClient, link: str, suite: TestClient, ada: UUID
) -> None:
    forged = f"/preferences/{preference_token(MemoryKeys(), ada)}"
    for path in (forged, link[:-2] + "AA", "/preferences/x"):
        assert [reader.get(path).status_code, reader.post(path).status_code] == [404, 404]
    suite.delete(f"/contacts/{ada}").raise_for_status()
    for answer in (reader.get(link), reader.post(link)):
        assert (answer.status_code, "erased" in answer.text) == (410, True)
    assert suite.post(f"/contacts/{ada}/preference-link").status_code == 410


def test_objections_are_told(reader: TestClient, link: str, suite: TestClient, ada: UUID) -> None:
    for objection, words_of_it in (("do_not_call", "not to call you"), ("do_not_process", "not to use your data")):
        body = {"objection": objection, "source": "phone", "evidence": {}}
        suite.post(f"/contacts/{ada}/objections", json=body).raise_for_status()
        assert words_of_it in reader.get(link).text


def test_the_page_works_for_anybody(reader: TestClient, link: str) -> None:
    answer = reader.get(link)
    page = Page(answer.text)
    assert ("html", {"lang": "en"}) in page.tags
    assert sorted(page.labelled) == sorted(page.boxes)
    names = [tag for tag, _ in page.tags]
    assert (names.count("h1"), names.count("fieldset"), names.count("legend")) == (1, 2, 2)
    assert "script" not in names
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    ids = {given["id"] for _, given in page.tags if "id" in given}
    described = {given["aria-describedby"] for _, given in page.tags if "aria-describedby" in given}
    assert described == ids != set()
    assert not re.search(r"Ada|x\.example|1234567", answer.text)
    assert answer.headers["Cache-Control"] == "no-store"


def test_only_what_was_shown_can_change() -> None:
    news, survey = Choice("email", "news"), Choice("email", "survey")
    offers = [Offer(UUID(int=1), "news", "1", "en", "Send me news.")]
    assert changes([news], [], [news, survey], offers) == {news: "withdraw"}
    assert changes([], [news], [survey], offers) == {}
    assert changes([news, survey], [news, survey], [], offers) == {news: "grant"}
