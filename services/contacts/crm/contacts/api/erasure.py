"""Erasure: a person asks to be forgotten, and every service answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from crm.chassis.http import IfMatch, Log, ReadModel, Router, Streams, Versioned, Written, reads
from crm.contacts.api.bodies import CanEraseContacts, CanReadContacts
from crm.contacts.erasures import report
from crm.contacts.forgetting import forgetting
from crm.contacts.history import history
from crm.contacts.settling import settle

router = Router(prefix="/contacts/{contact_id}", tags=["erasure"])


class ErasureAnswer(BaseModel):
    """How far an erasure has come. Times are UTC; null where it has not happened yet."""

    contact_id: UUID
    requested_at: datetime
    erased_at: datetime
    keys_destroyed_at: datetime | None
    acknowledged: dict[str, datetime]
    waiting_for: list[str]
    complete: bool


@router.delete("")
def delete_contact(contact_id: UUID, log: Log, streams: Streams, agent: CanEraseContacts, expected: IfMatch) -> Written:
    """Forgets a person for ever, under all of their ids. What stays: amounts, dates, and an id that names nobody."""
    return settle(log, contact_id, lambda: forgetting(streams, contact_id, expected))


@router.get("/erasure", dependencies=[reads(history)])
def get_erasure(contact_id: UUID, db: ReadModel, streams: Streams, agent: CanReadContacts) -> Versioned[ErasureAnswer]:
    """How far the erasure of a contact has come, and who has not acknowledged it yet."""
    found = report(streams, db, contact_id)
    answer = ErasureAnswer(
        contact_id=found.contact_id,
        requested_at=found.requested_at,
        erased_at=found.erased_at,
        keys_destroyed_at=found.keys_destroyed_at,
        acknowledged=found.acknowledged,
        waiting_for=list(found.waiting_for),
        complete=found.complete,
    )
    return Versioned(answer, found.version, found.token)
