"""The words by which an item of the history is found, whatever the language: lower case, without accents (C10)."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from crm.chassis.projection.columns import Words
from crm.contacts.matching import plain

# What is longer than a hundred characters counts as several words, here as there.
_WORD = re.compile(r"\w{1,100}")
_ASKED = re.compile(r"(\w{1,100})(\*?)")


def words_of(contact: UUID, summary: str, personal: dict[str, Any] | None) -> Words:
    """What an item is found by: the words of its summary and of what it says of a person; and whose it is.

    That the contact is one of the words lets one index answer for one contact, however often a word is used elsewhere.
    """
    texts = plain(" ".join([summary, *_texts(personal)]))
    return Words([*_WORD.findall(texts), _whose(contact)])


def asked_for(text: str) -> str | None:
    """A `tsquery` for items with all words of a text; `invoic*` is any word that begins so. None without a word."""
    words = [f"'{each}'{':*' if begins else ''}" for each, begins in _ASKED.findall(plain(text))]
    return " & ".join(words) or None


def of_contacts(words: str, contacts: Collection[UUID]) -> str:
    """The same for the items of these contacts alone."""
    theirs = " | ".join(f"'{_whose(each)}'" for each in contacts)
    return f"({theirs}) & {words}"


def _whose(contact: UUID) -> str:
    return f"={contact.hex}"


def _texts(personal: dict[str, Any] | None) -> Iterator[str]:
    for value in (personal or {}).values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            yield from map(str, value)
