"""A service's own copy of contacts, folded from their facts; empty while the contacts service is away."""

from collections.abc import Iterable
from uuid import UUID, uuid4

from crm.chassis.keys import Keys
from crm.chassis.people.aliases import LONGEST_CHAIN, Aliases
from crm.chassis.people.identity import email_identifier, phone_identifier, read_phone
from crm.chassis.people.known import Holders, KnownContacts, Somebody
from crm.chassis.people.persons import as_persons
from crm.chassis.people.uniqueness import Uniqueness
from crm.chassis.projection import Db


class CopyOfContacts:
    """The views a service keeps of people: their aliases, who holds which identifier, what they are called."""

    def __init__(self) -> None:
        self.aliases = Aliases()
        self.holders = Holders()
        self.known = KnownContacts()

    def recognise(
        self,
        db: Db,
        keys: Keys,
        *,
        email: str | None,
        phone: str | None,
        region: str,
        rules: Uniqueness,
    ) -> Somebody:
        """Who has this address or number, as entered; `region` (ISO 3166) is where numbers lack a prefix.

        Somebody unknown gets the contact id that every service would mint. Raises `KeyringUnavailable`.
        """
        given = (
            email_identifier(email) if email else None,
            phone_identifier(read_phone(phone, region)) if phone else None,
        )
        identifiers = [each for each in given if each is not None and not rules.names_nobody(each)]
        found = self.holders.recognise(db, keys, identifiers)
        # What names nobody in particular (noreply@…, an unreadable number) never matches anybody else either.
        return found or Somebody(uuid4(), provisional=True)

    def names(self, db: Db, contacts: Iterable[UUID]) -> dict[UUID, str]:
        """The names of contacts by any of their ids (C8); who is not known yet is left out."""
        holder_of = {each: each for each in contacts}
        for _ in range(LONGEST_CHAIN):
            ids = list(holder_of.values())
            steps = {each.alias: each.holder for each in self.aliases.select(db, "alias = ANY(%s)", (ids,))}
            if not steps:
                break
            holder_of = {each: steps.get(holder, holder) for each, holder in holder_of.items()}
        known = self.known.select(db, "contact_id = ANY(%s)", (list(holder_of.values()),))
        name_of = {each.contact_id: each.name for each in as_persons(db, self.known, self.aliases, known)}
        return {each: name_of[holder] for each, holder in holder_of.items() if holder in name_of}
