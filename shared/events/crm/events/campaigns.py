"""What happens in the campaigns service: mailings, what became of each recipient's message, and being left alone."""

from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

from crm.events.fact import Fact, Personal
from crm.events.particulars import Country

# Campaigns


class Audience(Struct, frozen=True):
    """Whom a campaign is meant for: everybody known of whom all holds that is given.

    `name_contains` is a fragment of names, kept in clear: whoever means one person names them in `contacts`.
    """

    consent: str | None = None
    """A purpose they must have agreed to by e-mail, to be counted at all."""
    country: Country | None = None
    name_contains: str | None = None
    contacts: tuple[UUID, ...] = ()
    """Only these; empty: no matter who."""


class CampaignPlanned(Fact, frozen=True, tag="crm.campaigns.campaign-planned.v1"):
    """`subject` and `text` are templates; each mail needs the recipient's consent to `purpose`."""

    summary = "Campaign {name} planned for {purpose}"
    name: str
    subject: str
    text: str
    purpose: str
    audience: Audience


class CampaignStarted(Fact, frozen=True, tag="crm.campaigns.campaign-started.v1"):
    summary = "Campaign started"


class CampaignCompleted(Fact, frozen=True, tag="crm.campaigns.campaign-completed.v1"):
    """`finished`: every message has had its turn. `stopped`: somebody ended it; what was queued is not sent."""

    summary = "Campaign {outcome}"
    outcome: Literal["finished", "stopped"]


CampaignFact: TypeAlias = CampaignPlanned | CampaignStarted | CampaignCompleted


# Resolving an audience: one stream per campaign


class RecipientsPlanned(Fact, frozen=True, tag="crm.campaigns.recipients-planned.v1"):
    """So many messages were planned in the same append; `through` is the last contact looked at, in order of ids."""

    summary = "{messages} messages planned"
    campaign: UUID
    messages: int
    through: UUID


class AudienceResolved(Fact, frozen=True, tag="crm.campaigns.audience-resolved.v1"):
    """The whole audience was looked at: there are so many messages, and no more will come."""

    summary = "Audience complete: {messages} messages"
    campaign: UUID
    messages: int


ResolutionFact: TypeAlias = RecipientsPlanned | AudienceResolved


# Messages: one stream per campaign and contact

SuppressionReason: TypeAlias = Literal[
    "contact erased",
    "contact unknown",
    "address invalid",
    "suppressed",
    "no consent",
    "consent not current",
    "campaign over",
]
FailureReason: TypeAlias = Literal[
    "recipient refused",
    "sender refused",
    "message refused",
    "refused for now",
    "address unsupported",
    "server unreachable",
]


class MessagePlanned(Fact, frozen=True, tag="crm.campaigns.message-planned.v1"):
    """`address` is None where none is known of the contact."""

    summary = "Meant to get a mail to {address}"
    campaign: UUID
    contact: UUID
    address: Personal[str | None] = None


class MessageSuppressed(Fact, frozen=True, tag="crm.campaigns.message-suppressed.v1"):
    """Not sent, and why: the first reason that held when it was this message's turn (M1)."""

    summary = "Mail not sent: {reason}"
    campaign: UUID
    reason: SuppressionReason


class MessageHandedOff(Fact, frozen=True, tag="crm.campaigns.message-handed-off.v1"):
    """From here on the mail may have been sent; it is never handed over again (M15)."""

    summary = 'Mail "{subject}" handed to the mail server'
    campaign: UUID
    subject: Personal[str]


class MessageSent(Fact, frozen=True, tag="crm.campaigns.message-sent.v1"):
    summary = "Mail sent"
    campaign: UUID


class MessageFailed(Fact, frozen=True, tag="crm.campaigns.message-failed.v1"):
    """The mail server refused it, so it was not sent. `code` is the server's reply (RFC 5321), where there was one."""

    summary = "Mail failed: {reason} ({code})"
    campaign: UUID
    reason: FailureReason
    code: int | None = None


class MessageUnknown(Fact, frozen=True, tag="crm.campaigns.message-unknown.v1"):
    """Handed off, and no answer came: sent or not, nobody knows, so it is not repeated (M15)."""

    summary = "Mail handed off without an answer: it may have been sent"
    campaign: UUID


class LinkClicked(Fact, frozen=True, tag="crm.campaigns.link-clicked.v1"):
    """`url` is the same for every recipient; `link` is its place in the text, from 1. `again`: not the first click."""

    summary = "Clicked {url}"
    campaign: UUID
    link: int
    url: str
    again: bool = False


class Unsubscribed(Fact, frozen=True, tag="crm.campaigns.unsubscribed.v1"):
    """By a link in a mail: `one-click` through the mail program (RFC 8058), `page` through the form behind it."""

    summary = "Unsubscribed from {purpose} by {channel}"
    contact: UUID
    campaign: UUID
    purpose: str
    method: Literal["one-click", "page"]
    channel: Literal["email"] = "email"
    scope: Literal["purpose"] = "purpose"


MessageFact: TypeAlias = (
    MessagePlanned
    | MessageSuppressed
    | MessageHandedOff
    | MessageSent
    | MessageFailed
    | MessageUnknown
    | LinkClicked
    | Unsubscribed
)


# Suppressions: one stream per address, whose id is a keyed hash; nothing personal in them


class AddressSuppressed(Fact, frozen=True, tag="crm.campaigns.address-suppressed.v1"):
    """Nothing for this purpose goes to this address any more, until its owner agrees anew."""

    summary = "E-mail address suppressed for {purpose}: {reason}"
    contact: UUID
    purpose: str
    reason: Literal["unsubscribed"]


SuppressionFact: TypeAlias = AddressSuppressed


# Privacy


class ErasureAcknowledged(Fact, frozen=True, tag="crm.campaigns.erasure-acknowledged.v1"):
    summary = "Campaigns has forgotten this person"
    contact: UUID
