"""The preferences of a person as they stand: what they are asked, what they allow; from the log, so never stale."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.log import EventLog
from crm.chassis.people.verdict import Objection
from crm.chassis.projection import Db
from crm.contacts.consent_addresses import counting
from crm.contacts.lookup import Found
from crm.contacts.objection import objection_stream, objections
from crm.contacts.preferences import Choice, Offer, choices
from crm.contacts.views import permissions
from crm.contacts.wording_list import PublishedWording, latest, wording_list


@dataclass(frozen=True)
class Preferences:
    """What is asked, by purpose; `open` is what can be taken back: allowed, or waiting for a confirmation."""

    offers: tuple[Offer, ...]
    choices: tuple[Choice, ...]
    allowed: frozenset[Choice]
    open: frozenset[Choice]
    objections: frozenset[Objection]

    def text_for(self, purpose: str) -> Offer | None:
        """What they are asked with for a purpose, if a text was published."""
        return next((each for each in self.offers if each.purpose == purpose), None)

    @property
    def purposes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.purpose for each in self.choices))


def preferences_of(
    log: EventLog, db: Db, named: UUID, found: Found, language: str, read: Collection[str] = ()
) -> Preferences:
    """The preferences of a person, whom a link names by one of their ids, with texts in a language where there are any.

    `read` names the texts they were shown.
    """
    ids = [found.contact_id, *found.contact.aliases]
    offers = _offers(db, language, read)
    said = permissions.select(db, "contact_id = ANY(%s) AND objection IS NULL", (ids,))
    known = {Choice(each.channel, each.purpose) for each in said}  # type: ignore[arg-type]  # a channel, as recorded
    asked = choices(found.contact, offers, known)
    counts = {each: counting(log, named, each.channel, each.purpose) for each in asked}
    allowed = frozenset(each for each in asked if counts[each].allows_any(None))
    takable = frozenset(each for each in asked if counts[each].can_be_withdrawn)
    offered = choices(found.contact, offers, allowed | takable)
    return Preferences(tuple(offers), offered, allowed, takable, _objections(log, ids))


def _offers(db: Db, language: str, read: Collection[str]) -> list[Offer]:
    """The newest texts; where a person read an older one, that is what they answer to."""
    offered = {each.purpose: each for each in latest(db, language)}
    for each in wording_list.select(db, "wording = ANY(%s)", (_uuids(read),)):
        offered[each.purpose] = each
    return [_offer(offered[purpose]) for purpose in sorted(offered)]


def _offer(wording: PublishedWording) -> Offer:
    return Offer(wording.wording, wording.purpose, wording.version, wording.language, wording.text)


def _uuids(given: Collection[str]) -> list[UUID]:
    found = []
    for each in given:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found


def _objections(log: EventLog, ids: Collection[UUID]) -> frozenset[Objection]:
    return frozenset(kind for kind in get_args(Objection) for each in ids if _in_force(log, each, kind))


def _in_force(log: EventLog, contact: UUID, kind: Objection) -> bool:
    try:
        return log.get(objections, objection_stream(contact, kind)).state.in_force
    except Unknown:
        return False
