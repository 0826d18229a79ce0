"""What happens by itself with planned messages: each is sent, or not, and why (M1, M2, M15).

Messages are taken in the order of the log, one after the other. So when it is the resolved audience's turn, every
message of the campaign has had its own.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from crm.campaigns.campaign import campaigns, finish
from crm.campaigns.eligibility import obstacle
from crm.campaigns.freshness import ContactsCopy, CopyBehind, copy_of
from crm.campaigns.mail import Mail, compose
from crm.campaigns.mail_server import MailServer
from crm.campaigns.mailer import Course, Mailer
from crm.campaigns.message import Message, confirm, fail, hand_off, leave_open, message_stream, messages, suppress
from crm.campaigns.people import look_up, other_ids
from crm.chassis.decider import Unknown
from crm.chassis.policy import Policy, PolicyCommands
from crm.chassis.runtime import Runtime
from crm.events import Recorded
from crm.events.campaigns import AudienceResolved, MessagePlanned


class NoPublicAddress(Exception):  # noqa: N818
    """Nobody could unsubscribe: the service does not know where it is reached (`RAPPORT_PUBLIC_URL`)."""


class Sender:
    """Sends messages. One thread uses it; `copy` gives the copy of contacts of its runtime, `server` a mail server."""

    def __init__(
        self,
        copy: Callable[[Runtime], ContactsCopy] = copy_of,
        server: Callable[[str], MailServer] = MailServer,
    ) -> None:
        self._copy_of = copy
        self._copy: ContactsCopy | None = None
        self._mailer = Mailer(Course(messages, hand_off, confirm, fail, leave_open, suppress), server)

    def deliver(self, e: Recorded[MessagePlanned], do: PolicyCommands, runtime: Runtime) -> None:
        """Decides about a message now, and sends it if nothing is in the way."""
        message = runtime.log.get(messages, e.stream).state
        if message.status == "planned":
            mail = self._prepared(e, message, do, runtime)
            if mail is not None:
                self._mailer.send(do, e.stream, mail)
        elif message.status == "handed_off":  # in an earlier life, which left no result
            self._mailer.settle(do, e.stream)

    def conclude(self, e: Recorded[AudienceResolved], do: PolicyCommands) -> None:
        """Every message of the campaign has had its turn."""
        do(campaigns, e.fact.campaign, finish)
        self.close()

    def close(self) -> None:
        """Ends the connection to the mail server; the next message opens another one."""
        self._mailer.close()

    def _prepared(
        self, e: Recorded[MessagePlanned], message: Message, do: PolicyCommands, runtime: Runtime
    ) -> Mail | None:
        """The mail to send, with a server that is ready for it; None if there is a reason against it, now recorded.

        Raises `CopyBehind` and `MailServerAway`: the message waits.
        """
        campaign = runtime.log.get(campaigns, message.campaign).state
        fresh = self._is_fresh(runtime)
        found = look_up(runtime.database, runtime.log, message.contact, message.address, campaign.purpose)
        standing = replace(found.standing, reached=_is_reached(runtime, message))
        if reason := obstacle(standing, message.address, fresh=fresh, stopped=campaign.stopped):
            do(messages, e.stream, partial(suppress, reason=reason))
            return None
        assert message.address is not None and found.contact is not None
        if not runtime.settings.public_url:
            raise NoPublicAddress("Set RAPPORT_PUBLIC_URL.")
        mail = compose(campaign, e.stream, e.event_id, message.address, found.contact, runtime.settings, runtime.keys)
        self._mailer.be_ready(runtime)
        return mail

    def _is_fresh(self, runtime: Runtime) -> bool:
        self._copy = self._copy or self._copy_of(runtime)
        freshness = self._copy.freshness()
        if freshness == "catching up":
            raise CopyBehind("messages wait for the copy of contacts")
        return freshness == "fresh"


def _is_reached(runtime: Runtime, message: Message) -> bool:
    """Whether the campaign's mail went to another id of the same person: the two were planned before they were one."""
    for other in other_ids(runtime.database, message.contact):
        try:
            sent = runtime.log.get(messages, message_stream(message.campaign, other)).state
        except Unknown:
            continue
        if sent.may_have_arrived and sent.status != "failed":
            return True
    return False


sending = Policy("sending")
_sender = Sender()
sending.whenever(MessagePlanned)(_sender.deliver)
sending.whenever(AudienceResolved)(_sender.conclude)
