"""Comparing two people field by field: how alike is each field, in a grade that people understand. No I/O."""

from typing import Literal, TypeAlias

from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio

from crm.contacts.duplicates.blocking import GENERAL_MAILBOXES, TELLING_LOCAL_PART
from crm.contacts.duplicates.nicknames import may_be_short_for
from crm.contacts.duplicates.normalising import Mail, Part, Street, Traits, fold

Field: TypeAlias = Literal["family name", "given name", "names", "birth date", "street", "place", "e-mail", "telephone"]
Grade: TypeAlias = str
"""How alike a field is; the words stand in the evidence, and in the table of weights."""

SAME, DIFFERENT = "same", "different"
SIMILAR_NAME = 0.88
"""Jaro-Winkler."""
SIMILAR_STREET = 82.0
"""Of 100, over the words of both in any order."""
PHONE_DIGITS = 9


def name_grade(a: Part, b: Part) -> Grade | None:
    """How alike two parts of names are; None if either is not known."""
    if not a.joined or not b.joined:
        return None
    if a.joined == b.joined:
        return SAME
    if len(a.joined) == 1 or len(b.joined) == 1:
        return "initial only" if a.joined[0] == b.joined[0] else DIFFERENT
    return _nearly(a, b)


def _nearly(a: Part, b: Part) -> Grade:
    if (len(a.words) > 1 or len(b.words) > 1) and _share_a_word(a, b):
        return "one of several names"
    if _mistyped(a.joined, b.joined):
        return "typing error"
    if may_be_short_for(a.words[0], b.words[0]) or _begins(a.joined, b.joined):
        return "short form"
    if a.sound == b.sound:
        return "same sound"
    return "similar" if JaroWinkler.similarity(a.joined, b.joined, score_cutoff=SIMILAR_NAME) else DIFFERENT


def _share_a_word(a: Part, b: Part) -> bool:
    return any(len(each) > 2 and each in b.words for each in a.words)


def _begins(a: str, b: str) -> bool:
    return min(len(a), len(b)) >= 3 and (a.startswith(b) or b.startswith(a))


def _mistyped(a: str, b: str) -> bool:
    """One slip of the finger (left out, doubled, exchanged, swapped), or two in a long word."""
    longer = max(len(a), len(b))
    allowed = 0 if longer < 4 else 1 if longer < 8 else 2
    return allowed > 0 and OSA.distance(a, b, score_cutoff=allowed) <= allowed


def birthday_grade(a: str, b: str) -> Grade | None:
    """How alike two days of birth are, YYYYMMDD."""
    if not a or not b:
        return None
    if a == b:
        return SAME
    if a[:4] == b[:4] and a[4:6] == b[6:] and a[6:] == b[4:6]:
        return "day and month swapped"
    slips = OSA.distance(a, b, score_cutoff=2)
    if slips == 1:
        return "one digit off"
    if slips == 2 and (a[4:] == b[4:] or a[:4] == b[:4]):
        return "two digits off"
    return DIFFERENT


def street_grade(a: Street, b: Street) -> Grade | None:
    """How alike two streets with their numbers are."""
    if not a.name or not b.name:
        return None
    if a == b:
        return SAME
    if a.name == b.name:
        return "same, other number" if _other_door(a.house, b.house) else "same but for number"
    if token_set_ratio(a.name, b.name, score_cutoff=SIMILAR_STREET):
        return "similar, other number" if _other_door(a.house, b.house) else "similar"
    return DIFFERENT


def _other_door(a: str, b: str) -> bool:
    """Whether both numbers are known and differ by more than a letter behind them."""
    return bool(a and b) and _digits(a) != _digits(b)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def place_grade(a: Traits, b: Traits) -> Grade | None:
    """How alike two places are, by postal code and town."""
    code, town = _nearness(a.postal_code, b.postal_code), _nearness(a.city, b.city)
    if code is None and town is None:
        return None
    known = [each for each in (code, town) if each is not None]
    if min(known) == 2:
        return SAME
    if max(known) == 2:
        return "nearly the same" if min(known) == 1 else "same postal code" if code == 2 else "same town"
    return "similar" if max(known) == 1 and min(known) == 1 else DIFFERENT


def _nearness(a: str, b: str) -> int | None:
    """2: same, 1: a slip away, 0: neither; None if either is not known."""
    if not a or not b:
        return None
    if a == b:
        return 2
    return 1 if OSA.distance(a, b, score_cutoff=2) <= (2 if len(a) > 6 else 1) else 0


def mail_grade(a: Traits, b: Traits) -> Grade | None:
    """How alike the most alike e-mail addresses of two people are, dots and tags left out (C1)."""
    if not a.mails or not b.mails:
        return None
    pairs = [(one, other) for one in a.mails for other in b.mails]
    if any(one == other for one, other in pairs):
        return "same but for dots and tags"
    telling = [each for each in pairs if _tells(each[0].local)]
    mistyped = [each for each in telling if _mistyped_mail(*each)]
    alike = mistyped or [(one, other) for one, other in telling if one.local == other.local]
    if not alike:
        return DIFFERENT
    if all(_is_name_of(a, one.local) or _is_name_of(b, other.local) for one, other in alike):
        return "made of a like name"
    return "typing error" if mistyped else "same before the @"


def _tells(local: str) -> bool:
    return len(local) >= TELLING_LOCAL_PART and local not in GENERAL_MAILBOXES


def _mistyped_mail(one: Mail, other: Mail) -> bool:
    """A slip before or behind the @; another number there is another mailbox."""
    if one.domain == other.domain:
        return _digits(one.local) == _digits(other.local) and _mistyped(one.local, other.local)
    return one.local == other.local and OSA.distance(one.domain, other.domain, score_cutoff=1) <= 1


def _is_name_of(person: Traits, local: str) -> bool:
    """Whether a namesake could have chosen it too; a year or another number behind the name changes little."""
    given, family = person.given.joined, person.family.joined
    names = (f"{given}{family}", f"{family}{given}", f"{given[:1]}{family}")
    return fold(local).rstrip("0123456789") in map(fold, names)


def phone_grade(a: Traits, b: Traits) -> Grade | None:
    """How alike the most alike telephone numbers of two people are."""
    if not a.phones or not b.phones:
        return None
    best = DIFFERENT
    for one in a.phones:
        for other in b.phones:
            if one[-PHONE_DIGITS:] == other[-PHONE_DIGITS:]:
                return "same, written otherwise"
            if OSA.distance(one, other, score_cutoff=1) <= 1:
                best = "one digit off"
    return best
