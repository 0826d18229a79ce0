"""Consents by address: which addresses a channel has, where their consents are recorded, what still stands there.

An address is part of a stream's id only as a keyed hash.
"""

from uuid import UUID

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.keys import Keys
from crm.chassis.log import EventLog
from crm.chassis.people.identity import is_email, read_phone
from crm.chassis.people.verdict import address_key
from crm.contacts.consent import consent_stream, consents
from crm.contacts.contact import Contact
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


def stands_for_an_address(
    log: EventLog, contact_id: UUID, contact: Contact, channel: ConsentChannel, purpose: str
) -> bool:
    """Whether one of their addresses has a consent of its own now; from the log, so never stale."""
    return any(
        _is_granted(log, stream_of(log.keys, contact_id, channel, purpose, each))
        for each in addresses_of(contact, channel)
    )


def _is_granted(log: EventLog, stream: UUID) -> bool:
    try:
        return log.get(consents, stream).state.standing == "granted"
    except Unknown:
        return False
