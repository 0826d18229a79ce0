"""Blocking: cheap keys of a person. Only who shares a key with somebody is compared with them. No I/O.

Each key survives other errors than its neighbours: a pair must be spoilt in nearly every field to share too few.
"""

from collections.abc import Collection, Iterator

from crm.contacts.duplicates.normalising import Part, Traits

LARGEST_BLOCK = 100
"""People who share a key that more than so many have are not compared for it: it tells nothing of a person."""

_WEAK = "sbc"
"""Kinds of keys that strangers often share: a sound with an initial, with a day of the year, with a postal code."""

_MAILBOXES = "info office mail kontakt contact hello hallo post sales service support admin team buero buro"
GENERAL_MAILBOXES = frozenset(_MAILBOXES.split())
TELLING_LOCAL_PART = 5
TAIL = 7


def keys_of(person: Traits) -> tuple[str, ...]:
    """The blocking keys of a person, each with a letter that says of which kind it is; sorted."""
    return tuple(sorted({*_of_names(person), *_of_birthday(person), *_of_address(person), *_of_reach(person)}))


def is_weak(key: str) -> bool:
    """Whether a key alone is no reason to compare two people."""
    return key[0] in _WEAK


def worth_comparing(shared: Collection[str]) -> bool:
    """Whether people who share these keys are compared: by one telling key, or by two."""
    return len(shared) > 1 or any(not is_weak(each) for each in shared)


def _of_names(person: Traits) -> Iterator[str]:
    given, family = person.given, person.family
    for one, other in ((family, given), (given, family)):
        for word_initial in _initials(other):
            if one.sound:
                yield f"s{one.sound}:{word_initial}"
    if words := sorted({*given.words, *family.words}):
        if len(words) > 1:
            yield "n" + " ".join(words)
        elif person.postal_code:
            yield f"n{words[0]}:{person.postal_code}"


def _of_birthday(person: Traits) -> Iterator[str]:
    if not (day := person.birthday):
        return
    for initial in {*_initials(person.given), *_initials(person.family)}:
        yield f"d{day}:{initial}"
    if person.postal_code:
        yield f"p{person.postal_code}:{day[:4]}"
    for part in (person.given, person.family):
        if part.sound:
            yield f"b{part.sound}:{day[4:]}"


def _of_address(person: Traits) -> Iterator[str]:
    street, postal_code = person.street, person.postal_code
    if street.house and street.name:
        for place in filter(None, (postal_code, person.city)):
            yield f"a{place}:{street.house}:{street.name[:3]}"
    if postal_code:
        for part in (person.family, person.given):
            if part.sound:
                yield f"c{postal_code}:{part.sound}"


def _of_reach(person: Traits) -> Iterator[str]:
    for mail in person.mails:
        if len(mail.local) >= TELLING_LOCAL_PART and mail.local not in GENERAL_MAILBOXES:
            yield f"e{mail.local}"
    for phone in person.phones:
        yield f"t{phone[-TAIL:]}"
    for identifier in person.verified:
        yield f"v{identifier}"


def _initials(part: Part) -> set[str]:
    return {each[0] for each in part.words}
