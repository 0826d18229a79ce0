"""A mail: a campaign's text for one recipient, with links of ours and a way out (M4, RFC 8058)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from uuid import UUID

from crm.campaigns.campaign import Campaign
from crm.campaigns.links import token
from crm.campaigns.template import UNSUBSCRIBE, parse_subject, parse_text
from crm.chassis.keys import Keys
from crm.chassis.people.identity import email_identifier
from crm.chassis.people.known import KnownContact
from crm.chassis.settings import Settings

_FOOTER = "\n\n-- \nYou get this mail because you agreed to {purpose} by e-mail.\nUnsubscribe: {url}\n"


@dataclass(frozen=True)
class Mail:
    """What the mail server gets. `content` is the message in the form of RFC 5322."""

    sender: str
    recipient: str
    subject: str
    content: bytes


def click_url(settings: Settings, keys: Keys, message: UUID, link: int) -> str:
    """Where a link of a message leads first."""
    return f"{settings.public_url.rstrip('/')}/r/{token(keys, 'click', message, link)}"


def unsubscribe_url(settings: Settings, keys: Keys, message: UUID) -> str:
    """Where the recipient of a message unsubscribes."""
    return f"{settings.public_url.rstrip('/')}/unsubscribe/{token(keys, 'unsubscribe', message)}"


def compose(
    campaign: Campaign,
    message: UUID,
    event_id: str,
    address: str,
    contact: KnownContact,
    settings: Settings,
    keys: Keys,
) -> Mail:
    """The mail of a message; `event_id` is the fact that planned it. Raises `KeyringUnavailable`."""
    out = unsubscribe_url(settings, keys, message)
    values = {**fields_of(contact, address), UNSUBSCRIBE: out}
    subject = " ".join(parse_subject(campaign.subject).render(values, lambda _: "").split())
    template = parse_text(campaign.text)
    text = template.render(values, lambda link: click_url(settings, keys, message, link))
    if UNSUBSCRIBE not in template.fields:
        text = text.rstrip() + _FOOTER.format(purpose=campaign.purpose, url=out)
    ways_out = {"List-Unsubscribe": f"<{out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return write(settings, address, subject, text, event_id, ways_out)


def write(settings: Settings, address: str, subject: str, text: str, event_id: str, headers: Mapping[str, str]) -> Mail:
    """A mail of ours to an address; `event_id` is the fact that caused it, and the mail's own id."""
    recipient = as_sent(address)
    mail = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
    mail["From"] = settings.mail_from
    mail["To"] = recipient
    mail["Subject"] = subject
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = f"<{event_id.replace(':', '.')}@{settings.mail_from.rpartition('@')[2]}>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(text)
    return Mail(settings.mail_from, recipient, subject, mail.as_bytes())


def fields_of(contact: KnownContact, address: str) -> Mapping[str, str]:
    """What a mail may say of its recipient. The first word of a name is taken for the first name."""
    first, _, last = contact.name.partition(" ")
    where = contact.address
    return {
        "name": contact.name,
        "first_name": first,
        "last_name": last,
        "email": address,
        "city": (where.city if where else None) or "",
        "country": (where.country if where else None) or "",
    }


def as_sent(address: str) -> str:
    """An address as mail servers take it: the local part as entered, the domain in ASCII."""
    identifier = email_identifier(address)
    local = address.strip().rpartition("@")[0]
    return f"{local}@{identifier.match_key.rpartition('@')[2]}" if identifier else address.strip()
