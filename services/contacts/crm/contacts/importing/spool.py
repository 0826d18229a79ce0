"""Where a file waits to be worked off: in chunks, encrypted with a key that is destroyed when the import is done."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID, uuid4

from crm.chassis.database import Database
from crm.chassis.keys import Keys

CHUNK = 262_144


def spool(database: Database, keys: Keys, file: BinaryIO) -> UUID:
    """Keeps a file, chunk by chunk, and returns the id of the upload. Raises `KeyringUnavailable`."""
    upload_id = uuid4()
    file.seek(0)
    number = 0
    while chunk := file.read(CHUNK):
        content = keys.seal(upload_id, f"{upload_id}:{number}", chunk)
        with database.connection() as connection:
            connection.execute(
                "INSERT INTO import_chunks (upload_id, number, content) VALUES (%s, %s, %s)",
                (upload_id, number, content),
            )
        number += 1
    return upload_id


def chunks(database: Database, keys: Keys, upload_id: UUID) -> Iterator[bytes]:
    """The file again, chunk by chunk."""
    number = 0
    while True:
        with database.connection() as connection:
            row = connection.execute(
                "SELECT content FROM import_chunks WHERE upload_id = %s AND number = %s", (upload_id, number)
            ).fetchone()
        content = keys.unseal(row[0]) if row else None
        if content is None:
            return
        yield content
        number += 1


def discard(database: Database, keys: Keys, upload_id: UUID) -> None:
    """Forgets a file for ever: the chunks, and the key of whatever copies of them there are."""
    with database.connection() as connection:
        connection.execute("DELETE FROM import_chunks WHERE upload_id = %s", (upload_id,))
    keys.destroy(upload_id)


def digest(file: BinaryIO) -> bytes:
    """The SHA-256 of a file, read in blocks."""
    file.seek(0)
    found = hashlib.sha256()
    while block := file.read(CHUNK):
        found.update(block)
    return found.digest()
