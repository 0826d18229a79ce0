"""What a mail says, and the way out of it (M4, RFC 8058)."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from crm.campaigns import links
from crm.campaigns.mail import as_sent
from crm.campaigns.message import message_stream
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog

Launch = Callable[..., UUID]


def test_a_mail_is_personal_and_its_links_lead_through_us(
    launch: Launch, people: Any, post_office: Any, keys: MemoryKeys
) -> None:
    ada = people.register("Ada Lovelace", "ada@x.example")
    text = "Dear {first_name} {last_name} of {city},\n\nsee https://shop.example/a and https://shop.example/b.\n"
    campaign = launch(text=text)
    content = post_office.texts()[0]
    assert content.startswith("Dear Ada Lovelace of London,\n\nsee https://mail.shop.example/r/")
    assert "shop.example/a" not in content
    tokens = re.findall(r"https://mail\.shop\.example/r/([A-Za-z0-9_-]+)", content)
    message = message_stream(campaign, ada)
    assert [links.read(keys, "click", each) for each in tokens] == [(message, 1), (message, 2)]


def test_m4_every_mail_says_how_to_unsubscribe_in_its_headers_and_its_text(
    launch: Launch, people: Any, post_office: Any, keys: MemoryKeys
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = launch()
    mail = post_office.mails[0]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    way_out = mail["List-Unsubscribe"].strip("<>")
    assert post_office.texts()[0].rstrip().endswith(f"Unsubscribe: {way_out}")
    token = way_out.removeprefix("https://mail.shop.example/unsubscribe/")
    assert links.read(keys, "unsubscribe", token) == (message_stream(campaign, ada), 0)


def test_m4_a_text_may_place_the_link_itself(launch: Launch, people: Any, post_office: Any) -> None:
    people.register("Ada", "ada@x.example")
    launch(text="Abmelden: {unsubscribe_link}\nGruß")
    mail = post_office.mails[0]
    assert post_office.texts()[0] == f"Abmelden: {mail['List-Unsubscribe'].strip('<>')}\nGruß\n"


def test_a_mails_id_follows_from_the_fact_that_planned_it(
    launch: Launch, people: Any, post_office: Any, log: EventLog
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = launch()
    planned = log.stream(message_stream(campaign, ada))[0]
    assert post_office.mails[0]["Message-ID"] == f"<{planned.stream}.1@shop.example>"


def test_links_tell_nothing_of_the_person(launch: Launch, people: Any, post_office: Any) -> None:
    ada = people.register("Ada Lovelace", "ada@x.example")
    launch()
    for address in re.findall(r"https://mail\.shop\.example/\S+", post_office.texts()[0]):
        assert not any(each in address.lower() for each in ("lovelace", "x.example", str(ada)))


def test_a_mail_goes_to_addresses_of_every_script(launch: Launch, people: Any, post_office: Any) -> None:
    people.register("Jürgen", "Info.Jürgen@müller.example")
    people.register("Jo", "Jo@bücher.example")
    launch(subject="Grüße, {name}", text="…")
    assert {(each["To"], each["Subject"]) for each in post_office.mails} == {
        ("Info.Jürgen@xn--mller-kva.example", "Grüße, Jürgen"),
        ("Jo@xn--bcher-kva.example", "Grüße, Jo"),
    }
    assert as_sent(" Ada@X.Example ") == "Ada@x.example"


def test_long_lines_and_odd_names_do_not_break_a_mail(launch: Launch, people: Any, post_office: Any) -> None:
    people.register("Eve\r\nBcc: all@x.example", "eve@x.example")
    launch(subject="{name}", text="x" * 3_000 + "\n.\n{name}")
    (mail,) = post_office.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Eve Bcc: all@x.example"
    assert post_office.texts()[0].startswith("x" * 3_000 + "\n.\nEve Bcc: all@x.example")
