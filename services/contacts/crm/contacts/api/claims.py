"""What requests that bring identifiers have in common: a deployment's rules, and warnings about who else has them."""

from collections.abc import Iterable
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Depends

from crm.chassis.http import Caution, Noted, Streams, Written
from crm.chassis.log import EventLog
from crm.chassis.people.identity import Identifier
from crm.contacts.api.bodies import Deployment
from crm.contacts.api.within import Mine
from crm.contacts.claiming import Claiming, Held
from crm.contacts.lookup import find_erased


async def _claiming(streams: Streams, deployment: Deployment, mine: Mine) -> Claiming:
    return Claiming(streams, deployment.uniqueness, mine)


Claims: TypeAlias = Annotated[Claiming, Depends(_claiming)]
"""The deployment's rules for identifiers: `claims.add(log, contact_id, partial(add_email, email=…), [identifier])`."""


def noted(claims: Claiming, written: Written, wanted: Iterable[Identifier | None], path: str | None = None) -> Noted:
    """The answer, with a warning for each identifier that somebody else holds; none where the rule is `allow`."""
    contact = find_erased(claims.log, written.stream)
    others = claims.held({each for each in wanted if each}, {contact.contact_id, *contact.contact.aliases})
    warnings = [
        _caution(claims.log, each, kept=each.identifier in contact.contact.borrowed)
        for each in others
        if claims.rules.rule(each.identifier.kind) != "allow"
    ]
    return Noted(written, warnings, path)


def _caution(log: EventLog, held: Held, *, kept: bool) -> Caution:
    holder: UUID = find_erased(log, held.holder).contact_id
    what = held.identifier.kind.replace("_", " ")
    became = "is kept as shared" if kept else "was left out"
    sentence = f"This {what} belongs to contact {holder} and {became}."
    return Caution(field=held.identifier.kind, detail=sentence, holder=holder)
