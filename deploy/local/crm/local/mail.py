"""A mail server that delivers nothing: every mail becomes a file in a folder."""

import itertools
import os
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SIZE_LIMIT = 25 * 1024 * 1024


class MailSink:
    """An SMTP server on 127.0.0.1 that keeps each mail as .eml, in the order of arrival."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._controller = Controller(_Keeper(folder), "127.0.0.1", port, data_size_limit=SIZE_LIMIT)

    def start(self) -> None:
        """Starts listening. Raises `OSError` if the port is taken."""
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        name = f"{time.time_ns():020d}-{next(self._numbers):06d}.eml"
        unfinished = self._folder / f".{name}"
        unfinished.touch(mode=0o600)
        with unfinished.open("wb") as file:
            file.write(envelope.original_content or b"")
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._folder / name)  # a reader of the folder sees whole mails only
        return "250 kept"
