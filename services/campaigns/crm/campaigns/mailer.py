"""Handing mails over to the mail server, each once, and recording what became of it (M15)."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from crm.campaigns.mail import Mail
from crm.campaigns.mail_server import MailServer, Refusal
from crm.chassis.decider import Aggregate, Command
from crm.chassis.keys import Destroyed
from crm.chassis.policy import PolicyCommands, perform, settle
from crm.chassis.runtime import Runtime


class Course(NamedTuple):
    """How mails of one kind are told of: their aggregate and its commands."""

    aggregate: Aggregate[Any, Any]
    hand_off: Callable[..., Any]
    confirm: Command
    fail: Callable[..., Any]
    leave_open: Command
    suppress: Callable[..., Any]


class Mailer:
    """Hands mails of one kind over. One thread uses it; `server` gives a mail server at `host:port`."""

    def __init__(self, course: Course, server: Callable[[str], MailServer]) -> None:
        self._course, self._server_at = course, server
        self._server: MailServer | None = None

    def be_ready(self, runtime: Runtime) -> None:
        """Makes sure of a connection. Raises `MailServerAway`: nothing was handed over."""
        self._server = self._server or self._server_at(runtime.settings.smtp)
        self._server.be_ready()

    def send(self, do: PolicyCommands, stream: UUID, mail: Mail) -> None:
        """Hands a planned mail over. `be_ready` comes before it."""
        course = self._course
        try:
            perform(
                do,
                course.aggregate,
                stream,
                hand_off=partial(course.hand_off, subject=mail.subject),
                call=partial(self._hand_over, mail),
                unknown=course.leave_open,
            )
        except Destroyed:  # erased a moment ago: the hand-off could not be recorded, so nothing was sent
            do(course.aggregate, stream, partial(course.suppress, reason="contact erased"))

    def settle(self, do: PolicyCommands, stream: UUID) -> None:
        """Records that a mail handed over in an earlier life left no result."""
        settle(do, self._course.aggregate, stream, unknown=self._course.leave_open)

    def close(self) -> None:
        """Ends the connection to the mail server; the next mail opens another one."""
        if self._server is not None:
            self._server.close()

    def _hand_over(self, mail: Mail) -> Command:
        assert self._server
        try:
            self._server.send(mail)
        except Refusal as refusal:
            return partial(self._course.fail, reason=refusal.reason, code=refusal.code)
        return self._course.confirm
