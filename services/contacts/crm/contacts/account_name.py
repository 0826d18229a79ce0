"""The name of an account as lists tell it: its match key, and the id by which the next list meets it. No I/O."""

import unicodedata

from crm.events.particulars import ExternalId

NAMED = "organisation-name"
"""The system whose ids are match keys of names: such an id is claimed, so that one account at a time has it."""


def name_key(name: str) -> str:
    """Equal for two spellings of one name: NFKC, casefold, single spaces.

    Legal forms stay: `Acme Inc.` and `Acme GmbH` are two organisations, and which of them an `Acme` is nobody can tell.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def id_of_name(name: str) -> ExternalId:
    """The id of an account that is known by its name alone."""
    return ExternalId(NAMED, name_key(name))
