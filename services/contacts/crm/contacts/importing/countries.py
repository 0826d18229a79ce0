"""Countries as people and programs write them: a code of ISO 3166, or a name in one of several languages."""

import unicodedata
from functools import cache

from babel import Locale

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "da", "sv")
_ALSO = {"usa": "US", "u.s.a.": "US", "uk": "GB", "great britain": "GB", "england": "GB", "holland": "NL"}


def country_code(entered: str) -> str | None:
    """The code of a country, in capitals; None if this names none."""
    entered = entered.strip()
    if len(entered) == 2 and entered.isascii() and entered.isalpha():
        return _ALSO.get(entered.lower(), entered.upper())
    return _codes().get(_plain(entered))


@cache
def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for language in reversed(LANGUAGES):  # where two languages differ, the first one counts
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "XA", "XB", "QO", "ZZ"):
                found[_plain(name)] = code
    return found | _ALSO


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(each for each in decomposed if not unicodedata.combining(each)).split())
