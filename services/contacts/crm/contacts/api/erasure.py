"""Erasure: a person asks to be forgotten, and every service answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from crm.chassis.http import IfMatch, Log, Page, PageQuery, ReadModel, Router, Streams, Versioned, Written, reads
from crm.contacts.api.bodies import CanEraseContacts, CanReadContacts
from crm.contacts.api.requests import CanAnswerPeople
from crm.contacts.erasure_list import ErasureRow, erasure_list, find
from crm.contacts.erasures import report
from crm.contacts.forgetting import forgetting
from crm.contacts.legal_hold import Hold
from crm.contacts.settling import settle
from crm.events.holds import HeldField

router = Router(tags=["erasure"])


class IdAnswer(BaseModel):
    """How far the erasure of one id of a person has come; it waits for services since `erased_at`."""

    contact_id: UUID
    erased_at: datetime | None
    key_destroyed_at: datetime | None
    acknowledged: dict[str, datetime]
    waiting_for: list[str]
    complete: bool

    @classmethod
    def of(cls, row: ErasureRow) -> "IdAnswer":
        return cls(
            contact_id=row.contact_id,
            erased_at=row.erased_at,
            key_destroyed_at=row.key_destroyed_at,
            acknowledged=row.acknowledged,
            waiting_for=list(row.waiting_for),
            complete=row.complete,
        )


class HoldAnswer(BaseModel):
    """A legal hold in force: what is kept, why, and until when (UTC); null: until somebody lifts it."""

    id: UUID
    fields: list[HeldField]
    reason: str
    until: datetime | None

    @classmethod
    def of(cls, hold: Hold) -> "HoldAnswer":
        return cls(id=hold.hold, fields=list(hold.fields), reason=hold.reason, until=hold.until)


class ErasureAnswer(BaseModel):
    """How far an erasure has come. Times are UTC; null where it has not happened yet.

    `tombstones`: by kind, how many claims on identifiers are remembered as erased.
    """

    contact_id: UUID
    requested_at: datetime
    erased_at: datetime
    keys_destroyed_at: datetime | None
    acknowledged: dict[str, datetime]
    waiting_for: list[str]
    complete: bool
    ids: list[IdAnswer]
    legal_holds: list[HoldAnswer]
    tombstones: dict[str, int]


@router.delete("/contacts/{contact_id:uuid}")
def delete_contact(contact_id: UUID, log: Log, streams: Streams, agent: CanEraseContacts, expected: IfMatch) -> Written:
    """Forgets a person for ever, under all of their ids. What stays: amounts, dates, and an id that names nobody.

    What a legal hold lists is kept apart until the hold ends; then the erasure completes by itself.
    """
    return settle(log, contact_id, lambda: forgetting(streams, contact_id, expected))


@router.get("/contacts/{contact_id}/erasure", dependencies=[reads(erasure_list)])
def get_erasure(contact_id: UUID, db: ReadModel, streams: Streams, agent: CanReadContacts) -> Versioned[ErasureAnswer]:
    """How far the erasure of a contact has come: who has acknowledged it, who not, for each id, and what is kept."""
    found = report(streams, db, contact_id)
    answer = ErasureAnswer(
        contact_id=found.contact_id,
        requested_at=found.requested_at,
        erased_at=found.erased_at,
        keys_destroyed_at=found.keys_destroyed_at,
        acknowledged=found.acknowledged,
        waiting_for=list(found.waiting_for),
        complete=found.complete,
        ids=[IdAnswer.of(each) for each in found.ids],
        legal_holds=[HoldAnswer.of(each) for each in found.holds],
        tombstones=found.tombstones,
    )
    return Versioned(answer, found.version, found.token)


@router.get("/erasures", dependencies=[reads(erasure_list)])
def get_erasures(
    page: PageQuery,
    db: ReadModel,
    agent: CanAnswerPeople,
    incomplete: Annotated[bool, Query(description="Only those that are still under way or held.")] = False,
) -> Page[IdAnswer]:
    """The erasures of all ids, the oldest first."""
    found = find(db, incomplete=incomplete, page=page)
    return Page(tuple(IdAnswer.of(each) for each in found.items), found.next)
