"""The mail server: one connection, kept as long as there is something to send.

What is asked before a mail is handed over may be repeated; the mail itself is handed over once.
"""

import smtplib
import socket

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from crm.campaigns.mail import Mail
from crm.chassis.projection.failures import SourceAway
from crm.events.campaigns import FailureReason

CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 60.0
"""Mail servers may think long about a mail (RFC 5321, section 4.5.3.2)."""
ATTEMPTS = 3
_TRANSIENT = range(400, 500)
_TAKEN = range(200, 300)


class MailServerAway(SourceAway):
    """The mail server cannot be reached now; nothing was handed over."""


class NoAnswer(Exception):  # noqa: N818
    """A mail was handed over, and the server did not say whether it took it."""


class Refusal(Exception):  # noqa: N818
    """The server did not take a mail; `code` is its reply, where there was one. Its words are not kept."""

    def __init__(self, reason: FailureReason, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason: FailureReason = "refused for now" if code in _TRANSIENT else reason
        self.code = code


class _Lost(Exception):  # noqa: N818
    """The connection broke before the mail was handed over."""


class MailServer:
    """A mail server at `host:port`. One thread uses it."""

    def __init__(self, address: str, *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self.address = address
        self._answer_within_s = answer_within_s
        self._smtp: smtplib.SMTP | None = None

    def be_ready(self) -> None:
        """Makes sure of a connection. Raises `MailServerAway`."""
        again = Retrying(
            retry=retry_if_exception_type(MailServerAway),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        )
        again(self._connected)

    def send(self, mail: Mail) -> None:
        """Hands a mail over, once. Raises `Refusal` if it was not taken, `NoAnswer` if nobody knows."""
        again = Retrying(
            retry=retry_if_exception_type(_Lost),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        )
        try:
            again(self._send, mail)
        except _Lost:
            raise Refusal("server unreachable") from None

    def close(self) -> None:
        """Ends the connection; the next mail opens another one."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None and not _answers(self._smtp):
            self._drop()
        if self._smtp is None:
            host, _, port = self.address.rpartition(":")
            try:
                smtp = smtplib.SMTP(host, int(port), socket.gethostname(), timeout=CONNECT_WITHIN_S)
                smtp.ehlo_or_helo_if_needed()
            except (smtplib.SMTPException, OSError) as error:
                raise MailServerAway(f"the mail server does not answer ({type(error).__name__})") from error
            assert smtp.sock
            smtp.sock.settimeout(self._answer_within_s)
            self._smtp = smtp
        return self._smtp

    def _send(self, mail: Mail) -> None:
        try:
            smtp = self._connected()
            self._announce(smtp, mail)
        except (MailServerAway, smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()
            raise _Lost from error
        try:
            code, _ = smtp.data(mail.content)
        except smtplib.SMTPDataError as refused:
            self._forget(smtp)
            raise Refusal("message refused", refused.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise NoAnswer from error
        if code not in _TAKEN:
            raise Refusal("message refused", code)

    def _announce(self, smtp: smtplib.SMTP, mail: Mail) -> None:
        """Everything before the mail itself; the server may refuse, and may be asked again."""
        try:
            code, _ = smtp.mail(mail.sender, [] if mail.recipient.isascii() else ["SMTPUTF8"])
        except smtplib.SMTPNotSupportedError:
            raise Refusal("address unsupported") from None
        if code not in _TAKEN:
            self._forget(smtp)
            raise Refusal("sender refused", code)
        code, _ = smtp.rcpt(mail.recipient)
        if code not in _TAKEN:
            self._forget(smtp)
            raise Refusal("recipient refused", code)

    def _forget(self, smtp: smtplib.SMTP) -> None:
        """Tells the server to forget what was announced, so that the connection serves the next mail."""
        try:
            smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _answers(smtp: smtplib.SMTP) -> bool:
    try:
        return smtp.noop()[0] in _TAKEN
    except (smtplib.SMTPException, OSError):
        return False
