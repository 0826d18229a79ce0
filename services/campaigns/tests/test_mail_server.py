"""The mail server: what may be asked again, and what may not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from crm.campaigns.mail import Mail
from crm.campaigns.mail_server import MailServer, MailServerAway, NoAnswer, Refusal
from crm.chassis.embedded.process import free_port

MAIL = Mail("news@shop.example", "ada@x.example", "News", b"Subject: News\r\nTo: ada@x.example\r\n\r\nHello\r\n")


@contextmanager
def talking(*conversations: list[str | None]) -> Iterator[tuple[MailServer, list[str]]]:
    """A server that answers each connection with a list of replies, one per command; None: it hangs up."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for replies in conversations:
                connection, _ = listening.accept()
                with connection, connection.makefile("rw", newline="") as stream:
                    _talk(stream, replies, heard)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        server = MailServer(f"127.0.0.1:{listening.getsockname()[1]}", answer_within_s=0.3)
        yield server, heard
        server.close()
        thread.join(5)


def _talk(stream: Any, replies: list[str | None], heard: list[str]) -> None:
    for reply in replies:
        if reply is None:
            return
        if reply == "wait":
            stream.read()
            return
        stream.write(f"{reply}\r\n")
        stream.flush()
        if reply.startswith("354"):
            while stream.readline().rstrip() != ".":
                continue
            heard.append("(mail)")
        elif command := stream.readline():
            heard.append(command.rstrip().partition(" ")[0].lower())
        else:
            return


HELLO = ["220 here", "250 here"]
TAKES = ["250 sender", "250 recipient", "354 go on", "250 taken"]


def test_a_mail_is_handed_over() -> None:
    with talking([*HELLO, *TAKES]) as (server, heard):
        server.send(MAIL)
        assert heard == ["ehlo", "mail", "rcpt", "data", "(mail)"]


def test_nobody_there_is_away_and_hands_nothing_over() -> None:
    server = MailServer(f"127.0.0.1:{free_port()}")
    with pytest.raises(MailServerAway):
        server.be_ready()
    with pytest.raises(Refusal, match="server unreachable"):
        server.send(MAIL)


@pytest.mark.parametrize("answered", [0, 1])
def test_a_connection_that_breaks_before_the_mail_is_made_again(answered: int) -> None:
    with talking([*HELLO, *TAKES[:answered], None], [*HELLO, *TAKES]) as (server, heard):
        server.send(MAIL)
        assert heard.count("(mail)") == 1


@pytest.mark.parametrize("end", [None, "wait"])
def test_m15_a_connection_that_breaks_or_falls_silent_after_the_mail_is_never_made_again(end: str | None) -> None:
    with talking([*HELLO, *TAKES[:3], end]) as (server, heard):
        with pytest.raises(NoAnswer):
            server.send(MAIL)
        assert heard.count("(mail)") == 1


@pytest.mark.parametrize(
    ("replies", "reason", "code"),
    [
        (["550 no", "250 reset"], "sender refused", 550),
        (["250 sender", "550 no", "250 reset"], "recipient refused", 550),
        (["250 sender", "451 later", "250 reset"], "refused for now", 451),
        (["250 sender", "250 recipient", "554 no", "250 reset"], "message refused", 554),
        (["250 sender", "250 recipient", "354 go on", "552 too big"], "message refused", 552),
    ],
)
def test_a_refusal_says_why_and_keeps_the_connection(replies: list[str], reason: str, code: int) -> None:
    with talking([*HELLO, *replies, "250 still here", *TAKES]) as (server, heard):
        with pytest.raises(Refusal) as refused:
            server.send(MAIL)
        assert (refused.value.reason, refused.value.code) == (reason, code)
        server.send(MAIL)
        assert heard.count("ehlo") == 1


def test_an_address_the_server_cannot_take_is_unsupported() -> None:
    with talking([*HELLO, *["250 reset"] * 3]) as (server, _), pytest.raises(Refusal, match="address unsupported"):
        server.send(Mail("news@shop.example", "jürgen@x.example", "News", b"\r\n"))
