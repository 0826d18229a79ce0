"""The story: somebody nobody knows asks for bicycles. Played through the public APIs, one step after the other."""

import time
from collections.abc import Callable
from typing import Any

from crm.local.demo.calls import PATIENCE_S, Voice
from crm.local.demo.cast import EMAIL, INTEREST, NAME, PHONE, Cast, Tale
from crm.local.demo.mailing import campaign_goes_out, mail_to, they_click, they_unsubscribe

STORY = (
    ("sales", "crm.sales.lead-captured.v1"),
    ("contacts", "crm.contacts.contact-registered.v1"),
    ("contacts", "crm.contacts.consent-granted.v1"),
    ("campaigns", "crm.campaigns.message-planned.v1"),
    ("campaigns", "crm.campaigns.message-handed-off.v1"),
    ("campaigns", "crm.campaigns.message-sent.v1"),
    ("campaigns", "crm.campaigns.link-clicked.v1"),
    ("sales", "crm.sales.lead-qualified.v1"),
    ("sales", "crm.sales.lead-converted.v1"),
    ("sales", "crm.sales.opportunity-opened.v1"),
    ("sales", "crm.sales.opportunity-stage-changed.v1"),
    ("sales", "crm.sales.opportunity-won.v1"),
    ("service-desk", "crm.service-desk.ticket-opened.v1"),
    ("service-desk", "crm.service-desk.ticket-assigned.v1"),
    ("service-desk", "crm.service-desk.ticket-replied.v1"),
    ("service-desk", "crm.service-desk.ticket-solved.v1"),
    ("campaigns", "crm.campaigns.unsubscribed.v1"),
    ("campaigns", "crm.campaigns.address-suppressed.v1"),
    ("contacts", "crm.contacts.consent-withdrawn.v1"),
)
"""What the person's history tells at the end, by service and type of fact, oldest first."""


def perform(cast: Cast, others: list[str], tell: Callable[[str], None]) -> tuple[Tale, list[dict[str, Any]]]:
    """Plays the whole story. Returns whom it is about and their history. Raises `StoryStuck`."""
    tale = Tale()
    tell(f"{len(others)} of them agreed to mails")
    agreed = others_agree(cast, others)
    tell(f"{NAME} fills in a form on the web site; nobody knows her")
    lead = somebody_unknown_asks(cast, tale)
    consent = they_agree(cast, tale)
    tell(f"Marketing writes to {len(others) + 1} people who agreed; she clicks")
    message = campaign_goes_out(cast, tale, consent["token"], *agreed)
    mail = mail_to(cast, EMAIL)
    they_click(cast, tale, message, mail)
    history(cast, tale)
    tell("Sales qualifies the lead, converts it, negotiates and wins")
    lead_becomes_a_deal(cast, tale, lead["id"])
    tell("One bike rattles: a ticket is opened, answered and solved")
    something_rattles(cast, tale)
    tell("She unsubscribes, and contacts withdraws her consent by itself")
    they_unsubscribe(cast, tale, message, mail, consent["id"])
    return tale, whole_history(cast, tale)


def somebody_unknown_asks(cast: Cast, tale: Tale) -> dict[str, Any]:
    """A form on the web site; nobody knows the address. The next moment the person is a contact."""
    body = {"name": NAME, "email": EMAIL, "phone": PHONE, "company": "Atelier Moreau", "interest": INTEREST}
    lead = tale.note(cast.form.tell("sales", "/leads", source="web", **body))
    tale.contact = cast.sales.ask("sales", f"/leads/{lead['id']}")["contact"]
    tale.seen.append(f"contacts/{tale.contact}:1")  # the first thing contacts will say of them
    history(cast, tale)
    return lead


def they_agree(cast: Cast, tale: Tale) -> dict[str, Any]:
    """They tick the box for the newsletter."""
    evidence = {"ip": "203.0.113.7", "form_url": "https://shop.example/cargo-bikes"}
    given = {"channel": "email", "purpose": "marketing", "wording_version": "2026-01", "source": "web-form"}
    return tale.note(cast.form.tell("contacts", f"/contacts/{tale.contact}/consents", **given, evidence=evidence))


def others_agree(cast: Cast, emails: list[str]) -> list[str]:
    """Customers who are in the file agreed earlier, on paper. Returns the tokens, once every service has heard."""
    tokens = []
    given = {"channel": "email", "purpose": "marketing", "wording_version": "2025-06", "source": "paper-form"}
    for email in emails:
        contact = cast.marketing.ask("contacts", "/identities", email=email)["contact_id"]
        evidence = {"note": "signed at the trade fair"}
        said = cast.marketing.tell("contacts", f"/contacts/{contact}/consents", **given, evidence=evidence)
        tokens.append(said["token"])
    cast.sales.ask("sales", "/leads", *tokens, limit=1)
    cast.desk.ask("service-desk", "/tickets", *tokens, limit=1)
    return tokens


def lead_becomes_a_deal(cast: Cast, tale: Tale, lead: str) -> None:
    """Sales qualifies the lead, converts it, negotiates and wins."""
    tale.note(cast.sales.tell("sales", f"/leads/{lead}/qualify"))
    offer = {"title": "Twelve cargo bikes", "amount": "58800.00", "currency": "EUR", "stage": "Proposal"}
    deal = tale.note(cast.sales.tell("sales", f"/leads/{lead}/convert", **offer))["opportunity"]
    tale.note(cast.sales.tell("sales", f"/opportunities/{deal}/stage", stage="Negotiation"))
    tale.note(cast.sales.tell("sales", f"/opportunities/{deal}/win"))


def something_rattles(cast: Cast, tale: Tale) -> None:
    """They write to the service desk, which recognises them by their address, answers and solves it."""
    asked = {
        "subject": "One bike rattles",
        "body": "The front box of one bike rattles on cobblestones. What can we do?",
    }
    mail = Voice(cast.desk.suite, cast.desk.token, "email")
    known = f"contacts/{tale.contact}:1"
    ticket = tale.note(mail.tell("service-desk", "/tickets", known, email=EMAIL, name=NAME, **asked))["id"]
    tale.note(cast.desk.tell("service-desk", f"/tickets/{ticket}/assign", assignee="tom"))
    answer = "Tighten the two bolts under the box to 12 Nm; rubber washers are in the mail to you."
    tale.note(cast.desk.tell("service-desk", f"/tickets/{ticket}/reply", body=answer))
    tale.note(cast.desk.tell("service-desk", f"/tickets/{ticket}/solve"))


def history(cast: Cast, tale: Tale) -> list[dict[str, Any]]:
    """The person's history once it shows all that was seen, oldest first."""
    path = f"/contacts/{tale.contact}/history"
    items: list[dict[str, Any]] = cast.sales.ask("contacts", path, *tale.seen, order="oldest", limit=200)["items"]
    return items


def funnel(cast: Cast, tale: Tale) -> dict[str, int]:
    """How many people got the mail, clicked, asked for an offer and bought, as analytics counts them."""
    counted: dict[str, int] = cast.marketing.ask("analytics", "/funnel", *tale.seen, *tale.mails)["overall"]
    return counted


def sequence(items: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """What a history tells, to be compared with `STORY`."""
    return tuple((each["service"], each["type"]) for each in items)


def whole_history(cast: Cast, tale: Tale) -> list[dict[str, Any]]:
    """Their history when all has arrived; a page for mail readers answers no tokens, so it is asked for until then."""
    deadline = time.monotonic() + PATIENCE_S
    while len(items := history(cast, tale)) < len(STORY) and time.monotonic() < deadline:
        continue
    return items
