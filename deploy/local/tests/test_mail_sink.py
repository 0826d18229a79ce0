"""The mail sink: what is sent to it lies in its folder, one file per mail."""

import smtplib
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest

from crm.chassis.embedded.process import free_port
from crm.local.mail import MailSink


def mail(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "crm@rapport.example", "ada@analytical.example", subject
    message.set_content("Grüße\n.\n..two dots")
    return message


def test_mails_are_kept_in_the_order_of_arrival(tmp_path: Path) -> None:
    port = free_port()
    sink = MailSink(tmp_path / "mail", port)
    sink.start()
    try:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(mail("first"))
            client.send_message(mail("second"))
        files = sorted((tmp_path / "mail").iterdir())
        parsed = [BytesParser(policy=default).parsebytes(file.read_bytes()) for file in files]
    finally:
        sink.stop()
    assert [file.suffix for file in files] == [".eml"] * 2
    assert [message["Subject"] for message in parsed] == ["first", "second"]
    body = parsed[0].get_body()
    assert body is not None
    assert body.get_content().splitlines() == ["Grüße", ".", "..two dots"]
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_stopped_sink_takes_nothing(tmp_path: Path) -> None:
    port = free_port()
    sink = MailSink(tmp_path, port)
    sink.start()
    sink.stop()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port)
