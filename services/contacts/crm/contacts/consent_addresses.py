"""Consents by address: which addresses a channel has, where their consents are recorded, and what counts there now.

An address is part of a stream's id only as a keyed hash.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.keys import Keys
from crm.chassis.log import EventLog
from crm.chassis.people.identity import is_email, read_phone
from crm.chassis.people.permissions import Permission, verdict_of
from crm.chassis.people.verdict import address_key
from crm.contacts.consent import consent_stream
from crm.contacts.contact import Contact
from crm.contacts.lookup import find_erased, joined_at
from crm.contacts.views import permissions
from crm.events.consents import ConsentChannel


def as_recorded(channel: ConsentChannel, address: str | None, region: str) -> str | None:
    """An address as a fact names it: an e-mail address as entered, a number in E.164. Raises `Rejected`."""
    if address is None:
        return None
    if channel == "post":
        raise Rejected("Consent to letters counts for all addresses. Leave the address out.", field="address")
    if channel == "email":
        if not is_email(address):
            raise Rejected("Give a valid e-mail address, such as ada@company.example.", field="address")
        return address.strip()
    number = read_phone(address, region).e164
    if number is None:
        raise Rejected("Give a telephone number that can be called, such as +49 30 123456.", field="address")
    return number


def stream_of(keys: Keys, contact: UUID, channel: ConsentChannel, purpose: str, address: str | None) -> UUID:
    """Where a consent is recorded, for one address or the whole channel. Raises `KeyringUnavailable`."""
    if address is None:
        return consent_stream(contact, channel, purpose)
    named = f"consent\0{channel}\0{address_key(channel, address)}"
    return consent_stream(contact, channel, purpose, keys.keyed_hash(named.encode()).hex())


def addresses_of(contact: Contact, channel: ConsentChannel) -> tuple[str, ...]:
    """Where a contact is reached on a channel."""
    match channel:
        case "email":
            return contact.emails
        case "sms" | "phone" | "messenger":
            return tuple(each.e164 for each in contact.phones if each.e164)
        case "post":
            return ()


@dataclass(frozen=True)
class Counting:
    """What counts now of a person on a channel for a purpose, by the log, so never stale. `asked` is one of the ids."""

    asked: UUID
    ids: tuple[UUID, ...]
    words: tuple[Permission, ...]
    channel: ConsentChannel
    purpose: str
    addresses: tuple[str, ...]
    joined_at: datetime | None

    def allows(self, address: str | None) -> bool:
        """For one address, or the channel as such."""
        return verdict_of(self.words, self.ids, self.channel, self.purpose, address, joined_at=self.joined_at).allows

    def allows_any(self, address: str | None) -> bool:
        """Whether a withdrawal for this address, or for all of them, would take anything back."""
        return any(map(self.allows, [address] if address else [None, *self.addresses]))

    @property
    def can_be_withdrawn(self) -> bool:
        """Whether anything is allowed, or a request under the id that was asked about waits to be confirmed."""
        waiting = (each for each in self.words if each.contact_id == self.asked and not each.for_address)
        return self.allows_any(None) or any(each.pending_until is not None for each in waiting)


def counting(
    log: EventLog, contact_id: UUID, channel: ConsentChannel, purpose: str, address: str | None = None
) -> Counting:
    """What counts now of the person with this id; of somebody unknown, what was recorded for the id."""
    ids: tuple[UUID, ...] = (contact_id,)
    addresses: tuple[str, ...] = ()
    with suppress(Unknown):
        found = find_erased(log, contact_id)
        ids, addresses = (found.contact_id, *found.contact.aliases), addresses_of(found.contact, channel)
    streams = (
        stream_of(log.keys, each, channel, purpose, one)
        for each in ids
        for one in dict.fromkeys((None, address, *addresses))
    )
    words = permissions.fold(e for stream in streams for e in log.stream(stream))
    return Counting(contact_id, ids, tuple(words.values()), channel, purpose, addresses, joined_at(log, ids[1:]))
