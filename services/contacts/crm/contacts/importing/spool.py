"""Where a file waits: in chunks, encrypted with a key of its own that is destroyed with it."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from uuid import UUID, uuid4

from crm.chassis.database import Database
from crm.chassis.keys import Keys

CHUNK = 262_144


class Gone(Exception):  # noqa: N818 (named as people speak)
    """The file was discarded while it was read; what was read so far may end in the middle of a row."""


def spool(database: Database, keys: Keys, file: BinaryIO) -> UUID:
    """Keeps a file, chunk by chunk, and returns the id of the upload. Raises `KeyringUnavailable`."""
    upload_id = uuid4()
    file.seek(0)
    keep(database, keys, upload_id, iter(lambda: file.read(CHUNK), b""))
    return upload_id


def keep(database: Database, keys: Keys, upload_id: UUID, blocks: Iterable[bytes]) -> None:
    """Keeps a text under an id; done again, it replaces what an earlier try has left."""
    for number, block in enumerate(blocks):
        content = keys.seal(upload_id, f"{upload_id}:{number}", block)
        with database.connection() as connection:
            connection.execute(
                "INSERT INTO import_chunks (upload_id, number, content) VALUES (%s, %s, %s)"
                " ON CONFLICT (upload_id, number) DO UPDATE SET content = excluded.content, uploaded_at = now()",
                (upload_id, number, content),
            )


def chunks(database: Database, keys: Keys, upload_id: UUID, size: int | None = None) -> Iterator[bytes]:
    """The file again, chunk by chunk. Raises `Gone` if it ends before `size` bytes."""
    number = read = 0
    while True:
        with database.connection() as connection:
            row = connection.execute(
                "SELECT content FROM import_chunks WHERE upload_id = %s AND number = %s", (upload_id, number)
            ).fetchone()
        content = keys.unseal(row[0]) if row else None
        if content is None:
            if size is not None and read < size:
                raise Gone
            return
        yield content
        number, read = number + 1, read + len(content)


def discard(database: Database, keys: Keys, upload_id: UUID) -> None:
    """Forgets a file for ever: the chunks, and the key of whatever copies of them there are."""
    keys.destroy(upload_id)
    with database.connection() as connection:
        connection.execute("DELETE FROM import_chunks WHERE upload_id = %s", (upload_id,))


def digest(file: BinaryIO) -> bytes:
    """The SHA-256 of a file, read in blocks."""
    file.seek(0)
    found = hashlib.sha256()
    while block := file.read(CHUNK):
        found.update(block)
    return found.digest()
