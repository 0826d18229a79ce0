"""Unmerges: a merge turns out to be wrong; and which of a person's ids stands for which."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, StringConstraints, model_validator

from crm.chassis.http import IfMatch, Log, Page, PageQuery, Router, Streams, Written
from crm.chassis.log import Step
from crm.chassis.paging import page_in_memory
from crm.chassis.people.fields import Email
from crm.contacts.api.asked import AsKnownAt, AsOf
from crm.contacts.api.bodies import ERASED, CanMergeContacts, CanReadContacts, Deployment, PhoneText
from crm.contacts.api.identities import identifier_of
from crm.contacts.api.merges import ChoosableField
from crm.contacts.lookup import Moment as Past
from crm.contacts.lookup import find
from crm.contacts.merge_history import Link, chain_of
from crm.contacts.settling import living, settle
from crm.contacts.undoing import by_holder, by_id, choosing, undoing

router = Router(prefix="/contacts/{contact_id}", tags=["merges"])


class UnmergeContacts(BaseModel, extra="forbid"):
    """Exactly one of `merge_id` and an identifier; the identifier's own contact is taken out of the person."""

    merge_id: UUID | None = None
    email: Email | None = None
    phone: PhoneText | None = None
    external_id: Annotated[str, StringConstraints(pattern=r"^[^:]+:.+$", max_length=300)] | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]

    @model_validator(mode="after")
    def _one(self) -> "UnmergeContacts":
        given = (self.merge_id, self.email, self.phone, self.external_id)
        if sum(each is not None for each in given) != 1:
            raise ValueError("Give exactly one of merge_id, email, phone and external_id.")
        return self


class ChooseValue(BaseModel, extra="forbid"):
    """Whose own value counts: one of the ids of the person."""

    source: UUID


@router.post("/unmerge")
def post_unmerge(
    contact_id: UUID,
    body: UnmergeContacts,
    log: Log,
    streams: Streams,
    agent: CanMergeContacts,
    deployment: Deployment,
    expected: IfMatch,
) -> Written:
    """Undoes a merge, in any order (C9). `If-Match` is the canonical contact's version.

    By an identifier of an absorbed contact: the merge that brought it. By one of the canonical contact's own: every
    merge made directly into it.
    """

    def prepare() -> Iterator[Step]:
        person = living(streams, contact_id)
        if body.merge_id is not None:
            return undoing(person, by_id(person, body.merge_id), body.reason, expected)
        named = identifier_of(body.email, body.phone, body.external_id, deployment.region)
        holder = streams.holder(named.kind, named.match_key) if named else None
        return undoing(person, by_holder(person, holder), body.reason, expected)

    return settle(log, contact_id, prepare)


@router.put("/choices/{field}")
def put_choice(
    contact_id: UUID,
    field: ChoosableField,
    body: ChooseValue,
    log: Log,
    streams: Streams,
    agent: CanMergeContacts,
    expected: IfMatch,
) -> Written:
    """Makes the value of another id of this person count for a field (C6)."""
    return settle(log, contact_id, lambda: choosing(living(streams, contact_id), field, body.source, expected))


@router.get("/aliases", responses=ERASED)
def get_aliases(
    contact_id: UUID,
    page: PageQuery,
    streams: Streams,
    agent: CanReadContacts,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
) -> Page[Link]:
    """The ids that stand for this person beside the canonical one, now or at a past moment (C8, C11)."""
    found = find(streams, contact_id, as_of=as_of, as_known_at=as_known_at)
    links = chain_of(streams, found.family, Past(as_of, as_known_at))
    return page_in_memory(links, page, "aliases", lambda each: f"{each.since} {each.id}")
