"""Mails that are no marketing: each is sent once, because something happened (M6). Recorded in campaigns."""

from typing import TypeAlias
from uuid import UUID

from crm.events.campaigns import FailureReason
from crm.events.fact import Fact, Personal


class NoticePlanned(Fact, frozen=True, tag="crm.campaigns.notice-planned.v1"):
    """`kind` is what it is for, such as `consent-confirmation`; `cause` the event id of the fact that asked for it."""

    summary = "Meant to get a mail to {address}: {kind}"
    contact: UUID
    kind: str
    cause: str
    address: Personal[str | None] = None


class NoticeSuppressed(Fact, frozen=True, tag="crm.campaigns.notice-suppressed.v1"):
    """Not sent, and why: `contact erased`, `address invalid`, `too late`."""

    summary = "Mail not sent: {reason}"
    reason: str


class NoticeHandedOff(Fact, frozen=True, tag="crm.campaigns.notice-handed-off.v1"):
    """From here on the mail may have been sent; it is never handed over again (M15)."""

    summary = 'Mail "{subject}" handed to the mail server'
    subject: Personal[str]


class NoticeSent(Fact, frozen=True, tag="crm.campaigns.notice-sent.v1"):
    summary = "Mail sent"


class NoticeFailed(Fact, frozen=True, tag="crm.campaigns.notice-failed.v1"):
    """The mail server refused it, so it was not sent. `code` is the server's reply (RFC 5321), where there was one."""

    summary = "Mail failed: {reason} ({code})"
    reason: FailureReason
    code: int | None = None


class NoticeUnknown(Fact, frozen=True, tag="crm.campaigns.notice-unknown.v1"):
    """Handed off, and no answer came: sent or not, nobody knows, so it is not repeated (M15)."""

    summary = "Mail handed off without an answer: it may have been sent"


NoticeFact: TypeAlias = NoticePlanned | NoticeSuppressed | NoticeHandedOff | NoticeSent | NoticeFailed | NoticeUnknown
