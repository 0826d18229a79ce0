"""A row as a person, by the same normaliser as the API (C12)."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from msgspec.structs import replace

from crm.chassis.decider import Claim
from crm.chassis.people.identity import Identifier, email_identifier, is_email, phone_identifier, read_phone
from crm.contacts.contact import evolve, identifiers
from crm.contacts.importing.values import (
    ATTRIBUTE,
    Unusable,
    Values,
    address_in,
    external_ids,
    split_emails,
    split_phones,
    too_long,
)
from crm.contacts.importing.workplaces import Workplace, workplace_in
from crm.contacts.registration import register
from crm.events.consents import ConsentChannel
from crm.events.contacts import ContactRegistered
from crm.events.particulars import ExternalId, Phone, PostalAddress

LONGEST_TAG = 60
_MANY = re.compile(r"[;,]|:::")
_DAYS = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y")
_YES = frozenset({"yes", "y", "true", "1", "x", "ja", "oui", "si", "sí", "granted", "opt-in", "subscribed"})
_NO = frozenset({"no", "n", "false", "0", "nein", "non", "withdrawn", "opt-out", "unsubscribed"})


@dataclass(frozen=True)
class Wish:
    """What a consent column says: `granted`, with what proves it, or not."""

    channel: ConsentChannel
    purpose: str
    granted: bool
    wording_version: str | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class Person:
    """Whom a row tells of. `named` is False where only an e-mail address stands for the name."""

    name: str
    emails: tuple[str, ...] = ()
    phones: tuple[Phone, ...] = ()
    address: PostalAddress | None = None
    external_ids: tuple[ExternalId, ...] = ()
    named: bool = True
    wishes: tuple[Wish, ...] = ()
    birthday: date | None = None
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    """Custom attributes by name, as written."""
    workplace: Workplace | None = None

    @cached_property
    def fact(self) -> ContactRegistered:
        """The fact with which they become a contact. Raises `Rejected`."""
        return register(
            None,
            name=self.name,
            emails=self.emails,
            phones=self.phones,
            address=self.address,
            external_ids=self.external_ids,
        )

    def telling(self, several: Collection[Claim]) -> ContactRegistered:
        """The same, with the identifiers among these marked as not theirs alone (C3)."""
        entered = [(each, email_identifier(each)) for each in self.fact.emails]
        entered += [(each.entered, phone_identifier(each)) for each in self.fact.phones]
        shared = [value for value, identifier in entered if identifier in several]
        return replace(self.fact, shared=shared) if shared else self.fact

    @cached_property
    def claims(self) -> tuple[Identifier, ...]:
        """What names them, in a fixed order."""
        return tuple(sorted(identifiers(evolve(None, self.fact))))


def person_of(values: Values | Unusable, region: str) -> Person | Unusable:
    """The person that a row tells of; `region` says how numbers are read (C2)."""
    if isinstance(values, Unusable):
        return values
    emails = split_emails(values)
    name = _name(values)
    if problem := _problem(values, emails, name or next(iter(emails), "")):
        return problem
    address, birthday, wishes = address_in(values), _birthday(values), tuple(_wishes(values))
    for either in (address, birthday, *wishes):
        if isinstance(either, Unusable):
            return either
    return Person(
        name=name or emails[0],
        emails=tuple(emails),
        phones=tuple(read_phone(each, region) for each in split_phones(values)),
        address=address if isinstance(address, PostalAddress) else None,
        external_ids=tuple(external_ids(values)),
        named=bool(name),
        wishes=tuple(each for each in wishes if isinstance(each, Wish)),
        birthday=birthday if isinstance(birthday, date) else None,
        tags=tuple(dict.fromkeys(_tags(values))),
        attributes=tuple(
            (field.removeprefix(ATTRIBUTE), told[0]) for field, told in values.items() if field.startswith(ATTRIBUTE)
        ),
        workplace=workplace_in(values),
    )


def _problem(values: Values, emails: Sequence[str], name: str) -> Unusable | None:
    if problem := too_long(values):
        return problem
    if any(len(each) > LONGEST_TAG for each in _tags(values)):
        return Unusable("tags", f"A tag has at most {LONGEST_TAG} characters.")
    if not all(map(is_email, emails)):
        return Unusable("email", "This is not an e-mail address.")
    if not name:
        return Unusable("name", "The row has neither a name nor an e-mail address.")
    return None


def _name(values: Values) -> str:
    if "name" in values:
        return values["name"][0]
    parts = (values.get(each, ())[:1] for each in ("first_name", "middle_name", "last_name"))
    return " ".join(each for part in parts for each in part)


def _birthday(values: Values) -> date | Unusable | None:
    entered = next(iter(values.get("birthday", ())), "")
    if not entered.strip("0/-. "):
        return None  # Outlook writes 0/0/00 where it knows none
    for form in _DAYS:
        with suppress(ValueError):
            return datetime.strptime(entered, form).replace(tzinfo=UTC).date()
    return Unusable("birthday", "Give the day as 1990-12-31.")


def _tags(values: Values) -> Iterator[str]:
    """Google marks its own groups with an asterisk; those are no tags."""
    for entered in values.get("tags", ()):
        yield from (each for each in map(str.strip, _MANY.split(entered)) if each and not each.startswith("*"))


def _wishes(values: Values) -> Iterator[Wish | Unusable]:
    wording, evidence = (next(iter(values.get(f"consent_{each}", ())), None) for each in ("wording", "evidence"))
    for field, entered in values.items():
        if not field.startswith("consent:"):
            continue
        _, channel, purpose = field.split(":")
        said = entered[0].casefold()
        if said not in _YES | _NO:
            yield Unusable(field, "Say yes or no.")
        elif said in _YES and not (wording and evidence):
            yield Unusable(field, "An import records consent only with consent_wording and consent_evidence.")
        else:
            yield Wish(channel, purpose, said in _YES, wording, evidence)  # type: ignore[arg-type]  # a field name has one
