"""What happens by itself when somebody asks for mails: the owner of the address is asked whether they meant it (M3).

The mail is no marketing: it needs no consent, heeds no unsubscribing, and is in the history like any other (M6).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from crm.campaigns.mail import Mail, write
from crm.campaigns.mail_server import MailServer
from crm.campaigns.mailer import Course, Mailer
from crm.campaigns.notice import (
    WhyNot,
    confirm_notice,
    fail_notice,
    hand_off_notice,
    leave_notice_open,
    notice_stream,
    notices,
    plan_notice,
    suppress_notice,
)
from crm.campaigns.sending import NoPublicAddress
from crm.chassis.keys import Destroyed
from crm.chassis.people.identity import email_identifier
from crm.chassis.people.links import AskedFor, confirmation_token
from crm.chassis.policy import Policy, PolicyCommands
from crm.chassis.runtime import Runtime
from crm.events import Recorded
from crm.events.consents import ConsentRequested

KIND = "consent-confirmation"

_SUBJECT = "Please confirm: may we write to you?"
_TEXT = """\
Somebody, we hope you, asked us to write to this address for {purpose}.

If that is what you want, open this page and press its button:

{url}

The link works once, until {until} (UTC). If it was not you, do nothing: without your answer we do not write.
"""


class Confirmer:
    """Sends what asks for a confirmation. One thread uses it; `server` gives a mail server."""

    def __init__(
        self,
        server: Callable[[str], MailServer] = MailServer,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._mailer = Mailer(
            Course(notices, hand_off_notice, confirm_notice, fail_notice, leave_notice_open, suppress_notice), server
        )

    def ask(self, e: Recorded[ConsentRequested], do: PolicyCommands, runtime: Runtime) -> None:
        """Asks once, however often this is run. Raises `MailServerAway`: the mail waits."""
        stream, by_mail = notice_stream(KIND, e.event_id), do.with_(channel="email")
        plan = partial(plan_notice, contact=e.fact.contact, kind=KIND, cause=e.event_id, address=e.fact.address)
        try:
            by_mail(notices, stream, plan)
        except Destroyed:
            return  # erased: there is nobody to ask, and nothing can be recorded about them
        status = runtime.log.get(notices, stream).state.status
        if status == "handed_off":  # in an earlier life, which left no result
            self._mailer.settle(by_mail, stream)
        elif status == "planned" and (reason := self._obstacle(e.fact)):
            by_mail(notices, stream, partial(suppress_notice, reason=reason))
        elif status == "planned":
            mail = self._written(e, runtime)
            try:
                self._mailer.send(by_mail, stream, mail)
            finally:
                self._mailer.close()

    def _obstacle(self, asked: ConsentRequested) -> WhyNot | None:
        if asked.address is None or email_identifier(asked.address) is None:
            return "address invalid"
        return "too late" if asked.expires_at <= self._clock() else None

    def _written(self, e: Recorded[ConsentRequested], runtime: Runtime) -> Mail:
        """The mail, with a server that is ready for it."""
        assert e.fact.address is not None
        mail = invitation(e, e.fact.address, runtime)
        self._mailer.be_ready(runtime)
        return mail


def invitation(e: Recorded[ConsentRequested], address: str, runtime: Runtime) -> Mail:
    """The mail that asks for a confirmation. Raises `KeyringUnavailable` and `NoPublicAddress`."""
    settings = runtime.settings
    if not settings.contacts_url:
        raise NoPublicAddress("Set RAPPORT_CONTACTS_URL.")
    token = confirmation_token(runtime.keys, AskedFor(e.stream, e.version))
    url = f"{settings.contacts_url.rstrip('/')}/confirm/{token}"
    purpose = e.fact.purpose.replace("-", " ").replace("_", " ")
    text = _TEXT.format(purpose=purpose, url=url, until=f"{e.fact.expires_at:%Y-%m-%d %H:%M}")
    return write(settings, address, _SUBJECT, text, e.event_id, {"Auto-Submitted": "auto-generated"})


confirming = Policy("confirming")
_confirmer = Confirmer()
confirming.whenever(ConsentRequested)(_confirmer.ask)
