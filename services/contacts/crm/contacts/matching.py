"""What a search matches and how well: parts of words first, then words that are written or sound alike."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

SHORTEST_ALIKE = 4
"""Words shorter than this are like too many others."""
_NUMBER = re.compile(r"[\d\s()+/.-]{4,}")


@dataclass(frozen=True)
class Match:
    """SQL over the columns of a row, with parameters: what must be true, and by how much (an integer)."""

    conditions: Sequence[str]
    params: Sequence[Any]
    rank: str = "0"
    rank_params: Sequence[Any] = ()


def plain(text: str) -> str:
    """Lower case without accents, so that `Müller` is found as `muller`."""
    if text.isascii():
        return text.lower()
    return "".join(each for each in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(each))


def digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def words_of(text: str) -> list[str]:
    """The words of a search; a telephone number is one, without what stands before it in another country."""
    if _NUMBER.fullmatch(text.strip()) and len(digits(text)) >= SHORTEST_ALIKE:
        return [digits(text).lstrip("0") or "0"]
    return plain(text).split()


def containing(text: str) -> Match:
    """True where `searched` contains every word."""
    words = [f"%{_literally(each)}%" for each in words_of(text)]
    return Match(["searched LIKE %s"] * len(words), words)


def resembling(text: str, related: Mapping[str, Sequence[UUID]], *, column: str = "searched") -> Match:
    """True for people whose every word is in a column, is like a word of `called`, or sounds like one.

    `related` has the contacts that a word finds by something else, such as the name of their account.
    """
    conditions: list[str] = []
    params: list[Any] = []
    ranks: list[str] = []
    rank_params: list[Any] = []
    for word in words_of(text):
        part = _literally(word)
        ways: list[str] = [f"{column} LIKE %s"]
        values: list[Any] = [f"%{part}%"]
        score = f"CASE WHEN ' ' || {column} LIKE %s THEN 3000 WHEN {column} LIKE %s THEN 2000"
        scored: list[Any] = [f"% {part}%", f"%{part}%"]
        if found := related.get(word):
            ways, values = [*ways, "contact_id = ANY(%s)"], [*values, list(found)]
            score, scored = f"{score} WHEN contact_id = ANY(%s) THEN 1500", [*scored, list(found)]
        if len(word) >= SHORTEST_ALIKE and word.isalpha():
            ways += ["%s <%% called", "sounds_of(called) && daitch_mokotoff(%s)"]
            values += [word, word]
            score, scored = f"{score} ELSE (1000 * word_similarity(%s, called))::bigint", [*scored, word]
        conditions.append(f"({' OR '.join(ways)})")
        params += values
        ranks.append(f"{score} END")
        rank_params += scored
    return Match(conditions, params, " + ".join(ranks) or "0", rank_params)


def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
